"""A changeset's statements: its changes as SQL, modifySql applied, and the way back."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from midair.errors import BadMigration, Irreversible, Unsupported
from midair.model.statement import Span, Statement
from midair.sources.tools.liquibase.expressions import on_dbms
from midair.sources.tools.liquibase.fields import NOT_ON_SQLITE, NOTHING_ON_SQLITE, SILENT
from midair.sources.tools.liquibase.model import Change, Visitor
from midair.sources.tools.liquibase.writing import columns, constraints, load, objects, rows, tables
from midair.sources.tools.liquibase.writing.rebuild import needs_rebuild, rebuilding
from midair.sources.tools.liquibase.writing.splitting import pieces
from midair.sources.tools.liquibase.writing.writer import Writer

_Writes = Callable[[Change, Writer], Iterator[str]]
_WRITES: Mapping[str, _Writes] = {
    **tables.WRITES, **columns.WRITES, **constraints.WRITES, **objects.WRITES, **rows.WRITES, **load.WRITES,
}  # fmt: skip
UNDOES: Mapping[str, _Writes] = {**tables.UNDOES, **columns.UNDOES, **constraints.UNDOES, **objects.UNDOES}
_JAVA_GROUP = re.compile(r"\$(\d)")


def statements_of(change: Change, to: Writer, visitors: Sequence[Visitor]) -> Iterator[Statement]:
    """What a change runs, in order.

    Raises:
        Unsupported: it is a program.
        BadMigration: a parameter is missing, or its file cannot be used.
    """
    if change.name in SILENT or not on_dbms(change.get("dbms"), to.dbms):
        return
    for sql, span in _written(change, to):
        modified = _modified(sql, visitors)
        if modified.strip():
            yield Statement(modified, span)


def undo_of(change: Change, to: Writer, visitors: Sequence[Visitor]) -> tuple[Statement, ...]:
    """The inverse of a change.

    Raises:
        Irreversible: it has none.
    """
    if change.name in SILENT:
        return ()
    if change.name not in UNDOES:
        raise Irreversible(
            f"{change.span} {change.name} cannot be undone automatically",
            state="nothing was changed",
            hint="write a rollback block into the changeSet",
        )
    chosen = [each for each in visitors if each.apply_to_rollback]
    return tuple(Statement(_modified(sql, chosen), change.span) for sql in UNDOES[change.name](change, to))


def _written(change: Change, to: Writer) -> Iterator[tuple[str, Span]]:
    if change.name in ("sql", "sqlFile"):
        yield from _script(change, to)
    elif to.is_sqlite and change.name in NOT_ON_SQLITE:
        raise BadMigration(
            f"{change.span} {change.name} is not supported on sqlite",
            hint='give the changeSet dbms="!sqlite", and one for SQLite that makes the table anew with sql',
        )
    elif to.is_sqlite and change.name in NOTHING_ON_SQLITE:
        return
    elif to.is_sqlite and needs_rebuild(change):
        yield from ((sql, change.span) for sql in rebuilding(change, to))
    elif change.name in _WRITES:
        yield from ((sql, change.span) for sql in _WRITES[change.name](change, to))
    else:
        raise _refusal(change)


def _script(change: Change, to: Writer) -> Iterator[tuple[str, Span]]:
    span = change.sql_span or change.span
    text, path = change.get("sql"), span.path
    first = span.line
    if change.name == "sqlFile":
        text = to.files.text(change, "path")
        text = change.scope.expanded(text) if change.scope else text
        path, first = to.files.search.shown(to.files.path(change, "path")), 1
    split = change.flag("splitStatements", True)
    found = pieces(
        text or "",
        split=split or (to.is_postgresql and ";" in (text or "")),
        strip=change.flag("stripComments"),
        delimiter=change.get("endDelimiter") if split else None,
        dollars=to.is_postgresql,
    )
    for each in found:
        line = first + each.line
        yield each.sql, Span(path, line, 1, line + each.sql.count("\n"))


def _refusal(change: Change) -> Unsupported:
    what = {
        "customChange": f"is the Java class {change.get('class')}",
        "executeCommand": f"runs the program {change.get('executable')}",
        "stop": f"stops the run: {change.get('message')}",
    }.get(change.name, "is not written by midair")
    hint = (
        "remove it when the reason for it is gone"
        if change.name == "stop"
        else "run that one changeSet with Liquibase, or record it as done with `midair stamp`"
    )
    return Unsupported(f"{change.span} {change.name} {what}", state="nothing was changed", hint=hint)


def _modified(sql: str, visitors: Sequence[Visitor]) -> str:
    for each in visitors:
        sql = _one(sql, each)
    return sql


def _one(sql: str, visitor: Visitor) -> str:
    value = visitor.value or ""
    match visitor.name:
        case "append":
            return sql + value
        case "prepend":
            return value + sql
        case "appendSqlIfNotPresent":
            return sql if value.lower() in sql.lower() else f"{sql} {value}"
        case "replace":
            return sql.replace(visitor.replace or "\0", visitor.replacement or "")
        case _:
            with_groups = _JAVA_GROUP.sub(r"\\g<\1>", (visitor.replacement or "").replace("\\", "\\\\"))
            try:
                return re.sub(visitor.replace or "", with_groups, sql)
            except re.error as error:
                raise BadMigration(f"regExpReplace {visitor.replace!r}: {error}") from error
