"""The constraint behind NOT NULL has a name from 18 on, and the server chooses one that nothing beside the table has."""

from collections.abc import Iterator
from itertools import count

from midair.dialects.postgresql.changes.names import chosen
from midair.model.motion.naming import free_name
from midair.model.schema import bare_name, beside
from midair.rewriting.names import raw
from midair.rewriting.scene import Scene


def not_null_name(table: str, column: str, scene: Scene) -> str:
    """The name that `SET NOT NULL` would give it here: `dag_bundle_name_not_null`, or with a number behind where `dag_bundle` has a `name`."""
    taken = set(_beside(table, scene))
    for number in count():
        name = _chosen(table, column, number)
        if name not in taken and free_name(scene.schema, table, name) == name:
            return name
    raise AssertionError("numbers do not end")


def _beside(table: str, scene: Scene) -> Iterator[str]:
    """The names in use in the table's schema: as the catalog has them, and as the server chose them since."""
    for other in scene.schema.tables.values():
        if other.kind not in ("table", "partitioned") or beside(table, bare_name(other.name)) != other.name:
            continue
        facts = scene.attached.get(other.name)
        key = other.primary_key.columns if other.primary_key else ()
        for column in other.columns:
            if column.not_null or column.name in key:
                known = facts.columns.get(column.name) if facts is not None else None
                yield (known.not_null if known else None) or _chosen(other.name, column.name, 0)


def _chosen(table: str, column: str, number: int) -> str:
    return chosen(raw(bare_name(table)), raw(column), label=f"not_null{number or ''}")
