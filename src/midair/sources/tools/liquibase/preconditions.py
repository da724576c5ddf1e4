"""Preconditions: what each kind asks the database, and how they combine (liquibase.md §1.6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from midair.database.session import Session
from midair.errors import BadMigration, StatementFailed, Unsupported
from midair.model.address import Product
from midair.sources.tools.liquibase import mariadb
from midair.sources.tools.liquibase.expressions import on_dbms
from midair.sources.tools.liquibase.files import normal
from midair.sources.tools.liquibase.model import Runtime
from midair.sources.tools.liquibase.nodes import Node
from midair.sources.tools.liquibase.properties import Scope
from midair.sources.tools.liquibase.table import Tables, rows_of
from midair.sources.tools.liquibase.writing.names import Quoting

_SETTINGS = frozenset(
    {"onfail", "onerror", "onfailmessage", "onerrormessage", "onsqloutput", "onupdatesql", "value"}
)
_OUTCOMES = ("HALT", "CONTINUE", "MARK_RAN", "WARN")
STATIC = frozenset({"dbms", "changelogpropertydefined", "expectedquotingstrategy"})
"""Kinds that ask nothing of the database."""
OBJECTS = frozenset(
    {
        "tableexists", "viewexists", "columnexists", "sequenceexists", "indexexists", "primarykeyexists",
        "foreignkeyconstraintexists", "uniqueconstraintexists", "runningas",
    }
)  # fmt: skip
"""Kinds that ask only what objects are there."""


@dataclass(frozen=True, slots=True)
class Failed(Exception):
    """A precondition does not hold; `reason` is for people. Raised and caught in this module only."""

    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` is `PASSED`, or what onFail or onError says: HALT, CONTINUE, MARK_RAN, WARN."""

    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask: the database, the settings, the changeset's own words."""

    session: Session
    runtime: Runtime
    tables: Tables
    path: str
    quoting: str = "LEGACY"
    scope: Scope | None = None

    @property
    def schema(self) -> str:
        """The schema unqualified names are in."""
        if self.runtime.default_schema:
            return self.runtime.default_schema
        if self.session.product is Product.MARIADB:
            return str(self.session.query("SELECT database()")[0][0])
        return str(self.session.query("SELECT current_schema()")[0][0] or "public")


def judged(node: Node, asking: Asking) -> Verdict:
    """What becomes of a changeset (or a changelog) with these preconditions.

    Raises:
        Unsupported: a kind is a Java class.
        BadMigration: a kind is unknown, or lacks what it needs.
    """
    try:
        _all_of(node, asking)
    except Failed as failure:
        message = node.get("onFailMessage") or failure.reason
        return Verdict(_outcome(node, "onFail"), message)
    except StatementFailed as error:
        message = node.get("onErrorMessage") or f"{node.span} a precondition's query failed: {error.message}"
        return Verdict(_outcome(node, "onError"), message)
    return Verdict("PASSED")


def kinds_in(node: Node) -> frozenset[str]:
    """The lower-case names of all kinds used, at any depth, `and`, `or`, `not` left out."""
    found: set[str] = set()
    for each in node.children:
        name = each.name.lower()
        if name in ("and", "or", "not"):
            found |= kinds_in(each)
        elif name not in _SETTINGS:
            found.add(name)
    return frozenset(found)


def _outcome(node: Node, key: str) -> str:
    text = (node.get(key) or "HALT").upper()
    if text not in _OUTCOMES:
        raise BadMigration(f"{node.span} {key} is {text!r}", hint=f"it is one of {', '.join(_OUTCOMES)}")
    return text


def _parts(node: Node) -> tuple[Node, ...]:
    return tuple(each for each in node.children if each.name.lower() not in _SETTINGS)


def _all_of(node: Node, asking: Asking) -> None:
    for each in _parts(node):
        _one(each, asking)


def _any_of(node: Node, asking: Asking) -> None:
    reasons: list[str] = []
    for each in _parts(node):
        try:
            _one(each, asking)
        except Failed as failure:
            reasons.append(failure.reason)
        else:
            return
    if reasons:
        raise Failed("; ".join(reasons))


def _none_of(node: Node, asking: Asking) -> None:
    for each in _parts(node):
        try:
            _one(each, asking)
        except Failed:
            continue
        raise Failed(f"{each.span} not {each.name} fails: it holds")


def _one(node: Node, asking: Asking) -> None:
    name = node.name.lower()
    match name:
        case "and" | "preconditions":
            _all_of(node, asking)
        case "or":
            _any_of(node, asking)
        case "not":
            _none_of(node, asking)
        case "customprecondition":
            raise Unsupported(
                f"{node.span} customPrecondition is the Java class {node.get('className')}, which midair does not run",
                state="nothing was changed",
                hint="run that one changeSet with Liquibase, or record it with `midair stamp`",
            )
        case _ if name in _KINDS:
            if not _KINDS[name](node, asking):
                raise Failed(f"{node.span} {node.name} does not hold ({_shown(node)})")
        case _:
            raise BadMigration(f"{node.span} {node.name!r} is no precondition midair knows")


def _shown(node: Node) -> str:
    return ", ".join(f"{each.name}={each.text}" for each in node.children if each.text)[:200]


def _needed(node: Node, key: str) -> str:
    text = node.get(key)
    if not text:
        raise BadMigration(f"{node.span} {node.name} needs {key}", hint=f"set {key}")
    return text


def _relation(node: Node, asking: Asking, key: str, kinds: str) -> bool:
    name = _needed(node, key)
    if asking.session.product is Product.SQLITE:
        word = "view" if "v" in kinds else "table"
        text = "SELECT 1 FROM sqlite_master WHERE type = %s AND lower(name) = lower(%s)"
        return bool(asking.session.query(text, (word, name)))
    if asking.session.product is Product.MARIADB:
        return mariadb.has_relation(asking.session, _place(node, asking), kinds, name)
    text = (
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = ANY (string_to_array(%s, ',')) AND lower(c.relname) = lower(%s) AND lower(n.nspname) = lower(%s)"
    )
    return bool(asking.session.query(text, (kinds, name, node.get("schemaName") or asking.schema)))


def _column(node: Node, asking: Asking) -> bool:
    table, column = _needed(node, "tableName"), _needed(node, "columnName")
    if asking.session.product is Product.SQLITE:
        text = "SELECT 1 FROM pragma_table_info(%s) WHERE lower(name) = lower(%s)"
        return bool(asking.session.query(text, (table, column)))
    if asking.session.product is Product.MARIADB:
        return mariadb.has_column(asking.session, _place(node, asking), table, column)
    text = (
        "SELECT 1 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE a.attnum > 0 AND NOT a.attisdropped"
        " AND lower(c.relname) = lower(%s) AND lower(a.attname) = lower(%s) AND lower(n.nspname) = lower(%s)"
    )
    return bool(asking.session.query(text, (table, column, node.get("schemaName") or asking.schema)))


def _index(node: Node, asking: Asking) -> bool:
    name, table, columns = node.get("indexName"), node.get("tableName"), node.get("columnNames")
    wanted = [each.strip().lower() for each in (columns or "").split(",") if each.strip()]
    if asking.session.product is Product.SQLITE:
        text = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'"
        found = [
            (
                str(index),
                str(owner),
                [
                    str(c).lower()
                    for (c,) in asking.session.query("SELECT name FROM pragma_index_info(%s)", (index,))
                ],
            )
            for index, owner in asking.session.query(text)
        ]
    elif asking.session.product is Product.MARIADB:
        found = mariadb.indexes(asking.session, _place(node, asking))
    else:
        text = (
            "SELECT i.relname, t.relname, array_to_string(array(SELECT a.attname FROM unnest(x.indkey) WITH ORDINALITY k(n, o)"
            " JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o), ',')"
            " FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_catalog.pg_class t ON t.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
            " WHERE lower(n.nspname) = lower(%s)"
        )
        rows = asking.session.query(text, (node.get("schemaName") or asking.schema,))
        found = [(str(i), str(t), str(c).lower().split(",")) for i, t, c in rows]
    return any(
        (not name or index.lower() == name.lower())
        and (not table or owner.lower() == table.lower())
        and (not wanted or members[: len(wanted)] == wanted)
        for index, owner, members in found
    )


def _constraint(node: Node, asking: Asking, kind: str, table_key: str, name_key: str) -> bool:
    name, table = node.get(name_key), node.get(table_key)
    if asking.session.product is Product.SQLITE:
        return _sqlite_constraint(asking.session, kind, table, name)
    wanted = sorted(
        each.strip().lower() for each in (node.get("columnNames") or "").split(",") if each.strip()
    )
    text = (
        "SELECT k.conname, t.relname, array_to_string(array(SELECT a.attname FROM pg_catalog.pg_attribute a"
        " WHERE a.attrelid = t.oid AND a.attnum = ANY (k.conkey)), ',') FROM pg_catalog.pg_constraint k"
        " JOIN pg_catalog.pg_class t ON t.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
        " WHERE k.contype = %s AND lower(n.nspname) = lower(%s)"
    )
    schema = node.get("schemaName") or node.get("foreignKeyTableSchemaName") or asking.schema
    rows = (
        mariadb.constraints(asking.session, _place(node, asking), kind)
        if asking.session.product is Product.MARIADB
        else asking.session.query(text, (kind, schema))
    )
    return any(
        (not name or str(own).lower() == name.lower())
        and (not table or str(owner).lower() == table.lower())
        and (not wanted or sorted(str(columns).lower().split(",")) == wanted)
        for own, owner, columns in rows
    )


def _place(node: Node, asking: Asking) -> str:
    """The database an object is looked for in, by whichever attribute names it: MariaDB has one level of names."""
    named = (node.get(each) for each in ("schemaName", "catalogName", "foreignKeyTableSchemaName"))
    return next((each for each in named if each), asking.schema)


def _sqlite_constraint(session: Session, kind: str, table: str | None, name: str | None) -> bool:
    """SQLite keeps constraints as the text of their table: a key is looked for in its pragma, a name in the text."""
    if kind == "p" and table and not name:
        return bool(session.query("SELECT 1 FROM pragma_table_info(%s) WHERE pk > 0", (table,)))
    text = "SELECT sql FROM sqlite_master WHERE type = 'table' AND (%s IS NULL OR lower(name) = lower(%s))"
    words = {"p": "primary key", "f": "references", "u": "unique"}[kind]
    return any(
        words in str(sql).lower() and (not name or name.lower() in str(sql).lower())
        for (sql,) in session.query(text, (table, table))
    )


def _executed(node: Node, asking: Asking) -> bool:
    path = normal(node.get("changeLogFile") or asking.path).lower()
    wanted = (path, _needed(node, "id").lower(), (node.get("author") or "").lower())
    return any(
        (normal(row.filename).lower(), row.id.lower(), row.author.lower()) == wanted
        and row.kind in ("EXECUTED", "RERAN")
        for row in rows_of(asking.session, asking.tables)
    )


def _count(node: Node, asking: Asking, expected: str) -> bool:
    table = _needed(node, "tableName")
    quoting = Quoting(asking.runtime.dbms, asking.quoting)
    schema = node.get("schemaName") or asking.runtime.default_schema
    prefix = f"{quoting(schema)}." if schema and asking.session.product is not Product.SQLITE else ""
    # the name is the author's own, quoted as everywhere in this changelog
    return str(asking.session.query(f"SELECT count(*) FROM {prefix}{quoting(table)}")[0][0]) == expected


def _check(node: Node, asking: Asking) -> bool:
    sql = (node.text or node.get("sql") or "").strip().removesuffix(";")
    rows = asking.session.query(sql)
    if not rows or not rows[0]:
        return False
    return _as_text(rows[0][0]) == (node.get("expectedResult") or "")


def _as_text(value: object) -> str:
    """As the JDBC driver gives it as text."""
    if isinstance(value, bool):
        return "t" if value else "f"
    return "null" if value is None else str(value)


def _running_as(node: Node, asking: Asking) -> bool:
    user = asking.session.address.user or ""
    if asking.session.product is not Product.SQLITE:
        user = str(asking.session.query("SELECT current_user")[0][0])
    return user.partition("@")[0].lower() == (node.get("username") or "").lower()


def _property(node: Node, asking: Asking) -> bool:
    value = asking.scope.value(_needed(node, "property")) if asking.scope else None
    expected = node.get("value")
    return value is not None and (expected is None or value == expected)


_KINDS: Mapping[str, Callable[[Node, Asking], bool]] = {
    "dbms": lambda node, asking: bool(node.get("type")) and on_dbms(node.get("type"), asking.runtime.dbms),
    "runningas": _running_as,
    "changesetexecuted": _executed,
    "tableexists": lambda node, asking: _relation(node, asking, "tableName", "r,p,f"),
    "viewexists": lambda node, asking: _relation(node, asking, "viewName", "v"),
    "sequenceexists": lambda node, asking: _relation(node, asking, "sequenceName", "S"),
    "columnexists": _column,
    "indexexists": _index,
    "primarykeyexists": lambda node, asking: _constraint(node, asking, "p", "tableName", "primaryKeyName"),
    "foreignkeyconstraintexists": lambda node, asking: _constraint(
        node, asking, "f", "foreignKeyTableName", "foreignKeyName"
    ),
    "uniqueconstraintexists": lambda node, asking: _constraint(
        node, asking, "u", "tableName", "constraintName"
    ),
    "tableisempty": lambda node, asking: _count(node, asking, "0"),
    "rowcount": lambda node, asking: _count(node, asking, (node.get("expectedRows") or "").strip()),
    "sqlcheck": _check,
    "changelogpropertydefined": _property,
    "expectedquotingstrategy": lambda node, asking: node.get("strategy") == asking.quoting,
}
