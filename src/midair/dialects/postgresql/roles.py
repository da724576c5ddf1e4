"""Which roles a statement names."""

from midair.dialects.postgresql.parse import parse, walk
from midair.errors import NotParsed

_ORDINARY = 1
"""`ROLESPEC_CSTRING` of PostgreSQL's grammar: a name, as against PUBLIC or CURRENT_USER."""


def roles_named(sql: str) -> tuple[str, ...]:
    """Every role it speaks of, but for those it creates."""
    try:
        trees = parse(sql)
    except NotParsed:
        return ()
    if any(tree.WhichOneof("node") == "create_role_stmt" for tree in trees):
        return ()
    return tuple(
        node.rolename
        for tree in trees
        for name, node in walk(tree)
        if name == "RoleSpec" and node.roletype == _ORDINARY
    )
