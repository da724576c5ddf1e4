"""Indexes, views, sequences and procedures."""

from collections.abc import Iterator

from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.writing.writer import Writer, required

_MADE_BY_CONSTRAINTS = frozenset({"primaryKey", "uniqueConstraint", "foreignKey"})
"""An index associated with one of these is not created: Liquibase leaves it to the constraint."""


def create_index(change: Change, to: Writer) -> Iterator[str]:
    with_what = {each.strip() for each in (change.get("associatedWith") or "").split(",")}
    if with_what & _MADE_BY_CONSTRAINTS:
        return
    unique = "UNIQUE " if change.flag("unique") else ""
    name = f"{to.name(change.get('indexName') or '')} " if change.get("indexName") else ""
    columns = ", ".join(_indexed(each, to) for each in change.columns or ())
    using = f" USING {change.get('using')} " if change.get("using") and to.is_postgresql else ""
    space = f" TABLESPACE {change.get('tablespace')}" if change.get("tablespace") and to.is_postgresql else ""
    yield f"CREATE {unique}INDEX {name}ON {to.of(change)}{using}({columns}){space}"
    if to.is_postgresql and change.flag("clustered") and name:
        yield f"CLUSTER {to.of(change)} USING {name.strip()}"


def _indexed(part: Part, to: Writer) -> str:
    column = part.name if part.flag("computed") or "(" in part.name else to.name(part.name)
    return f"{column} DESC" if part.flag("descending") else column


def drop_index(change: Change, to: Writer) -> Iterator[str]:
    name = required(change, "indexName")
    if to.is_mysql:
        yield f"DROP INDEX {to.name(name)} ON {to.of(change)}"
    else:
        yield f"DROP INDEX {to.qualified(name, change.get('schemaName'))}"


def create_view(change: Change, to: Writer) -> Iterator[str]:
    """The query may stand in a file; with fullDefinition it is the whole statement."""
    query = change.get("selectQuery")
    if query is None and change.get("path"):
        text = to.files.text(change, "path")
        query = change.scope.expanded(text) if change.scope else text
    query = _without_end(query if query is not None else required(change, "selectQuery"))
    view = to.of(change, "viewName")
    if change.flag("fullDefinition"):
        yield query
    elif change.flag("replaceIfExists") and not to.is_sqlite:
        yield f"CREATE OR REPLACE VIEW {view} AS {query}"
    else:
        if change.flag("replaceIfExists"):
            yield f"DROP VIEW IF EXISTS {view}"
        yield f"CREATE VIEW {view} AS {query}"
    if to.is_postgresql and (remarks := change.get("remarks")):
        yield f"COMMENT ON VIEW {view} IS {to.text(remarks)}"


def _without_end(text: str) -> str:
    return text.strip().removesuffix(";").rstrip()


def drop_view(change: Change, to: Writer) -> Iterator[str]:
    missing = "IF EXISTS " if change.flag("ifExists") else ""
    yield f"DROP VIEW {missing}{to.of(change, 'viewName')}"


def undo_create_view(change: Change, to: Writer) -> Iterator[str]:
    yield f"DROP VIEW {to.of(change, 'viewName')}"


def rename_view(change: Change, to: Writer) -> Iterator[str]:
    yield _view_renamed(change, "oldViewName", "newViewName", to)


def undo_rename_view(change: Change, to: Writer) -> Iterator[str]:
    yield _view_renamed(change, "newViewName", "oldViewName", to)


def _view_renamed(change: Change, old: str, new: str, to: Writer) -> str:
    if to.is_mysql:
        return f"RENAME TABLE {to.of(change, old)} TO {to.of(change, new)}"
    return f"ALTER TABLE {to.of(change, old)} RENAME TO {to.name(required(change, new))}"


def create_sequence(change: Change, to: Writer) -> Iterator[str]:
    kind = f" AS {change.get('dataType')}" if change.get("dataType") else ""
    start = f" START WITH {change.get('startValue')}" if change.get("startValue") else ""
    yield f"CREATE SEQUENCE  IF NOT EXISTS {to.of(change, 'sequenceName')}{kind}{start}{_bounds(change)}"


def alter_sequence(change: Change, to: Writer) -> Iterator[str]:
    kind = f" AS {change.get('dataType')}" if change.get("dataType") else ""
    cycle = " NO CYCLE" if change.get("cycle") == "false" else ""
    yield f"ALTER SEQUENCE {to.of(change, 'sequenceName')}{kind}{_bounds(change)}{cycle}"


def _bounds(change: Change) -> str:
    words = (
        ("incrementBy", "INCREMENT BY"),
        ("minValue", "MINVALUE"),
        ("maxValue", "MAXVALUE"),
        ("cacheSize", "CACHE"),
    )
    text = "".join(
        f" {word} {value}"
        for key, word in words
        if (value := change.get(key)) is not None and (key, value) != ("cacheSize", "0")
    )
    return text + (" CYCLE" if change.flag("cycle") else "")


def drop_sequence(change: Change, to: Writer) -> Iterator[str]:
    yield f"DROP SEQUENCE {to.of(change, 'sequenceName')}" + (" CASCADE" if to.is_postgresql else "")


def rename_sequence(change: Change, to: Writer) -> Iterator[str]:
    new = to.name(required(change, "newSequenceName"))
    yield f"ALTER SEQUENCE {to.of(change, 'oldSequenceName')} RENAME TO {new}"


def undo_rename_sequence(change: Change, to: Writer) -> Iterator[str]:
    old = to.name(required(change, "oldSequenceName"))
    yield f"ALTER SEQUENCE {to.of(change, 'newSequenceName')} RENAME TO {old}"


def create_procedure(change: Change, to: Writer) -> Iterator[str]:
    """The text as one statement, one trailing semicolon removed."""
    text = change.get("procedureText")
    if text is None and change.get("path"):
        file = to.files.text(change, "path")
        text = change.scope.expanded(file) if change.scope else file
    yield _without_end(text if text is not None else required(change, "procedureText"))


def drop_procedure(change: Change, to: Writer) -> Iterator[str]:
    yield f"DROP PROCEDURE {to.of(change, 'procedureName')}"


WRITES = {
    "createIndex": create_index,
    "dropIndex": drop_index,
    "createView": create_view,
    "dropView": drop_view,
    "renameView": rename_view,
    "createSequence": create_sequence,
    "alterSequence": alter_sequence,
    "dropSequence": drop_sequence,
    "renameSequence": rename_sequence,
    "createProcedure": create_procedure,
    "dropProcedure": drop_procedure,
}
UNDOES = {
    "createIndex": drop_index,
    "createView": undo_create_view,
    "renameView": undo_rename_view,
    "createSequence": drop_sequence,
    "renameSequence": undo_rename_sequence,
}
