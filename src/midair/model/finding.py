"""What `check` says: values about the user's migration, never raised."""

from enum import StrEnum

from midair.model.frozen import frozen
from midair.model.migration import RevisionId
from midair.model.statement import Span


class Risk(StrEnum):
    """Of a finding, and of a migration: its worst finding (design.md §9). Ordered, lowest first."""

    LOW = "low"
    """Advice, or nothing that anyone would notice."""
    MEDIUM = "medium"
    """A strong lock for a moment, or trouble in some deployments."""
    HIGH = "high"
    """Blocks for a time that grows with the table, loses data, fails, or breaks running code."""

    @property
    def rank(self) -> int:
        """0 for the lowest."""
        return _RANKS[self]

    def __lt__(self, other: str) -> bool:
        return self.rank < Risk(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Risk(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Risk(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Risk(other).rank


_RANKS = {each: place for place, each in enumerate(Risk)}


class AllowedBy(StrEnum):
    """Who said that a finding does not count."""

    FILE = "file"
    """A comment beside the statement."""
    SETTINGS = "settings"
    BASELINE = "baseline"
    """It was there when the project began to use `check`."""


@frozen
class Remedy:
    """What to do instead: a sentence, and SQL with the real names where there is any.

    `alembic` is the same as calls of its `op`. `certain` says that `sql` does what the statement does,
    so that no person need judge; whether it can stand there (outside a transaction) is looked at
    once it does. `check --fix` uses only these. `commands` are lines for a shell, `write` lines for a
    file: a column's definition, a setting of the tool.
    """

    text: str
    sql: tuple[str, ...] = ()
    alembic: str | None = None
    certain: bool = False
    commands: tuple[str, ...] = ()
    write: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything to type, as it is typed: calls of `op` or else SQL, lines of a file, commands after a `$`."""
        said = (self.alembic,) if self.alembic is not None else tuple(f"{each};" for each in self.sql)
        return (*said, *self.write, *(f"$ {each}" for each in self.commands))


@frozen
class Finding:
    """One concern of one rule about one place.

    `recipe` names the rewrite that makes the statement safe when midair applies it online; `None` when
    there is none, or nobody looked. `suppressed` is the reason someone gave for allowing it, and `allowed_by` where. `sql` is the statement, `None`
    for findings about files. `fingerprint` stays the same when lines move. `own_risk` is the rule's
    where the project's settings chose another.
    """

    code: str
    name: str
    risk: Risk
    message: str
    span: Span
    revision: RevisionId | None
    remedy: Remedy
    sql: str | None = None
    table: str | None = None
    rows: int | None = None
    recipe: str | None = None
    suppressed: str | None = None
    fingerprint: str = ""
    own_risk: Risk | None = None
    allowed_by: AllowedBy | None = None

    @property
    def counts(self) -> bool:
        """It weighs in the risk of its migration: nobody allowed it."""
        return self.suppressed is None
