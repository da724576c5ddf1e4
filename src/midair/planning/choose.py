"""Which migrations a request means, in the order they will run."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches

from midair.errors import HistoryDiverged, SeveralHeads, UnknownRevision
from midair.model.migration import Migration, RevisionId, Standing, State

_WAITING = (State.PENDING,)
_AFTER = "after:"
_IN_PLACE = (State.APPLIED, State.CHANGED)


def pending_of(standings: Sequence[Standing], target: str | None) -> tuple[Migration, ...]:
    """The migrations still to run, in order, up to the target.

    `target`: `None` or `head` (all, when there is one head), `heads` (all), `+N` (the next N), a
    revision or a unique beginning of one.

    Raises:
        HistoryDiverged: something applied is no longer in the project.
        SeveralHeads: `head` was asked for and there are two.
        UnknownRevision: no migration matches the target.
    """
    _refuse_missing(standings)
    _refuse_late(standings)
    waiting = [each.migration for each in standings if each.migration and each.state in _WAITING]
    if target is None or target == "head":
        _refuse_several_heads(standings)
    if target in (None, "head", "heads"):
        return tuple(waiting)
    if target.startswith("+") and target[1:].isdecimal():
        return tuple(waiting[: int(target[1:])])
    wanted = find(standings, target)
    if _is_graph(standings):
        needed = _with_ancestors([wanted.revision], _parents(standings))
        return tuple(each for each in waiting if each.revision in needed)
    if wanted.revision not in {each.revision for each in waiting}:
        return ()
    return tuple(waiting[: [each.revision for each in waiting].index(wanted.revision) + 1])


def undoing(
    standings: Sequence[Standing], target: str, *, keep_target: bool = False
) -> tuple[Migration, ...]:
    """The applied migrations to take back, newest first.

    `target`: `-N` or `N` (the last N), `base` (all), `after:2026-11-21T10:00` (what ran later than that, by
    the history's own clock), or a revision: it and everything after it, or with `keep_target` only what
    came after it.

    Raises:
        HistoryDiverged: something applied is no longer in the project.
        UnknownRevision: no applied migration matches the target.
    """
    _refuse_missing(standings)
    placed = [
        each for each in standings if each.migration and _is_in_place(each) and not each.migration.repeatable
    ]
    ordered = [each for _, each in sorted(enumerate(placed), key=_newest_first)]
    newest_first = [each.migration for each in ordered if each.migration]
    count = target.removeprefix("-")
    if count.isdecimal() and not _names(standings, target):
        return tuple(newest_first[: int(count)])
    if target == "base":
        return tuple(newest_first)
    if target.startswith(_AFTER):
        return _later_than(target, ordered)
    wanted = find(standings, target)
    if wanted.revision not in {each.revision for each in newest_first}:
        raise UnknownRevision(
            f"{wanted.revision} is not applied, so it cannot be rolled back",
            hint="midair status shows what is",
        )
    if _is_graph(standings):
        chosen = _with_descendants(wanted.revision, newest_first) - (
            {wanted.revision} if keep_target else set()
        )
        return tuple(each for each in newest_first if each.revision in chosen)
    position = [each.revision for each in newest_first].index(wanted.revision)
    return tuple(newest_first[: position + (not keep_target)])


def _later_than(target: str, newest_first: Sequence[Standing]) -> tuple[Migration, ...]:
    try:
        moment = datetime.fromisoformat(target.removeprefix(_AFTER).strip())
    except ValueError as error:
        raise UnknownRevision(
            f"{target!r} names no moment", hint="write after:2026-11-21 or after:2026-11-21T10:00:00"
        ) from error
    return tuple(
        each.migration
        for each in newest_first
        if each.migration and each.applied and _is_later(each.applied.applied_at, moment)
    )


def _is_later(applied_at: datetime | None, moment: datetime) -> bool:
    if applied_at is None:
        return False
    if applied_at.tzinfo is None or moment.tzinfo is None:
        # a history without time zones is read by the clock it was written by
        return applied_at.replace(tzinfo=None) > moment.replace(tzinfo=None)
    return applied_at > moment


def find(standings: Sequence[Standing], wanted: str) -> Migration:
    """The migration a text means: its revision, a unique beginning of it, its file, or a label.

    Raises:
        UnknownRevision: none or several match; the message lists what is near.
    """
    migrations = [each.migration for each in standings if each.migration]
    tagged = {each.revision for each in standings if each.applied and wanted in each.applied.labels}
    name = wanted.removesuffix("@head")
    exact = [
        each
        for each in migrations
        if wanted == each.revision
        or name in each.labels
        or each.revision in tagged
        or each.span.path.endswith(f"/{wanted}")
        or each.span.path == wanted
    ]
    if len(exact) == 1:
        return exact[0]
    begins = [each for each in migrations if each.revision.startswith(wanted)]
    if len(begins) == 1:
        return begins[0]
    if begins or exact:
        some = ", ".join(each.revision for each in (begins or exact)[:5])
        raise UnknownRevision(f"{wanted!r} could be {some}", hint="give more of the revision")
    near = get_close_matches(wanted, [each.revision for each in migrations], n=3)
    raise UnknownRevision(
        f"no migration is called {wanted!r}",
        hint=f"did you mean {', '.join(near)}?" if near else "midair status lists them",
    )


def heads_of(migrations: Iterable[Migration]) -> tuple[Migration, ...]:
    """The migrations that nothing follows, in the project's order."""
    every = tuple(migrations)
    followed = {parent for each in every for parent in (*each.parents, *each.depends_on)}
    return tuple(each for each in every if each.revision not in followed)


def _is_in_place(standing: Standing) -> bool:
    """Applied; one that waits to run again (Liquibase's runAlways) is in place too."""
    return standing.state in _IN_PLACE or (standing.state is State.PENDING and standing.applied is not None)


def _names(standings: Sequence[Standing], text: str) -> bool:
    """A bare number can be a version of the project; that reading wins over a count, for exact matches only."""
    return not text.startswith("-") and len(text) > 3 and any(each.revision == text for each in standings)


def _newest_first(numbered: tuple[int, Standing]) -> tuple[int, int]:
    position, standing = numbered
    return (-(standing.applied.order if standing.applied else 0), -position)


def _is_graph(standings: Sequence[Standing]) -> bool:
    return any(each.migration and each.migration.parents for each in standings)


def _refuse_missing(standings: Sequence[Standing]) -> None:
    gone = [each.revision for each in standings if each.state is State.MISSING]
    if gone:
        raise HistoryDiverged(
            f"the database holds {', '.join(gone[:5])}, and the project has no such migration",
            state="nothing was changed",
            hint="check out the branch that has it, or correct the history with `midair stamp`",
        )


def _refuse_late(standings: Sequence[Standing]) -> None:
    late = [each.migration for each in standings if each.state is State.LATE and each.migration]
    if late:
        raise HistoryDiverged(
            f"{', '.join(each.span.path for each in late[:5])} came after higher ones were applied, and the tool would never run it",
            state="nothing was changed",
            hint="give it a higher number; or, if it is in place already, `midair repair`",
        )


def comes_after(migrations: Sequence[Migration], later: Migration, earlier: RevisionId) -> bool:
    """Whoever takes the earlier one back has taken the later one back: by their order, or by the graph where there is one."""
    parents = {each.revision: (*each.parents, *each.depends_on) for each in migrations}
    if later.repeatable or not any(parents.values()):
        return not later.repeatable
    return earlier in _with_ancestors([later.revision], parents)


def _refuse_several_heads(standings: Sequence[Standing]) -> None:
    if not _is_graph(standings):
        return
    heads = heads_of(each.migration for each in standings if each.migration)
    if len(heads) > 1:
        names = " and ".join(f"{each.revision} ({each.span.path})" for each in heads[:4])
        raise SeveralHeads(
            f"{len(heads)} migrations have nothing after them: {names}",
            hint="merge them (`alembic merge heads`), or say `heads` to run them all",
        )


def _parents(standings: Sequence[Standing]) -> Mapping[RevisionId, tuple[RevisionId, ...]]:
    return {
        each.revision: (*each.migration.parents, *each.migration.depends_on)
        for each in standings
        if each.migration
    }


def _with_ancestors(
    start: Sequence[RevisionId], parents: Mapping[RevisionId, tuple[RevisionId, ...]]
) -> set[RevisionId]:
    seen: set[RevisionId] = set()
    stack = list(start)
    while stack:
        revision = stack.pop()
        if revision not in seen:
            seen.add(revision)
            stack.extend(parents.get(revision, ()))
    return seen


def _with_descendants(start: RevisionId, newest_first: Sequence[Migration]) -> set[RevisionId]:
    found = {start}
    for each in reversed(newest_first):  # oldest first: a child comes after all its parents
        if found.intersection((*each.parents, *each.depends_on)):
            found.add(each.revision)
    return found
