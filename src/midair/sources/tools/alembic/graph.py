"""The revision graph: order, ancestors, and how the heads move as revisions come and go.

Source: Alembic 1.20, `script/revision.py` (normalised dependencies) and `runtime/migration.py`
(what a step writes into the version table).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from midair.errors import BrokenHistory, DuplicateRevision
from midair.model.frozen import frozen
from midair.model.migration import Migration, RevisionId


@frozen
class Move:
    """One write to the version table: `old` None is an INSERT, `new` None a DELETE, both an UPDATE."""

    old: str | None
    new: str | None


@frozen
class Graph:
    """Migrations by revision, in an order in which every one stands after what it needs."""

    by_revision: Mapping[str, Migration]

    def ancestors(self, revisions: Iterable[str], *, dependencies: bool = True) -> set[str]:
        """The revisions themselves and everything below them; unknown ones are left out."""
        found: set[str] = set()
        ahead = [each for each in revisions if each in self.by_revision]
        while ahead:
            revision = ahead.pop()
            if revision not in found:
                found.add(revision)
                migration = self.by_revision[revision]
                ahead += [*migration.parents, *(migration.depends_on if dependencies else ())]
        return found

    def below(self, revision: str) -> tuple[str, ...]:
        """What it follows, its own dependencies included, unless an ancestor in its line depends on them already."""
        migration = self.by_revision[revision]
        if not migration.depends_on:
            return migration.parents
        line = self.ancestors([revision], dependencies=False) - {revision}
        known = {each for ancestor in line for each in self.by_revision[ancestor].depends_on}
        own = [each for each in migration.depends_on if each not in known]
        return tuple(dict.fromkeys([*migration.parents, *own]))

    def heads(self) -> tuple[str, ...]:
        """Revisions that nothing follows or depends on."""
        followed = {
            each
            for migration in self.by_revision.values()
            for each in (*migration.parents, *migration.depends_on)
        }
        return tuple(each for each in self.by_revision if each not in followed)

    def up(self, heads: Collection[str], revision: str) -> tuple[Move, ...]:
        """What Alembic writes when the revision is applied while these are the heads."""
        below = self.below(revision)
        present = [each for each in below if each in heads]
        if not present:
            return (Move(None, revision),)
        if len(below) > 1 and len(present) > 1:
            others = self.ancestors(set(heads) - set(below))
            left = [each for each in present if each not in others] or present
            return (*(Move(each, None) for each in left[:-1]), Move(left[-1], revision))
        return (Move(present[0], revision),)

    def down(self, heads: Collection[str], revision: str) -> tuple[Move, ...]:
        """What Alembic writes when the revision is taken back while these are the heads."""
        below = self.below(revision)
        others = set(heads) - {revision}
        # What another head still stands on, or one of those below stands on, is no head of its own.
        covered = self.ancestors(others) if others else {
            each for low in below for each in self.ancestors([low]) if each != low
        }  # fmt: skip
        free = [each for each in below if each not in covered]
        if not free:
            return (Move(revision, None),)
        return (*(Move(None, each) for each in free[:-1]), Move(revision, free[-1]))


def moved(heads: Collection[str], moves: Iterable[Move]) -> tuple[str, ...]:
    """The heads after the moves, in a stable order."""
    now = list(heads)
    for move in moves:
        if move.old is not None and move.old in now:
            now.remove(move.old)
        if move.new is not None:
            now.append(move.new)
    return tuple(now)


def ordered(migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """The migrations so that each stands after those it needs; where the graph is free, in the order given.

    `depends_on` comes as written and leaves as revisions.

    Raises:
        DuplicateRevision: two files claim one revision.
        BrokenHistory: a parent does not exist, or the graph has a cycle.
    """
    by_revision: dict[str, Migration] = {}
    for each in migrations:
        if twin := by_revision.get(each.revision):
            raise DuplicateRevision(
                f"{twin.span.path} and {each.span.path} are both revision {each.revision}",
                hint="give one of them another revision id",
            )
        by_revision[each.revision] = each
    labels = {label: each.revision for each in migrations for label in each.labels}
    resolved = {name: _resolved(each, by_revision, labels) for name, each in by_revision.items()}
    return tuple(resolved[name] for name in _sorted(resolved))


def _resolved(
    migration: Migration, known: Mapping[str, Migration], labels: Mapping[str, RevisionId]
) -> Migration:
    for parent in migration.parents:
        if parent not in known:
            raise BrokenHistory(
                f"{migration.span} follows revision {parent}, and no file has it",
                hint="restore the file, or correct down_revision",
            )
    needs = tuple(_needed(migration, name, known, labels) for name in migration.depends_on)
    return replace(migration, depends_on=needs)


def _needed(
    migration: Migration, name: str, known: Mapping[str, Migration], labels: Mapping[str, RevisionId]
) -> RevisionId:
    if name in known:
        return RevisionId(name)
    if name in labels:
        return labels[name]
    begins = [each for each in known if len(name) >= 4 and each.startswith(name)]
    if len(begins) == 1:
        return RevisionId(begins[0])
    raise BrokenHistory(
        f"{migration.span} depends on {name!r}, which is no revision and no branch label",
        hint="restore the file, or correct depends_on",
    )


def _sorted(migrations: Mapping[str, Migration]) -> tuple[str, ...]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, each in migrations.items():
        sorter.add(name, *each.parents, *each.depends_on)
    try:
        sorter.prepare()
    except CycleError as error:
        names: list[str] = list(dict.fromkeys(error.args[1]))
        files = ", ".join(str(migrations[name].span.path) for name in names)
        raise BrokenHistory(
            f"these revisions follow each other in a circle: {files}", hint="correct down_revision"
        ) from error
    place = {name: number for number, name in enumerate(migrations)}
    order: list[str] = []
    ready = sorted(sorter.get_ready(), key=place.__getitem__)
    # One at a time and depth first, so that a branch stays together as Alembic walks it.
    while ready:
        name = ready.pop(0)
        order.append(name)
        sorter.done(name)
        ready = sorted(sorter.get_ready(), key=place.__getitem__) + ready
    return tuple(order)
