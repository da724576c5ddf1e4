"""The statements of downgrades, where a project's own program gives them; where it fails, that is found out about it."""

from collections.abc import Sequence

from midair.errors import Irreversible, ProgramFailed
from midair.model.migration import Direction, Migration
from midair.pipeline.opening import Opened
from midair.pipeline.plan import scripts_of
from midair.pipeline.trial import Notebook, applied_now
from midair.rehearsal import verdicts
from midair.rehearsal.verdicts import found
from midair.sources.source import Scripts

_ON_PURPOSE = "NotImplementedError"
"""What authors raise in a downgrade that they decided not to write."""


def way_back(opened: Opened, undone: Sequence[Migration], book: Notebook) -> Scripts | None:
    """Of as many migrations, newest first, as can be asked before one fails; `None` when the newest does.

    A program that fails is a finding about its migration; one that says that there is no way back is not.
    """
    asked = tuple(undone)
    while asked:
        try:
            return scripts_of(opened, asked, Direction.DOWN, applied_now(opened))
        except (ProgramFailed, Irreversible) as error:
            place = next(
                (number for number, each in enumerate(asked) if _is_about(error, each)), len(asked) - 1
            )
            if isinstance(error, ProgramFailed) and _ON_PURPOSE not in error.message:
                book.findings.append(found(verdicts.DOWN_FAILS, asked[place], error.message))
            else:
                book.notes.append(f"{asked[place].revision} has no way back: {error.message}")
            asked = asked[:place]
    return None


def _is_about(error: ProgramFailed | Irreversible, migration: Migration) -> bool:
    named = error.revision if isinstance(error, ProgramFailed) else None
    return named == migration.revision if named else migration.revision in error.message
