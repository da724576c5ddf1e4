"""Every object of a server's database with its definition, in one query of the catalog."""

from functools import cache
from importlib.resources import files

from midair.database.session import Session
from midair.model.inventory import Inventory, Thing


def inventory(session: Session) -> Inventory:
    """What the user's schemas hold now; extensions' own objects, owners and column order are left out.

    Definitions are printed with an empty search path, so two of them compare as text; not for use inside
    a transaction, whose own search path this would settle.

    Raises:
        StatementFailed: the user may not read the catalog.
        ConnectionLost: the connection broke.
    """
    path = session.query("SELECT pg_catalog.current_setting('search_path')")[0][0]
    session.query("SELECT pg_catalog.set_config('search_path', '', false)")
    try:
        rows = session.query(_query())
    finally:
        session.query("SELECT pg_catalog.set_config('search_path', %s, false)", (path,))
    things = [(Thing(kind, name), definition or "", table) for kind, name, definition, table in rows]
    return Inventory(
        {thing: definition for thing, definition, _ in things},
        {thing: table for thing, _, table in things if table},
    )


@cache
def _query() -> str:
    return files("midair.dialects.postgresql").joinpath("catalog/inventory.sql").read_text()
