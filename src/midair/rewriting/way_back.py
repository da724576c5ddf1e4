"""How old columns follow from a new one that replaces them: told by SQL where it is a copy, else by the author's own word."""

from collections.abc import Iterator, Sequence

from midair.dialects.postgresql import twins
from midair.dialects.postgresql.changes import changes_of
from midair.model.change import Column, DropColumn
from midair.model.frozen import frozen
from midair.model.intent import Intent
from midair.model.schema import Table
from midair.model.statement import Statement
from midair.rewriting.recipe import NoWay

_WAYS = "say one value a column, over the table's columns: docs/intent.md"


@frozen
class WaysBack:
    """`values` are old columns, each with what gives it a value from the row `NEW`; `dropped` are all that go away."""

    values: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...]


def ways_back(
    table: Table,
    new: Column,
    value: tuple[str, str],
    intents: Sequence[Intent],
    rest: Sequence[Statement],
    *,
    required: bool,
) -> WaysBack | NoWay:
    """From a new column to those it is computed from. `value` is how it is, with its condition; `rest` follow in the
    migration; `intents` are those of the column's own statements; `required`: it refuses NULL.
    """
    sources = [each for each in twins.columns_of(" , ".join(filter(None, value))) if table.column(each)]
    drops = {column: each.intent for each, column in _drops(table, rest) if column in sources}
    dropped = tuple(each for each in sources if each in drops)
    said: list[tuple[str, str, Intent]] = [
        (column, intent.down, intent)
        for column, intent in drops.items()
        if intent is not None and intent.down is not None
    ]
    for intent in intents:
        told = _shared(intent, dropped or tuple(sources))
        if isinstance(told, NoWay):
            return told
        said += told
    if not said:
        return WaysBack(_copied(table, new, value[0], dropped, required=required), dropped)
    names = [*(each.name for each in table.columns), new.name]
    found: dict[str, str] = {}
    for column, expression, intent in said:
        text = twins.of_row(expression, "new", table.name, names)
        if text is None:
            return NoWay(f"{intent.place} says more than a row of {table.name} knows: {expression}", _WAYS)
        if column in found:
            return NoWay(f"{intent.place} says again how {column} follows", "leave one of them")
        found[column] = text
    return WaysBack(tuple(found.items()), dropped)


def _drops(table: Table, rest: Sequence[Statement]) -> Iterator[tuple[Statement, str]]:
    for statement in rest:
        for each in changes_of(statement.sql):
            if isinstance(each, DropColumn) and each.table == table.name:
                yield statement, each.column


def _shared(intent: Intent, targets: Sequence[str]) -> list[tuple[str, str, Intent]] | NoWay:
    """One value for one column, or a row of values for several."""
    values = (intent.down or "",) if len(targets) == 1 else twins.values_of(intent.down or "")
    if len(values) != len(targets):
        names = ", ".join(targets)
        return NoWay(f"{intent.place} gives {len(values)} values, and the columns are {names}", _WAYS)
    return [(column, value, intent) for column, value in zip(targets, values, strict=True)]


def _copied(
    table: Table, new: Column, expression: str, dropped: Sequence[str], *, required: bool
) -> tuple[tuple[str, str], ...]:
    """What needs no word: the one column is a copy of the other, and replaces it."""
    source = twins.copied_column(expression)
    found = table.column(source) if source is not None else None
    if found is None or found.name not in dropped or found.identity or found.generated or found.serial:
        return ()
    # A default fills what is left out and what is NULL alike: nobody could tell them apart, unless NULL is refused.
    return ((found.name, f"NEW.{new.name}"),) if found.default is None or required else ()
