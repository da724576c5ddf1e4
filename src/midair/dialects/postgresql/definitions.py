"""Compares two schema dumps: what makes the target's definitions the reference's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from midair.dialects.missing import Missing, only_here
from midair.dialects.postgresql.altered import altered
from midair.dialects.postgresql.named import REPLACEABLE, Named, named, owner_of_sequence
from midair.dialects.postgresql.parse import parse
from midair.model.frozen import frozen
from midair.model.statement import Statement

_SESSION = frozenset({"variable_set_stmt", "select_stmt"})
"""What a dump sets for itself."""
_FUNCTION = "CREATE FUNCTION "


@frozen
class _Object:
    statement: Statement
    tree: Any
    named: Named | None


@dataclass(slots=True)
class _Made:
    """Drops come first, the newest object's before those it rests on."""

    drops: list[Statement] = field(default_factory=list[Statement])
    makes: list[Statement] = field(default_factory=list[Statement])
    left_out: list[str] = field(default_factory=list[str])


def missing(reference: Sequence[Statement], target: Sequence[Statement]) -> Missing:
    """What makes the target like the reference; the dumps' own session settings are left away."""
    wanted, there = tuple(_objects(reference)), tuple(_objects(target))
    made = _Made()
    _make(wanted, there, made)
    _take_away(wanted, there, made)
    return Missing((*made.drops, *made.makes), tuple(made.left_out))


def _objects(statements: Sequence[Statement]) -> Iterator[_Object]:
    for each in statements:
        tree: Any = parse(each.sql)[0]
        if not _is_setting(tree):
            yield _Object(each, tree, named(tree))


def _is_setting(tree: Any) -> bool:
    kind = tree.WhichOneof("node")
    return kind in _SESSION or (
        kind == "create_schema_stmt" and tree.create_schema_stmt.schemaname == "public"
    )


def _make(wanted: Sequence[_Object], there: Sequence[_Object], made: _Made) -> None:
    texts = {each.statement.sql for each in there}
    known = {each.named: each for each in there if each.named is not None}
    functions = {_signature(each) for each in there} - {None}
    for each in wanted:
        sql, span = each.statement.sql, each.statement.span
        if sql in texts:
            continue
        if each.named is None and _signature(each) in functions:
            made.makes.append(Statement(sql.replace(_FUNCTION, "CREATE OR REPLACE FUNCTION ", 1), span))
        elif each.named is None or each.named not in known or each.named.kind in {*REPLACEABLE, "DEFAULT"}:
            made.makes.append(each.statement)
        elif each.named.kind == "TABLE":
            changes, differs = altered(each.tree, known[each.named].tree)
            made.makes += [Statement(change, span) for change in changes]
            if differs:
                made.left_out.append(
                    f"table {each.named.name} differs in more than columns and checks: write that by hand"
                )
        else:
            made.left_out.append(
                f"{each.named.kind.lower()} {each.named.name} has another definition: write that by hand"
            )


def _signature(one: _Object) -> str | None:
    """The head of a CREATE FUNCTION as pg_dump writes it, up to what it returns."""
    return one.statement.sql.partition(" RETURNS ")[0] if one.statement.sql.startswith(_FUNCTION) else None


def _take_away(wanted: Sequence[_Object], there: Sequence[_Object], made: _Made) -> None:
    texts = {each.statement.sql for each in wanted}
    names = {each.named for each in wanted if each.named is not None}
    functions = {_signature(each) for each in wanted} - {None}
    gone = [each for each in there if each.statement.sql not in texts and _signature(each) not in functions]
    tables = {
        each.named.name
        for each in gone
        if each.named and each.named.kind == "TABLE" and each.named not in names
    }
    owned = {
        sequence
        for each in gone
        if (owner := owner_of_sequence(each.tree)) is not None
        for sequence, table, column in (owner,)
        if table in tables or f"DROP COLUMN {column}" in " ".join(made_for(made, table))
    }
    for each in reversed(gone):
        one = each.named
        if one is None:
            if owner_of_sequence(each.tree) is None:
                made.left_out += only_here([each.statement])
        elif _goes(one, names, tables, owned):
            made.drops.append(Statement(one.drop(), each.statement.span))


def made_for(made: _Made, table: str) -> Iterator[str]:
    """The texts of what alters one table."""
    return (each.sql for each in made.makes if each.sql.startswith(f"ALTER TABLE {table} "))


def _goes(one: Named, names: set[Named], tables: set[str], owned: set[str]) -> bool:
    """Whether it is dropped in so many words: not what goes with its table, nor what is altered in its place."""
    if one in names and one.kind not in REPLACEABLE:
        return False
    if one.kind == "TABLE":
        return True
    return one.table not in tables and one.name not in owned
