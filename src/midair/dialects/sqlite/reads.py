"""Which of the user's tables a query reads."""

_CATALOGS = ("sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_sequence", "pragma_")


def reads(sql: str) -> tuple[str, ...] | None:
    """The user's tables a pure query reads; `None` when it does more than look, or cannot be parsed."""
    from sqlglot import ParseError, exp, parse_one

    if sql.lstrip()[:6].upper() == "PRAGMA":
        return ()
    try:
        tree = parse_one(sql, read="sqlite")
    except ParseError:
        return None
    if not isinstance(tree, exp.Select | exp.Union):
        return None
    named = {each.alias for each in tree.find_all(exp.CTE)}
    tables = dict.fromkeys(each.name for each in tree.find_all(exp.Table))
    return tuple(name for name in tables if name and name not in named and not name.startswith(_CATALOGS))
