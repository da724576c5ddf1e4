"""An applied migration was edited: databases made before and after differ.

Source: Flyway, "validate"; for tools that keep no checksum, midair's own journal.
"""

import shlex
from collections.abc import Iterator

from midair.analysis.context import Line
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.model.finding import Remedy, Risk
from midair.model.migration import State


@rule("MA709", "applied-migration-edited", Risk.HIGH, Line)
def applied_migration_edited(line: Line, version: int | None) -> Iterator[Concern]:
    for each in line.standings:
        if each.state is State.CHANGED and each.migration is not None:
            yield Concern(
                f"{each.revision} was applied, and its file is not what was applied",
                Remedy(
                    "bring the file back as it was, and put the change into a new migration",
                    commands=(
                        f"git log -p -- {shlex.quote(each.migration.span.path)}",
                        *new_migration(f"what was edited in {each.revision}"),
                    ),
                ),
                span=each.migration.span,
                revision=each.revision,
            )
