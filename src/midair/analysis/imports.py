"""What a migration that is a program takes from the application's models, by its syntax tree."""

import ast
from collections.abc import Iterator

from midair.analysis.context import Import

_MODELS = frozenset(["models", "model", "dbmodels", "orm_models"])
"""Names of the modules that hold an application's models, by the habits of its frameworks."""
_NOT_THE_APPLICATION = frozenset(["django", "alembic", "sqlalchemy", "sqlmodel"])


def model_imports(text: str) -> tuple[Import, ...]:
    """Classes imported from a module of models; constants and types of columns are no models.

    A text that is no Python gives none: whoever runs it says so.
    """
    if "import" not in text:
        return ()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return ()
    return tuple(_imports(tree))


def _imports(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and _is_models(node.module):
            for each in node.names:
                if _is_class(each.name):
                    yield Import(each.name, node.module, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module and not _is_foreign(node.module):
            for each in node.names:
                if each.name in _MODELS:
                    yield Import(each.name, node.module, node.lineno)
        elif isinstance(node, ast.Import):
            for each in node.names:
                if _is_models(each.name):
                    yield Import(each.name, each.name, node.lineno)


def _is_models(module: str) -> bool:
    return bool(_MODELS & set(module.split("."))) and not _is_foreign(module)


def _is_foreign(module: str) -> bool:
    return module.split(".")[0] in _NOT_THE_APPLICATION


def _is_class(name: str) -> bool:
    """`Order`, and neither `ORDER_STATES` nor `naming_convention`."""
    return (
        name[:1].isupper()
        and not name.isupper()
        and "_" not in name
        and not name.endswith(("Type", "Enum", "ID"))
    )
