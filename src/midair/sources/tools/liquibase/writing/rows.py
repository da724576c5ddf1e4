"""insert, update, delete."""

from collections.abc import Iterator

from midair.errors import BadMigration
from midair.sources.tools.liquibase.model import Change
from midair.sources.tools.liquibase.writing.writer import Writer


def insert(change: Change, to: Writer) -> Iterator[str]:
    """One row; a column without any value gets NULL."""
    schema = change.get("schemaName")
    columns = change.columns or ()
    _refuse_blobs(change)
    names = ", ".join(to.name(each.name) for each in columns)
    values = ", ".join(to.value(each, schema) or "NULL" for each in columns)
    yield f"INSERT INTO {to.of(change)} ({names}) VALUES ({values})"


def update(change: Change, to: Writer) -> Iterator[str]:
    schema = change.get("schemaName")
    _refuse_blobs(change)
    sets = ", ".join(
        f"{to.name(each.name)} = {to.value(each, schema) or 'NULL'}" for each in change.columns or ()
    )
    yield f"UPDATE {to.of(change)} SET {sets}{_where(change, to)}"


def delete(change: Change, to: Writer) -> Iterator[str]:
    yield f"DELETE FROM {to.of(change)}{_where(change, to)}"


def _where(change: Change, to: Writer) -> str:
    """`:name` and `:value` are replaced pair by pair, in order."""
    text = change.get("where")
    if not text:
        return ""
    for each in change.where_parameters:
        if each.name:
            text = text.replace(":name", to.name(each.name), 1)
        text = text.replace(":value", to.value(each) or "NULL", 1)
    return f" WHERE {text}"


def _refuse_blobs(change: Change) -> None:
    for each in change.columns or ():
        if each.get("valueBlobFile") is not None:
            raise BadMigration(
                f"{each.span} valueBlobFile sends a file as a parameter, which midair does not do yet",
                hint="run this changeSet with Liquibase and record it with `midair stamp`",
            )


WRITES = {"insert": insert, "update": update, "delete": delete}
