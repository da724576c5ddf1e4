"""What an `env.py` says about itself in plain words: read from its syntax tree, never run.

env.py is the user's program, so this finds only what is written literally; the worker's report of
the run has the last word, and a difference is an error, not a guess.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from midair.model.frozen import frozen

_USES_INI = (
    "get_main_option",
    "get_section",
    "get_section_option",
    "engine_from_config",
    "async_engine_from_config",
)


@frozen
class EnvFile:
    """`unclear` are settings that are computed: nothing but running env.py can tell them.

    `variables` are the environment variables it reads; `sets_url` that it gives the ini's URL another value.
    """

    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    version_table_pk: bool = True
    transaction_per_migration: bool = False
    uses_ini_url: bool = True
    sets_url: bool = False
    variables: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def env_file(path: Path) -> EnvFile:
    """The settings written in an env.py; the defaults where there is none or it is no Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return EnvFile()
    constants = dict(_constants(tree))
    said: dict[str, object] = {}
    unclear: list[str] = []
    for name, value in _configured(tree):
        try:
            said[name] = constants[value.id] if isinstance(value, ast.Name) else ast.literal_eval(value)
        except (KeyError, ValueError):
            unclear.append(name)
    table, schema = said.get("version_table"), said.get("version_table_schema")
    names = {each.attr if isinstance(each, ast.Attribute) else each.id for each in _named(tree)}
    return EnvFile(
        version_table=table if isinstance(table, str) else "alembic_version",
        version_table_schema=schema if isinstance(schema, str) else None,
        version_table_pk=said.get("version_table_pk") is not False,
        transaction_per_migration=said.get("transaction_per_migration") is True,
        uses_ini_url=any(name in names for name in _USES_INI),
        sets_url=any(_sets_url(node) for node in ast.walk(tree)),
        variables=tuple(dict.fromkeys(_variables(tree))),
        unclear=tuple(dict.fromkeys(unclear)),
    )


def _constants(tree: ast.Module) -> Iterator[tuple[str, object]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value.value


def _configured(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    wanted = {"version_table", "version_table_schema", "version_table_pk", "transaction_per_migration"}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "configure"
        ):
            for keyword in node.keywords:
                if keyword.arg in wanted:
                    yield keyword.arg, keyword.value


def _named(tree: ast.Module) -> Iterator[ast.Attribute | ast.Name]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name))


def _sets_url(node: ast.AST) -> bool:
    """`config.set_main_option("sqlalchemy.url", …)`, or `section["sqlalchemy.url"] = …`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        first = node.args[0] if node.args else None
        named = isinstance(first, ast.Constant) and first.value == "sqlalchemy.url"
        return node.func.attr in ("set_main_option", "set_section_option") and named
    return (
        isinstance(node, ast.Assign)
        and not _reads_config(node.value)
        and any(
            isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
            and target.slice.value in ("sqlalchemy.url", "url")
            for target in node.targets
        )
    )  # fmt: skip


def _reads_config(node: ast.expr) -> bool:
    """`….get_section_option(name, "sqlalchemy.url")`: the ini's own URL under another name."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("get_section_option", "get_main_option")
    )


def _variables(tree: ast.Module) -> Iterator[str]:
    """`os.environ["X"]`, `os.environ.get("X")`, `os.getenv("X")`, `environ["X"]`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Subscript)
            and _is_environ(node.value)
            and isinstance(node.slice, ast.Constant)
        ):
            yield str(node.slice.value)
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func
            if isinstance(called, ast.Name) and called.id == "getenv":
                yield str(node.args[0].value)
            if isinstance(called, ast.Attribute) and (
                called.attr == "getenv" or (called.attr == "get" and _is_environ(called.value))
            ):
                yield str(node.args[0].value)


def _is_environ(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (
        isinstance(node, ast.Name) and node.id == "environ"
    )
