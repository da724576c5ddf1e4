"""One unit of the user's project, and what a history table says about it."""

from datetime import datetime
from enum import StrEnum
from typing import NewType

from midair.model.frozen import frozen
from midair.model.statement import Span, Statement

RevisionId = NewType("RevisionId", str)
"""A migration's identity in its tool's history, as the tool shows it."""


class Direction(StrEnum):
    """Which half of a migration: towards the newest schema, or back."""

    UP = "up"
    DOWN = "down"


@frozen
class Migration:
    """One migration of the project, known without running anything.

    A tool that numbers its migrations leaves `parents` empty: the project's order is their order.
    A tool with a graph (Alembic, Django) names parents; `depends_on` are edges that are not part
    of the line. `checksum` is the tool's own where it keeps one, else a digest of the file for
    midair's journal. `kind` is the tool's own word (Flyway: `SQL`, `SQL_BASELINE`, …).
    """

    revision: RevisionId
    description: str
    span: Span
    parents: tuple[RevisionId, ...] = ()
    depends_on: tuple[RevisionId, ...] = ()
    checksum: str | None = None
    reversible: bool = True
    repeatable: bool = False
    kind: str = "SQL"
    labels: tuple[str, ...] = ()


@frozen
class Applied:
    """One row of the tool's history, read back. `None` where the tool does not keep the fact.

    `order` is the position in which it was applied, oldest lowest.
    """

    revision: RevisionId
    order: int = 0
    description: str | None = None
    checksum: str | None = None
    applied_at: datetime | None = None
    applied_by: str | None = None
    duration_ms: int | None = None
    success: bool = True
    kind: str | None = None
    labels: tuple[str, ...] = ()
    """Names the row was given, by which people may mean it (Liquibase's tags)."""


class State(StrEnum):
    """How a migration stands between the files and the history."""

    APPLIED = "applied"
    PENDING = "pending"
    LATE = "late"
    """Not applied although something after it is; the tool would refuse it or never run it."""
    MISSING = "missing"
    """Applied, and its file is gone."""
    FAILED = "failed"
    """The tool recorded a failure and refuses to go on."""
    CHANGED = "changed"
    """Applied, and its file differs from what was applied."""
    SKIPPED = "skipped"
    """Neither applied nor to be applied (below a baseline, ignored by the tool's own settings)."""


@frozen
class Standing:
    """A migration beside its history row: at least one of the two is there.

    `word` is the tool's own name for the state (Flyway: `Out of Order`), shown beside ours.
    """

    revision: RevisionId
    state: State
    migration: Migration | None = None
    applied: Applied | None = None
    word: str | None = None


@frozen
class Block:
    """Statements of a migration that share one transaction, or run one by one when not `atomic`."""

    statements: tuple[Statement, ...]
    atomic: bool = True


@frozen
class Script:
    """What one migration does in one direction.

    `live` gives the reason when its SQL depends on rows it read: such a migration cannot be
    replayed and its own program runs against the target, under guard (design.md §3). `whole` gives the
    reason when that program must stay in the transactions it makes itself.
    """

    blocks: tuple[Block, ...] = ()
    live: str | None = None
    whole: str | None = None

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements in order, wherever the transaction borders are."""
        return tuple(statement for block in self.blocks for statement in block.statements)
