"""`check` where no tool's project is: SQL files as they stand, each a migration of its own."""

from collections.abc import Sequence

from midair.analysis.context import Candidate, Refusal
from midair.database import open_session
from midair.dialects.postgresql.snapshot import snapshot
from midair.errors import NothingHere, ProjectError
from midair.model.frozen import frozen
from midair.model.migration import Migration, RevisionId, Script
from midair.model.schema import Schema
from midair.pipeline.changed_files import changed_files
from midair.pipeline.opening import address_of
from midair.pipeline.request import Request, application_of, guard_of, strategy_of
from midair.sources.plain import PIPED, SHOWN, migration_of, named_files, script_of


@frozen
class Plain:
    """The files as they are judged, and what is known of the database they are for.

    `release` is the server's own number (140002). `added` are new in git, `changed_files` all that is not as it was.
    """

    candidates: tuple[Candidate, ...]
    schema: Schema
    major: int | None = None
    release: int | None = None
    catalog: str | None = None
    strategy: str | None = None
    added: frozenset[RevisionId] = frozenset()
    changed_files: frozenset[str] = frozenset()


def plain_files(request: Request, names: Sequence[str]) -> tuple[str, ...]:
    """The files meant: those named, else those right in the root; none where something else may be meant.

    Raises:
        NothingHere: a named folder holds no SQL file, or a named file is not there.
    """
    if names:
        gone = [each for each in names if each.endswith(".sql") and not (request.root / each).exists()]
        if gone:
            raise NothingHere(f"there is no file {gone[0]}", hint="check its name, or the folder given to -C")
        return named_files(request.root, names) or ()
    if request.tool is not None or request.folder is not None:
        return ()
    here = [each.name for each in request.root.glob("*.sql") if each.is_file()]
    return named_files(request.root, here) or ()


def plain(
    request: Request,
    files: Sequence[str],
    *,
    since: str | None,
    piped: bytes | None,
    atomic: bool,
    must_answer: bool,
) -> Plain:
    """The files read. What they do not create may exist all the same: nobody says that they are all there ever was.

    Raises:
        NothingHere: standard input is meant, and none was given.
        NoDatabase, Unreachable, LoginRefused: the database that was named did not answer.
    """
    if PIPED in files and piped is None:
        raise NothingHere("nothing was read from standard input", hint="pipe SQL into it, or name files")
    added, together = frozenset[RevisionId](), frozenset[str]()
    if since is not None:
        changes = changed_files(request.root, since)
        files = [each for each in files if each in changes.added | changes.changed or each == PIPED]
        added = frozenset(RevisionId(each) for each in changes.added)
        together = changes.added | changes.changed
    candidates = tuple(_candidate(request, each, piped, atomic=atomic) for each in files)
    if not must_answer:
        return Plain(candidates, Schema(), added=added, changed_files=together)
    session = open_session(address_of(request, None), guard_of(request), application_of(request))
    try:
        address, release = session.address, session.server_version
        return Plain(
            candidates,
            snapshot(session),
            release // 10_000,
            release,
            str(address),
            strategy_of(request, address),
            added,
            together,
        )
    finally:
        session.close()


def _candidate(request: Request, name: str, piped: bytes | None, *, atomic: bool) -> Candidate:
    migration = migration_of(name)
    try:
        return Candidate(migration, script_of(request.root, name, piped, atomic=atomic))
    except ProjectError as error:
        return Candidate(migration, Script(), refusal=_refusal(migration, error))


def _refusal(migration: Migration, error: ProjectError) -> Refusal:
    return Refusal(error.message, migration.span, error.hint)


__all__ = ["PIPED", "SHOWN", "Plain", "plain", "plain_files"]
