"""Rows that a schema allows, put into its tables before a migration, so that what it does to rows shows.

Six rows a table: plain ones, one with long texts and large numbers, one with every NULL that is
allowed, two that are alike where nothing forbids it.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from midair.database.session import Session
from midair.dialects.postgresql.fillable import Field, Fillable, Reference, fillable, literals_of
from midair.errors import StatementFailed
from midair.model.statement import Sql

ROWS = 6
_NULL_ROW = 5
_MOST_CHOICES = 12


@dataclass(frozen=True, slots=True)
class Filled:
    """How many rows went into which table; and which tables took none, with the server's reason."""

    rows: tuple[tuple[str, int], ...]
    refused: tuple[tuple[str, str], ...]


def fill(session: Session, skip: Sequence[str] = ()) -> Filled:
    """Puts rows into every empty table but those named, honouring its constraints; the user's triggers do not fire,
    unless the role may not keep them from it."""
    done: list[tuple[str, int]] = []
    refused: list[tuple[str, str]] = []
    full: set[int] = set()
    tables = [each for each in fillable(session) if each.name not in skip]
    with quietly(session):
        for table in tables:
            if session.query(f"SELECT EXISTS (SELECT FROM {table.name})")[0][0]:
                full.add(table.oid)
                continue
            reason = _fill(session, table, {each.oid: each for each in tables}, full)
            count = int(session.query(f"SELECT count(*) FROM {table.name}")[0][0])
            if count:
                full.add(table.oid)
                done.append((table.name, count))
            else:
                refused.append((table.name, reason or "the server took no row"))
    return Filled(tuple(done), tuple(refused))


@contextmanager
def quietly(session: Session) -> Generator[bool]:
    """Rows go in without the user's triggers and the checks of foreign keys; false where the role may not ask for that."""
    try:
        session.run([Sql("SET session_replication_role = replica")], atomic=False)
    except StatementFailed:
        yield False
        return
    try:
        yield True
    finally:
        session.run([Sql("RESET session_replication_role")], atomic=False)


def empty(session: Session, names: Sequence[str]) -> None:
    """Takes the rows out again."""
    if names:
        session.run([Sql(f"TRUNCATE {', '.join(names)} CASCADE")], atomic=True)


def _fill(session: Session, table: Fillable, known: Mapping[int, Fillable], full: set[int]) -> str | None:
    """The server's reason when neither bold nor plain values were taken."""
    reason = None
    for bold in (True, False):
        try:
            session.run([Sql(_insertion(session, table, known, full, bold=bold))], atomic=True)
        except StatementFailed as error:
            reason = error.message
        else:
            return None
    return reason


def _insertion(
    session: Session, table: Fillable, known: Mapping[int, Fillable], full: set[int], *, bold: bool
) -> str:
    by_name = {each.name: each for each in table.fields}
    values = dict(_references(session, table, known, full, by_name))
    values = {**_choices(session, table, by_name, values), **values}
    for field in table.fields:
        if field.made or field.name in values:
            continue
        values[field.name] = _with_null(field, value_of(field, bold=bold))
    if not values:
        return f"INSERT INTO {table.name} SELECT FROM generate_series(1, {ROWS})"
    columns, chosen = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO {table.name} ({columns}) SELECT {chosen} FROM generate_series(1, {ROWS}) AS i ON CONFLICT DO NOTHING"


def _references(
    session: Session,
    table: Fillable,
    known: Mapping[int, Fillable],
    full: set[int],
    by_name: Mapping[str, Field],
) -> Iterator[tuple[str, str]]:
    for reference in table.references:
        for column, there in zip(reference.columns, reference.there, strict=True):
            field = by_name[column]
            if reference.table == table.oid or reference.table not in known or reference.table not in full:
                yield column, _own(reference, there, field, table, by_name)
                continue
            parent = known[reference.table].name
            nth = f"(SELECT {there} FROM {parent} ORDER BY ctid OFFSET (i - 1) % (SELECT count(*) FROM {parent}) LIMIT 1)"
            yield column, _with_null(field, nth)


def _own(
    reference: Reference, there: str, field: Field, table: Fillable, by_name: Mapping[str, Field]
) -> str:
    if not field.required:
        return f"NULL::{field.type}"
    target = by_name.get(there)
    if reference.table == table.oid and target is not None and not target.made:
        return value_of(target, bold=False)  # a row that points to itself
    return f"i::{field.type}" if field.category == "N" else value_of(field, bold=False)


def _choices(
    session: Session, table: Fillable, by_name: Mapping[str, Field], taken: Mapping[str, str]
) -> Mapping[str, str]:
    """Values for columns that checks speak of: the server itself picks them out of all combinations of candidates."""
    found: dict[str, str] = {}
    for group, checks in _groups(table):
        names = [each for each in group if each in by_name and not by_name[each].made and each not in taken]
        if not names or len(names) != len(group):
            continue
        sources = [
            f"(SELECT * FROM ({_candidates(by_name[name], checks)}) c LIMIT {_MOST_CHOICES if len(names) < 4 else 5}) AS t{number} ({name})"
            for number, name in enumerate(names)
        ]
        condition = " AND ".join(f"({check})" for check in checks)
        shown = ", ".join(f"{name}::text" for name in names)
        wide = " + ".join(f"({name} IS NULL)::int" for name in names)
        query = f"SELECT {shown} FROM {' CROSS JOIN '.join(sources)} WHERE {condition} ORDER BY {wide} LIMIT {ROWS}"
        rows = session.query(query)
        for position, name in enumerate(names):
            picked = [row[position] for row in rows]
            if picked:
                array = ", ".join("NULL" if each is None else _quoted(each) for each in picked)
                found[name] = f"(ARRAY[{array}]::text[])[1 + (i - 1) % {len(picked)}]::{by_name[name].type}"
    return found


def _groups(table: Fillable) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Columns that share checks, with the checks; a domain's checks are its column's own."""
    groups: list[tuple[set[str], list[str]]] = []
    own = [
        ((field.name,), check.replace("VALUE", field.name))
        for field in table.fields
        for check in field.domain_checks
    ]
    for columns, check in (*table.checks, *own):
        touching = [each for each in groups if each[0] & set(columns)]
        merged = (
            set(columns).union(*(each[0] for each in touching)),
            [check, *(text for each in touching for text in each[1])],
        )
        groups = [each for each in groups if each not in touching] + [merged]
    for columns, checks in groups:
        yield tuple(sorted(columns)), checks


def _candidates(field: Field, checks: Sequence[str]) -> str:
    """A query of values worth trying for a column."""
    base = field.type if not field.is_domain else field.base
    texts = [each for check in checks for each in literals_of(check)]
    usable = [each for each in texts if (each[:1] == "'") == (field.category not in "N")]
    parts = [f"SELECT {each}::{base}" for each in usable[:8]]
    if field.category == "S":
        parts += [f"SELECT {_quoted(each)}::{base}" for each in _LIKELY]
    parts.append(f"SELECT {value_of(field, bold=False)}::{base} FROM generate_series(1, 3) AS i")
    if not field.required:
        parts.append(f"SELECT NULL::{base}")
    return " UNION ALL ".join(f"({each})" for each in parts)


_LIKELY = ("someone@example.org", "https://example.org/a", "abc", "ABC", "a_b-1", "12345")
"""Texts that patterns in checks often want."""


def _with_null(field: Field, value: str) -> str:
    return value if field.required else f"CASE WHEN i = {_NULL_ROW} THEN NULL ELSE {value} END"


def value_of(field: Field, *, bold: bool) -> str:
    """An expression of the row's number `i`; without a known type NULL, which a required column refuses."""
    number = "i" if field.unique else "(1 + i % 5)"
    if field.labels:
        return f"(ARRAY[{', '.join(field.labels)}])[1 + i % {len(field.labels)}]::{field.type}"
    if field.category == "A" and field.element:
        if field.element in _VALUES:
            return f"ARRAY[{_VALUES[field.element].format(i=number)}]::{field.type}"
        return f"'{{}}'::{field.type}"
    made = _bold(field, number) if bold else None
    text = made or _VALUES.get(field.base, "NULL").format(i=number)
    if field.category == "S" and field.modifier > 4:
        text = f"left({text}, {field.modifier - 4})"
    if field.base in ("bit", "varbit"):
        return f"repeat('1', {max(field.modifier, 1)})::{field.type}"
    return f"({text})::{field.type}"


def _bold(field: Field, number: str) -> str | None:
    """Long texts, large numbers, all digits: what a narrower type would cut."""
    plain = _VALUES.get(field.base)
    if plain is None or field.base not in _LARGE:
        return None
    return f"CASE i WHEN 2 THEN {_LARGE[field.base]} ELSE {plain.format(i=number)} END"


_VALUES = {
    "int2": "{i}", "int4": "{i}", "int8": "{i}", "oid": "{i}", "float4": "{i} + 0.25", "float8": "{i} + 0.125",
    "numeric": "least({i}, 9) * 0.1234567891", "money": "{i} * 1.25",
    "text": "{i} || ' Text'", "varchar": "{i} || ' Text'", "bpchar": "{i} || 't'", "name": "'n' || {i}", "citext": "{i} || ' Text'",
    "char": "{i}::text", "bool": "{i} % 2 = 0", "bytea": "decode(lpad(to_hex({i}), 4, '0'), 'hex')",
    "date": "date '2024-02-28' + {i}", "time": "time '12:34:56.789' + {i} * interval '1 minute'",
    "timetz": "timetz '12:34:56.789+00' + {i} * interval '1 minute'",
    "timestamp": "timestamp '2024-02-28 12:34:56.789012' + {i} * interval '1 day'",
    "timestamptz": "timestamptz '2024-02-28 12:34:56.789012+00' + {i} * interval '1 day'", "interval": "{i} * interval '1 hour'",
    "uuid": "('00000000-0000-4000-8000-' || lpad({i}::text, 12, '0'))",
    "json": "'{{\"a\": ' || {i} || '}}'", "jsonb": "'{{\"a\": ' || {i} || '}}'", "jsonpath": "'$.a'", "xml": "'<a>' || {i} || '</a>'",
    "inet": "'10.0.0.' || {i}", "cidr": "'10.0.' || {i} || '.0/24'", "macaddr": "'08:00:2b:01:02:0' || {i}", "macaddr8": "'08:00:2b:01:02:03:04:0' || {i}",
    "point": "point({i}, 1)", "box": "box(point(0, 0), point({i}, 1))", "circle": "circle(point(0, 0), {i})", "path": "'((0,0),(1,1))'",
    "polygon": "'((0,0),(1,1),(1,0))'", "lseg": "'((0,0),(1,1))'", "line": "'{{1,1,1}}'",
    "tsvector": "'word' || {i}", "tsquery": "'word' || {i}", "hstore": "'a=>' || {i}", "ltree": "'a.b' || {i}", "pg_lsn": "'0/' || {i}",
    "int4range": "int4range({i} * 10, {i} * 10 + 5)", "int8range": "int8range({i} * 10, {i} * 10 + 5)", "numrange": "numrange({i} * 10, {i} * 10 + 5)",
    "daterange": "daterange(date '2024-01-01' + {i} * 10, date '2024-01-05' + {i} * 10)",
    "tsrange": "tsrange(timestamp '2024-01-01' + {i} * interval '10 days', timestamp '2024-01-05' + {i} * interval '10 days')",
    "tstzrange": "tstzrange(timestamptz '2024-01-01+00' + {i} * interval '10 days', timestamptz '2024-01-05+00' + {i} * interval '10 days')",
}  # fmt: skip
_LARGE = {
    "int2": "32000", "int4": "2147483000", "int8": "9000000000000", "text": "repeat('long ', 60) || i", "varchar": "repeat('long ', 60) || i",
    "citext": "repeat('long ', 60) || i", "float8": "1234567.890625",
}  # fmt: skip


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
