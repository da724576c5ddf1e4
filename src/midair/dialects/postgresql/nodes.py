"""The grammar's own names: classes of parse-tree nodes, enums and their values, made when first asked for.

The names are those of libpg_query's schema (`ParseResult`, `AT_AddColumn`). postgast makes all of them when it is
imported, and a good deal more, which takes longer than checking a hundred statements; where protobuf has its compiled
core, the same schema file is handed to that core instead.
"""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def __getattr__(name: str) -> Any:
    found = _made(name)
    globals()[name] = found  # the next access does not come here
    return found


@cache
def folder() -> Path:
    """Where postgast lies, found without importing it."""
    spec = find_spec("postgast")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("postgast is not installed", name="postgast")
    return Path(spec.submodule_search_locations[0])


def _made(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    known = _names()
    if known is None:
        from postgast import pg_query_pb2

        return getattr(pg_query_pb2, name)
    try:
        found = known[name]
    except KeyError:
        raise AttributeError(f"the grammar knows no {name}") from None
    return found


@cache
def _names() -> dict[str, Any] | None:
    """What the schema names, or `None` where protobuf has no compiled core (then postgast makes the classes).

    A message's fields find the classes of their values by themselves, so all of them are made.
    """
    try:
        core: Any = import_module("google._upb._message")
    except ImportError:
        return None
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
    from google.protobuf.message import Message

    pool: Any = core.DescriptorPool()
    for each in _files((folder() / "pg_query.desc").read_bytes()):
        pool.AddSerializedFile(each)
    schema: Any = pool.FindFileByName("pg_query.proto")
    kinds: list[Any] = list(schema.enum_types_by_name.values())
    known: dict[str, Any] = {each.name: each.number for kind in kinds for each in kind.values}
    known |= {kind.name: EnumTypeWrapper(kind) for kind in kinds}
    for each in schema.message_types_by_name.values():
        members: dict[str, Any] = {"DESCRIPTOR": each, "__module__": __name__}
        known[each.name] = core.MessageMeta(each.name, (Message,), members)
    return known


def _files(data: bytes) -> list[bytes]:
    """A serialized FileDescriptorSet is nothing but its files: tag 10, length, file, again and again."""
    found: list[bytes] = []
    place = 0
    while place < len(data):
        length = shift = 0
        place += 1
        while True:
            byte = data[place]
            place += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        found.append(data[place : place + length])
        place += length
    return found
