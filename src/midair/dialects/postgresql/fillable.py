"""What rows of a database's tables must respect: types, checks, foreign keys, enums, uniqueness."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from midair.database.session import Session
from midair.dialects.postgresql.changes.names import literal
from midair.dialects.postgresql.parse import parse, walk
from midair.errors import NotParsed


@dataclass(frozen=True, slots=True)
class Field:
    """A column. `type` is as SQL; `base` the type below a domain; `modifier` is PostgreSQL's own.

    `made` tells that the server gives the value (sequence, identity, generated column).
    """

    number: int
    name: str
    type: str
    base: str
    kind: str
    category: str
    element: str | None
    modifier: int
    required: bool
    made: bool
    unique: bool
    labels: tuple[str, ...]
    domain_checks: tuple[str, ...]
    is_domain: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: columns here, the table it points to, columns there."""

    columns: tuple[str, ...]
    table: int
    there: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fillable:
    """One table that rows can be put into. `checks` are (columns, expression)."""

    oid: int
    name: str
    fields: tuple[Field, ...]
    checks: tuple[tuple[tuple[str, ...], str], ...]
    references: tuple[Reference, ...]


def fillable(session: Session) -> tuple[Fillable, ...]:
    """Every table of the user's, referenced ones first as far as there is an order."""
    fields: defaultdict[tuple[int, str], list[Field]] = defaultdict(list)
    for oid, table, *rest in session.query(_query("fillable")):
        fields[oid, table].append(_field(rest))
    checks: defaultdict[int, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    references: defaultdict[int, list[Reference]] = defaultdict(list)
    for oid, kind, columns, expression, other, there in session.query(_query("rules_of_rows")):
        if kind == "c":
            checks[oid].append((tuple(columns or ()), expression))
        else:
            references[oid].append(Reference(tuple(columns), other, tuple(there)))
    return _ordered(
        [
            Fillable(oid, name, tuple(those), tuple(checks[oid]), tuple(references[oid]))
            for (oid, name), those in fields.items()
        ]
    )


def _field(row: Sequence[Any]) -> Field:
    (
        number,
        name,
        type_sql,
        base,
        kind,
        category,
        element,
        modifier,
        required,
        made,
        unique,
        labels,
        checks,
        is_domain,
    ) = row
    return Field(
        number, name, type_sql, base, kind, category, element, modifier, required, made, unique,
        tuple(labels or ()), tuple(checks or ()), bool(is_domain),
    )  # fmt: skip


def literals_of(expression: str) -> tuple[str, ...]:
    """The constants an expression compares with, as SQL, in order."""
    try:
        trees = parse(f"SELECT {expression}")
    except NotParsed:
        return ()
    found: dict[str, None] = {}
    for name, node in (each for tree in trees for each in walk(tree)):
        if name == "A_Const":
            match node.WhichOneof("val"):
                case "ival":
                    found.update(dict.fromkeys(str(node.ival.ival + step) for step in (0, 1, -1)))
                case "fval":
                    found[str(node.fval.fval)] = None
                case "sval":
                    found[literal(node.sval.sval)] = None
                case _:
                    pass
    return tuple(found)


@cache
def _query(name: str) -> str:
    return files("midair.dialects.postgresql").joinpath(f"catalog/{name}.sql").read_text()


def _ordered(tables: list[Fillable]) -> tuple[Fillable, ...]:
    done: dict[int, Fillable] = {}
    waiting = list(tables)
    known = {each.oid for each in tables}
    while waiting:
        ready = [
            each
            for each in waiting
            if all(
                ref.table in done or ref.table == each.oid or ref.table not in known
                for ref in each.references
            )
        ] or waiting[:1]  # a circle: its nullable key stays empty
        for each in ready:
            done[each.oid] = each
        waiting = [each for each in waiting if each.oid not in done]
    return tuple(done.values())
