"""Types as the grammar gives them, under the server's internal names."""

from typing import Any

from midair.dialects.postgresql.changes.names import qualified, strings
from midair.model.change import DataType

_SERIAL = {
    "serial": "int4", "serial4": "int4", "bigserial": "int8", "serial8": "int8", "smallserial": "int2", "serial2": "int2",
}  # fmt: skip
_ALIASES = {
    "int": "int4",
    "integer": "int4",
    "bigint": "int8",
    "smallint": "int2",
    "decimal": "numeric",
    "boolean": "bool",
}


def data_type(type_name: Any) -> tuple[DataType, bool]:
    """The type, and whether it was one of the serial pseudo-types."""
    names = strings(type_name.names)
    bare = names[-1] if names else ""
    dimensions = len(type_name.array_bounds)
    if len(names) == 1 and bare in _SERIAL:
        return DataType(_SERIAL[bare], (), dimensions), True
    known = names[0] == "pg_catalog" if names else False
    name = _ALIASES.get(bare, bare) if known else qualified(*names)
    modifiers = tuple(_number(each) for each in type_name.typmods)
    if name == "interval" and len(modifiers) == 2:
        modifiers = modifiers[1:]  # the first is the mask of fields
    elif name == "interval":
        modifiers = ()
    if name == "bpchar" and modifiers == ():
        modifiers = ()
    return DataType(name, modifiers, dimensions), False


def _number(node: Any) -> int:
    return int(node.a_const.ival.ival) if node.WhichOneof("node") == "a_const" else 0
