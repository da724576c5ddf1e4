"""What hangs on a table's columns: everything that a column which takes another's place must have too (expand-contract.md §3.6)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from midair.database.session import Session
from midair.dialects.postgresql.changes.names import identifier, qualified


@dataclass(frozen=True, slots=True)
class Grant:
    """One right of one role; `to` is SQL already."""

    right: str
    to: str
    grantable: bool


@dataclass(frozen=True, slots=True)
class OwnSequence:
    """The sequence that a serial or identity column owns, with the options it was made with."""

    name: str
    kind: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    comment: str | None
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class AttachedColumn:
    """One column. `target` is its statistics target, `None` or -1 for the server's own; `not_null` is the name of the
    constraint behind NOT NULL (from 18); `users` are views, policies, triggers and others that name it.
    """

    default: str | None
    comment: str | None
    target: int | None
    options: tuple[str, ...]
    not_null: str | None
    grants: tuple[Grant, ...]
    sequence: OwnSequence | None
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttachedIndex:
    """One index; `columns` are all that it reads. `constraint` is the key or exclusion it is behind, of this `kind` (`p`, `u`, `x`)."""

    name: str
    definition: str
    columns: frozenset[str]
    unique: bool
    valid: bool
    replica: bool
    clustered: bool
    comment: str | None
    tablespace: str | None
    constraint: str | None
    kind: str | None
    deferrable: bool
    deferred: bool
    constraint_comment: str | None
    constraint_definition: str | None


@dataclass(frozen=True, slots=True)
class AttachedConstraint:
    """A check (`c`) or foreign key (`f`) of `table`. `columns` are those of the table it is listed under."""

    table: str
    name: str
    kind: str
    definition: str
    columns: frozenset[str]
    valid: bool
    comment: str | None
    plain: bool = True
    """Its table is no partition and has none."""
    references: str | None = None
    referenced: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AttachedStatistics:
    """An extended statistics object."""

    name: str
    definition: str
    columns: frozenset[str]
    comment: str | None


@dataclass(frozen=True, slots=True)
class Attached:
    """One table. `plain`: neither partitioned nor part of a hierarchy. `publications` are those that send all its columns;
    `row_triggers` are those that fire before a row, by their names without quotes.
    """

    plain: bool
    typed: bool
    subscribed: bool
    publications: tuple[str, ...]
    columns: Mapping[str, AttachedColumn]
    indexes: tuple[AttachedIndex, ...]
    constraints: tuple[AttachedConstraint, ...]
    inbound: tuple[AttachedConstraint, ...]
    row_triggers: tuple[str, ...]
    statistics: tuple[AttachedStatistics, ...]


def attachments(session: Session) -> Mapping[str, Attached]:
    """Every table outside the server's own schemas, by name; reads the catalog only.

    Raises:
        StatementFailed: the user may not read the catalog.
    """
    query = files("midair.dialects.postgresql").joinpath("catalog/attached.sql").read_text()
    return {
        qualified(schema, name): _table(schema, name, json.loads(text))
        for schema, name, text in session.query(query)
    }


def _table(schema: str, name: str, row: dict[str, Any]) -> Attached:
    table = qualified(schema, name)
    return Attached(
        row["plain"],
        row["typed"],
        row["subscribed"],
        tuple(identifier(each) for each in row["publications"]),
        _columns(row["columns"] or {}),
        tuple(_index(each) for each in row["indexes"]),
        tuple(_constraint(table, each) for each in row["constraints"]),
        tuple(_inbound(each) for each in row["inbound"]),
        tuple(row["triggers"]),
        tuple(_statistics(each) for each in row["statistics"]),
    )


def _columns(rows: dict[str, dict[str, Any]]) -> dict[str, AttachedColumn]:
    return {identifier(column): _column(each) for column, each in rows.items()}


def _names(values: list[str]) -> frozenset[str]:
    return frozenset(identifier(each) for each in values)


def _grants(rows: list[tuple[str, str, bool]]) -> tuple[Grant, ...]:
    return tuple(Grant(*row) for row in rows)


def _column(row: dict[str, Any]) -> AttachedColumn:
    return AttachedColumn(
        row["default"],
        row["comment"],
        row["target"],
        tuple(row["options"]),
        identifier(row["not_null"]) if row["not_null"] else None,
        _grants(row["grants"]),
        _sequence(row["sequence"]) if row["sequence"] else None,
        tuple(row["users"]),
    )


def _sequence(row: dict[str, Any]) -> OwnSequence:
    name = qualified(row["schema"], row["name"])
    numbers = (row["start"], row["increment"], row["minimum"], row["maximum"], row["cache"])
    return OwnSequence(name, row["kind"], *numbers, row["cycle"], row["comment"], _grants(row["grants"]))


def _index(row: dict[str, Any]) -> AttachedIndex:
    return AttachedIndex(
        identifier(row["name"]),
        row["definition"],
        _names(row["columns"]),
        row["unique"],
        row["valid"],
        row["replica"],
        row["clustered"],
        row["comment"],
        row["tablespace"],
        identifier(row["constraint"]) if row["constraint"] else None,
        row["kind"],
        row["deferrable"],
        row["deferred"],
        row["constraint_comment"],
        row["constraint_definition"],
    )


def _constraint(table: str, row: dict[str, Any]) -> AttachedConstraint:
    foreign = qualified(row["foreign_schema"], row["foreign_table"]) if row["foreign_table"] else None
    return AttachedConstraint(
        table,
        identifier(row["name"]),
        row["kind"],
        row["definition"],
        _names(row["columns"]),
        row["valid"],
        row["comment"],
        references=foreign,
        referenced=_names(row["referenced"]),
    )


def _inbound(row: dict[str, Any]) -> AttachedConstraint:
    table = qualified(row["schema"], row["table"])
    return AttachedConstraint(
        table,
        identifier(row["name"]),
        "f",
        row["definition"],
        _names(row["columns"]),
        row["valid"],
        row["comment"],
        plain=row["plain"],
    )


def _statistics(row: dict[str, Any]) -> AttachedStatistics:
    name = qualified(row["schema"], row["name"])
    return AttachedStatistics(name, row["definition"], _names(row["columns"]), row["comment"])
