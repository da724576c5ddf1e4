"""The SQL that turns one definition of an object into another, where that is certain; never anything that loses rows."""

from midair.dialects.postgresql.changes.names import literal
from midair.model.inventory import Thing
from midair.model.schema import bare_name


def mending(thing: Thing, now: str | None, wanted: str | None, table: str | None) -> tuple[str, ...]:
    """Statements that bring an object from `now` to `wanted` (`None`: absent); empty where a person must decide."""
    match thing.kind:
        case "index" if wanted is None or (wanted.startswith("CREATE") and not wanted.endswith("INVALID")):
            gone = (f"DROP INDEX {thing.name}",) if now is not None else ()
            return (*gone, *((wanted,) if wanted else ()))
        case "view":
            if wanted is None:
                return (f"DROP VIEW {thing.name}",)
            return (
                (f"CREATE OR REPLACE VIEW {thing.name} AS\n{wanted.strip().rstrip(';')}",)
                if now is None
                else ()
            )
        case "constraint" if table is not None:
            name = bare_name(thing.name)
            gone = (f"ALTER TABLE {table} DROP CONSTRAINT {name}",) if now is not None else ()
            return (*gone, *((f"ALTER TABLE {table} ADD CONSTRAINT {name} {wanted}",) if wanted else ()))
        case "column" if table is not None:
            return _column(thing, now, wanted, table)
        case "trigger" if table is not None:
            plain = wanted is None or not wanted.endswith(("DISABLED", "A", "R"))
            gone = (f"DROP TRIGGER {bare_name(thing.name)} ON {table}",) if now is not None else ()
            return (*gone, *((wanted,) if wanted else ())) if plain else ()
        case "policy" if table is not None and wanted is None:
            return (f"DROP POLICY {bare_name(thing.name)} ON {table}",)
        case "function" | "procedure":
            return (wanted,) if wanted is not None else (f"DROP {thing.kind.upper()} {thing.name}",)
        case "comment":
            kind, _, name = thing.name.partition(" ")
            if kind not in ("table", "column", "function", "type", "schema"):
                return ()
            text = "NULL" if wanted is None else literal(wanted)
            return (f"COMMENT ON {kind.upper()} {name} IS {text}",)
        case "extension":
            return (f"CREATE EXTENSION {thing.name}",) if wanted is not None else ()
        case _:
            return ()


def _column(thing: Thing, now: str | None, wanted: str | None, table: str) -> tuple[str, ...]:
    """Adding is certain; dropping would lose rows, and a change of type is a person's to decide."""
    name = bare_name(thing.name)
    if now is None and wanted is not None and ("NOT NULL" not in wanted or "DEFAULT" in wanted):
        return (f"ALTER TABLE {table} ADD COLUMN {name} {wanted}",)
    if now is None or wanted is None:
        return ()
    type_now, null_now, default_now = _parts(now)
    type_wanted, null_wanted, default_wanted = _parts(wanted)
    if type_now != type_wanted or "GENERATED" in now + wanted:
        return ()
    sql: list[str] = []
    if default_now != default_wanted:
        sql.append(f"SET DEFAULT {default_wanted}" if default_wanted else "DROP DEFAULT")
    if null_now != null_wanted:
        sql.append("SET NOT NULL" if null_wanted else "DROP NOT NULL")
    return tuple(f"ALTER TABLE {table} ALTER COLUMN {name} {each}" for each in sql)


def _parts(definition: str) -> tuple[str, bool, str]:
    """Type, NOT NULL and default of a column's definition as the inventory writes it."""
    head, _, default = definition.partition(" DEFAULT ")
    return head.replace(" NOT NULL", ""), " NOT NULL" in head, default
