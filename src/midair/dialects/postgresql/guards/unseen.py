"""What changes the catalog, or what names mean, in ways the schema does not show."""

from midair.dialects.postgresql import nodes as pb
from midair.dialects.postgresql.changes.expressions import is_servers_own
from midair.dialects.postgresql.parse import NotParsed, parse, walk
from midair.model.change import (
    AddColumn,
    Block,
    Change,
    ChangeDomain,
    ChangeServer,
    CreateTable,
    CreateType,
    Delete,
    DropObject,
    Insert,
    Opaque,
    Query,
    RenameObject,
    SetSetting,
    Update,
)

_SETTINGS = frozenset(["search_path", "role", "session_authorization", "all"])
_SERVER = frozenset(
    [
        "alter extension", "alter extension contents", "create extension", "create foreign table", "define", "drop owned",
        "import foreign schema",
    ]
)  # fmt: skip
_FUNCTIONS_ONLY = frozenset(["pgcrypto", '"uuid-ossp"', "pg_trgm", "unaccent", "plpgsql", "fuzzystrmatch"])
"""Extensions that bring no relation, constraint or type that a project would ask for."""
_ELSEWHERE = (ChangeServer, Delete, Insert, Query, SetSetting, Update)
"""Changes that may happen or not: the schema is the same."""


def unseen(sql: str, changes: tuple[Change, ...]) -> bool:
    """After the statement, things may be there that the schema does not have, or gone that it has."""
    if isinstance(changes[0], Block):
        return any(_is_unseen(each) or not isinstance(each, _ELSEWHERE) for each in changes[1:])
    return any(_is_unseen(each) for each in changes) or _names_not_null(sql, changes)


def _is_unseen(change: Change) -> bool:
    match change:
        case SetSetting(name=name):
            return name in _SETTINGS
        case ChangeServer(action=action, subject=name):
            return (action in _SERVER and name not in _FUNCTIONS_ONLY) or action.startswith("set schema of ")
        case DropObject(kind=kind) | RenameObject(kind=kind):
            return kind in ("schema", "extension")
        case CreateType(constrained=constrained, kind=kind):
            return constrained or kind not in ("enum", "composite", "domain")
        case ChangeDomain(verb=verb):
            return verb.startswith("add constraint")
        case Query():
            return not _only_looks(change)
        case _:
            return isinstance(change, Opaque)


def _only_looks(change: Change) -> bool:
    """It calls nothing but the server's own functions, and none that changes settings."""
    return isinstance(change, Query) and all(
        is_servers_own(each) and each != "set_config" for each in change.functions
    )


def _names_not_null(sql: str, changes: tuple[Change, ...]) -> bool:
    """A column's NOT NULL gets a name from the author, which PostgreSQL 18 keeps and the schema does not."""
    if "CONSTRAINT" not in sql.upper() or not any(
        isinstance(each, CreateTable | AddColumn) for each in changes
    ):
        return False
    try:
        trees = parse(sql)
    except NotParsed:
        return True
    return any(
        label == "Constraint" and node.contype == pb.CONSTR_NOTNULL and node.conname
        for tree in trees
        for label, node in walk(tree)
    )
