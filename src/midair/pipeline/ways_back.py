"""The statements that a project's own program gives, up and down; where it fails, that is found out about it."""

from collections.abc import Sequence

from midair.errors import Irreversible, ProgramFailed
from midair.model.migration import Applied, Direction, Migration
from midair.model.trace import Proof
from midair.pipeline.opening import Opened
from midair.pipeline.plan import scripts_of
from midair.pipeline.trial import Notebook, applied_now
from midair.rehearsal import verdicts
from midair.rehearsal.verdicts import found
from midair.sources.source import Scripts

_IN_TRANSACTION = "cannot run inside a transaction block"
"""PostgreSQL's words for SQLSTATE 25001; a program tells its driver's exception as text."""
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


def ways_up(
    opened: Opened, chosen: Sequence[Migration], applied: tuple[Applied, ...], book: Notebook
) -> tuple[Sequence[Migration], Scripts]:
    """Of all before the first that its own program cannot run even on empty tables: that one is found out.

    Raises:
        ProgramFailed: the program fails before it comes to a migration.
    """
    try:
        return chosen, scripts_of(opened, chosen, Direction.UP, applied)
    except ProgramFailed as error:
        place = next((number for number, each in enumerate(chosen) if each.revision == error.revision), None)
        if place is None:
            raise
        in_transaction = _IN_TRANSACTION in error.message
        verdict = verdicts.NOT_TRANSACTIONAL if in_transaction else verdicts.UP_FAILS
        book.findings.append(found(verdict, chosen[place], error.message))
        book.proofs.append(Proof("up", chosen[place].revision, False, 0.0, error.message))
        left = len(chosen) - place - 1
        if left:
            book.notes.append(
                f"{left} after {chosen[place].revision} were not tried: it cannot be brought in"
            )
        return chosen[:place], scripts_of(opened, chosen[:place], Direction.UP, applied)


def _is_about(error: ProgramFailed | Irreversible, migration: Migration) -> bool:
    named = error.revision if isinstance(error, ProgramFailed) else None
    return named == migration.revision if named else migration.revision in error.message
