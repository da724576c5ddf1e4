"""Which migrations `check` is asked about."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from midair.errors import UnknownRevision
from midair.model.migration import Migration, RevisionId, Standing, State
from midair.planning.choose import find, heads_of

WAITING = (State.PENDING, State.LATE, State.FAILED)
"""States of a migration that will still run."""


def pending_in(standings: Sequence[Standing]) -> frozenset[RevisionId]:
    """The migrations that will still run."""
    return frozenset(each.revision for each in standings if each.migration and each.state in WAITING)


def named_in(
    standings: Sequence[Standing], names: Sequence[str], files: Mapping[str, RevisionId], root: Path
) -> tuple[frozenset[RevisionId], tuple[str, ...]]:
    """The migrations that names mean, and sentences about files that belong to none.

    A name is a revision or a unique beginning of one, a file, a folder, a range `A..B`, `head`, `heads` or `+N`.
    `files` maps every file of the project to its migration.

    Raises:
        UnknownRevision: a name means no migration and no file.
    """
    chosen: set[RevisionId] = set()
    strangers: list[str] = []
    for name in names:
        path = PurePosixPath(name).as_posix()
        if path in files:
            chosen.add(files[path])
        elif (root / name).is_dir() and (inside := _inside(files, path)):
            chosen |= inside
        elif (root / name).is_file():
            strangers.append(f"{name} belongs to no migration of this project; it was passed over")
        else:
            chosen.update(_named(standings, name))
    return frozenset(chosen), tuple(strangers)


def _inside(files: Mapping[str, RevisionId], folder: str) -> frozenset[RevisionId]:
    return frozenset(
        revision for path, revision in files.items() if PurePosixPath(path).is_relative_to(folder)
    )


def _named(standings: Sequence[Standing], name: str) -> Iterator[RevisionId]:
    migrations = [each.migration for each in standings if each.migration]
    waiting = [each.revision for each in standings if each.migration and each.state in WAITING]
    first, dots, last = name.partition("..")
    if dots:
        yield from _between(standings, migrations, first, last)
    elif name in ("head", "heads"):
        yield from _newest(migrations)
    elif name.startswith("+") and name[1:].isdecimal():
        yield from waiting[: int(name[1:])]
    else:
        yield find(standings, name).revision


def _between(
    standings: Sequence[Standing], migrations: Sequence[Migration], first: str, last: str
) -> Iterator[RevisionId]:
    """Both ends belong to it; an open end is the oldest, or the newest."""
    order = [each.revision for each in migrations]
    begin = order.index(find(standings, first).revision) if first else 0
    end = order.index(find(standings, last).revision) if last else len(order) - 1
    if begin > end:
        raise UnknownRevision(f"{last} is older than {first}", hint=f"write {last}..{first}")
    yield from order[begin : end + 1]


def _newest(migrations: Sequence[Migration]) -> Iterator[RevisionId]:
    if any(each.parents for each in migrations):
        yield from (each.revision for each in heads_of(migrations))
    elif migrations:
        yield [each for each in migrations if not each.repeatable][-1].revision


def in_files(files: Mapping[str, RevisionId], changed: Collection[str]) -> frozenset[RevisionId]:
    """The migrations that changed files belong to."""
    return frozenset(files[path] for path in changed if path in files)
