"""Which statements of a guarded block would run on a schema, in order."""

from collections.abc import Collection

from midair.dialects.postgresql.changes import changes_of
from midair.dialects.postgresql.guards.body import Attempt, Body, Choose, Return, Run, Unclear, body_of
from midair.dialects.postgresql.guards.collisions import Unsure, is_caught, raised_by
from midair.dialects.postgresql.guards.questions import answer, constants_of
from midair.dialects.postgresql.parse import statement_of, walk
from midair.model.change import Block, LockTables, Maintain, Opaque, Query, Reindex, SetSetting, Transaction
from midair.model.concealed import title_of
from midair.model.frozen import frozen, replace
from midair.model.schema import Schema

_OTHERWISE = (Block, LockTables, Maintain, Opaque, Query, Reindex, SetSetting, Transaction)
"""Changes that mean something else in a block than by themselves, or are refused there, or that nobody has understood."""
_OWN_NAMES = ("found", "sqlstate", "sqlerrm")


@frozen
class Opened:
    """The statements that run, the schema after them, and each guard's answer as a clause."""

    statements: tuple[str, ...]
    schema: Schema
    answers: tuple[str, ...] = ()
    ended: bool = False
    """A RETURN was met."""


@frozen
class Left:
    """Nobody can tell from here what the block does."""

    why: str


def opened(sql: str, schema: Schema, doubtful: Collection[str] = ()) -> Opened | Left:
    """What a DO block does on this schema; `doubtful` are names of things that are there and are to go, or the other way round."""
    return _through(body_of(sql), Opened((), schema), frozenset(doubtful))


def _through(body: Body, made: Opened, doubtful: frozenset[str]) -> Opened | Left:
    for part in body:
        match part:
            case Run(sql=sql):
                now = _run(sql, made)
            case Choose():
                now = _chosen(part, made, doubtful)
            case Attempt():
                now = _attempted(part, made, doubtful)
            case Return():
                return replace(made, ended=True)
            case Unclear(why=why):
                return Left(why)
        if isinstance(now, Left) or now.ended:
            return now
        made = now
    return made


def _chosen(part: Choose, made: Opened, doubtful: frozenset[str]) -> Opened | Left:
    for condition, body in part.cases:
        words = " ".join(condition.split())[:200]
        said = None if constants_of(condition) & doubtful else answer(condition, made.schema)
        if said is None:
            return Left(f"only the server can tell whether {words}")
        clause = f"{words} {'holds' if said else 'does not hold'}"
        made = replace(made, answers=(*made.answers, clause))
        if said:
            return _through(body, made, doubtful)
    return _through(part.otherwise, made, doubtful)


def _attempted(part: Attempt, made: Opened, doubtful: frozenset[str]) -> Opened | Left:
    """All of it, or nothing where one of its statements meets what is caught."""
    inside = _through(part.body, replace(made, statements=()), doubtful)
    if isinstance(inside, Left):
        return inside
    schema = made.schema
    for sql in inside.statements:
        if any(name in sql for name in doubtful):
            return Left(f"only the server can tell what `{title_of(sql)}` meets")
        for change in changes_of(sql):
            met = raised_by(change, schema, part.caught)
            if isinstance(met, Unsure):
                return Left(
                    f"only the server can tell whether `{title_of(sql)}` meets {_listed(part.caught)}"
                )
            if met is not None and not is_caught(met, part.caught):
                return Left(f"`{title_of(sql)}` meets {met}, which is not caught")
            if met is not None:
                return replace(made, answers=(*inside.answers, f"`{title_of(sql)}` meets {met}"))
            schema = schema.after(change)
    return replace(inside, statements=(*made.statements, *inside.statements))


def _listed(names: Collection[str]) -> str:
    return " or ".join(sorted(names))


def _run(sql: str, made: Opened) -> Opened | Left:
    changes = changes_of(sql)
    other = any(isinstance(each, _OTHERWISE) or getattr(each, "concurrently", False) for each in changes)
    if other or _is_bound(sql):
        return Left(f"`{title_of(sql)}` means something else by itself")
    schema = made.schema
    for each in changes:
        schema = schema.after(each)
    return replace(made, statements=(*made.statements, sql), schema=schema)


def _is_bound(sql: str) -> bool:
    """It gives rows to the block, or reads a variable of it."""
    _, tree = statement_of(sql)
    returns = "returning_clause"
    if tree is None or (returns in tree.DESCRIPTOR.fields_by_name and tree.HasField(returns)):
        return True
    return any(
        label == "ColumnRef" and node.fields and node.fields[0].string.sval in _OWN_NAMES
        for label, node in walk(tree)
    )
