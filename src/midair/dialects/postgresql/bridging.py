"""What a view that stands in a table's place has to copy, and what forbids one (expand-contract.md §2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from midair.database.session import Session
from midair.dialects.postgresql.changes.names import identifier, qualified


@dataclass(frozen=True, slots=True)
class Bridging:
    """One table. `blocked` are reasons against a view in its place, each a clause about the table ("it is partitioned").

    `grants` and `column_grants` (column and text) speak of `{view}` and `{column}`. `trigger_sources`
    are the bodies of its triggers' functions, which say column names that the server does not track.
    """

    owner: str
    row_security: bool
    blocked: tuple[str, ...]
    grants: tuple[str, ...]
    column_grants: tuple[tuple[str, str], ...]
    comment: str | None
    trigger_sources: tuple[str, ...]


def bridgings(session: Session) -> Mapping[str, Bridging]:
    """Every table outside the server's own schemas, by name; reads the catalog only.

    Raises:
        StatementFailed: the user may not read the catalog.
    """
    query = files("midair.dialects.postgresql").joinpath("catalog/bridging.sql").read_text()
    return {
        qualified(schema, name): Bridging(
            identifier(owner),
            bool(secured),
            tuple(blocked),
            tuple(grants),
            _columns(columns),
            comment,
            tuple(sources),
        )
        for schema, name, owner, secured, blocked, grants, columns, comment, sources in session.query(query)
    }


def _columns(lines: list[str]) -> tuple[tuple[str, str], ...]:
    parts = (line.split(chr(31), 1) for line in lines)
    return tuple((identifier(column), text) for column, text in parts)
