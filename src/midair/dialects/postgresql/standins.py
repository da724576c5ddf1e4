"""What a table that takes another's place must have besides its columns, and what forbids it (expand-contract.md §4.18)."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from midair.database.session import Session
from midair.dialects.postgresql.changes.names import identifier, qualified
from midair.model.frozen import frozen


@frozen
class OwnTrigger:
    """A trigger of the application's. `enabled` is the catalog's letter: `O`, `D`, `R` or `A`."""

    name: str
    definition: str
    enabled: str
    comment: str | None


@frozen
class Published:
    """A publication that names the table; no `columns` means all of them. `by_root`: it sends partitions' rows as the partitioned table's."""

    name: str
    columns: tuple[str, ...]
    filter: str | None
    by_root: bool


@frozen
class OverView:
    """A view that reads the table. `definition` is its query, in the server's words."""

    name: str
    definition: str
    options: tuple[str, ...]


@frozen
class StandIn:
    """One table. `grants` and `policies` are statements about `{table}`; `blocked` are reasons against a table in its place,
    each a clause about it. `functions` are CREATE OR REPLACE FUNCTION of those whose body is bound to it. `bytes` counts its indexes too.
    """

    owner: str
    unlogged: bool
    method: str | None
    tablespace: str | None
    options: tuple[str, ...]
    secured: bool
    identity: str
    comment: str | None
    bytes: int
    grants: tuple[str, ...]
    policies: tuple[str, ...]
    triggers: tuple[OwnTrigger, ...]
    publications: tuple[Published, ...]
    views: tuple[OverView, ...]
    functions: tuple[str, ...]
    blocked: tuple[str, ...]


def stand_ins(session: Session) -> Mapping[str, StandIn]:
    """Every table outside the server's own schemas, by name; reads the catalog only.

    Raises:
        StatementFailed: the user may not read the catalog.
    """
    query = files("midair.dialects.postgresql").joinpath("catalog/standins.sql").read_text()
    return {qualified(schema, name): _table(json.loads(text)) for schema, name, text in session.query(query)}


def _table(row: dict[str, Any]) -> StandIn:
    return StandIn(
        owner=identifier(row["owner"]),
        unlogged=row["persistence"] == "u",
        method=identifier(row["method"]) if row["method"] and row["method"] != "heap" else None,
        tablespace=identifier(row["tablespace"]) if row["tablespace"] else None,
        options=(*row["options"], *(f"toast.{each}" for each in row["toast_options"])),
        secured=row["secured"],
        identity=row["identity"],
        comment=row["comment"],
        bytes=row["bytes"],
        grants=tuple(row["grants"]),
        policies=(*row["policies"], *row["policy_comments"]),
        triggers=tuple(
            OwnTrigger(identifier(each["name"]), each["definition"], each["enabled"], each["comment"])
            for each in row["triggers"]
        ),
        publications=tuple(
            Published(
                identifier(each["name"]),
                tuple(identifier(name) for name in each["columns"]),
                each["filter"],
                each["by_root"],
            )
            for each in row["publications"]
        ),
        views=tuple(
            OverView(qualified(each["schema"], each["name"]), each["definition"], tuple(each["options"]))
            for each in row["views"]
        ),
        functions=tuple(row["functions"]),
        blocked=tuple(row["blocked"]),
    )
