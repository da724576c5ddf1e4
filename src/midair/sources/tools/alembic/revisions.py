"""Reads revision files from their syntax trees: identity, parents, labels, and whether there is a way back."""

import ast
import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from midair.errors import BadMigration, UnreadableFile
from midair.model.frozen import frozen
from midair.model.statement import Span

_NAME = re.compile(r"(?!\.\#|__init__)(.*\.py)$")  # Alembic's own pattern for revision files
_OLD_NAME = re.compile(r"([a-f0-9]+)\.py$")
_IDENTIFIERS = ("revision", "down_revision", "branch_labels", "depends_on")


class Computed(Exception):
    """An identifier is not written literally: only Python can tell it."""


@frozen
class Revision:
    """One revision file. `depends_on` is as written: an id, the beginning of one, or a branch's label."""

    revision: str
    downs: tuple[str, ...]
    depends_on: tuple[str, ...]
    labels: tuple[str, ...]
    description: str
    span: Span
    checksum: str
    reversible: bool = True


def files_of(location: Path, *, recursive: bool) -> Iterator[Path]:
    """The revision files of one version location, in the order Alembic reads them."""
    for folder, below, names in os.walk(location):
        if not folder.endswith("__pycache__"):
            yield from (Path(folder) / name for name in sorted(names) if _NAME.match(name))
        if not recursive:
            return
        below.sort()


def revision_of(path: Path, root: Path) -> Revision:
    """What a file says about itself.

    Raises:
        Computed: an identifier is an expression; ask Python.
        BadMigration: the file is no Python, or names no revision.
        UnreadableFile: it cannot be read.
    """
    shown = Path(os.path.relpath(path, root)).as_posix()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{shown} cannot be read: {error.strerror}", hint="check its permissions"
        ) from error
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        where = f"{shown}:{error.lineno or 1}" if isinstance(error, SyntaxError) else shown
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise BadMigration(
            f"{where} is not Python: {said}", hint="correct it; Alembic would stop at it too"
        ) from error
    said = _identifiers(tree)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    upgrade, downgrade = functions.get("upgrade"), functions.get("downgrade")
    return Revision(
        revision=_identity(said, shown),
        downs=_several(said.get("down_revision")),
        depends_on=_several(said.get("depends_on")),
        labels=_several(said.get("branch_labels")),
        description=description_of(ast.get_docstring(tree) or ""),
        span=Span(shown, upgrade.lineno if upgrade else 1),
        checksum=sha256(content).hexdigest(),
        # A downgrade that is no plain function (imported, assigned) may well do something.
        reversible=not _refuses(downgrade) if downgrade else "downgrade" in _other_names(tree),
    )


def description_of(docstring: str) -> str:
    """The first paragraph of a revision's docstring, on one line, as Alembic shows it."""
    return " ".join(docstring.strip().split("\n\n")[0].split())


def _identity(said: dict[str, Any], shown: str) -> str:
    if isinstance(said.get("revision"), str):
        return str(said["revision"])
    if "revision" in said:
        raise BadMigration(f"{shown}: revision is {said['revision']!r}", hint="write it as a text")
    if old := _OLD_NAME.match(os.path.basename(shown)):
        return old[1]
    raise BadMigration(f"{shown} names no revision", hint="it needs a line like revision = 'ab12cd34ef56'")


def _identifiers(tree: ast.Module) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for node in tree.body:
        for name, value in _assignments(node):
            try:
                said[name] = said[value.id] if isinstance(value, ast.Name) else ast.literal_eval(value)
            except (ValueError, KeyError) as error:
                raise Computed(name) from error
    if "revision" not in said and any(_may_define(node) for node in tree.body):
        raise Computed("revision")
    return said


def _assignments(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    for target in targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        named = [each.id for each in names if isinstance(each, ast.Name) and each.id in _IDENTIFIERS]
        if named and (value is None or isinstance(target, ast.Tuple)):
            raise Computed(named[0])
        if named and value is not None:
            yield named[0], value


def _may_define(node: ast.stmt) -> bool:
    """A module-level block or an import that may define the identifiers."""
    if isinstance(node, ast.If | ast.Try | ast.With | ast.For):
        return True
    imported = node.names if isinstance(node, ast.ImportFrom) else []
    return any(each.name == "*" or (each.asname or each.name) in _IDENTIFIERS for each in imported)


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    try:
        return tuple(str(each) for each in value)
    except TypeError as error:
        raise Computed("revision") from error


def _other_names(tree: ast.Module) -> set[str]:
    assigned = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    imported = (name for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names)
    return {each.id for each in assigned if isinstance(each, ast.Name)} | {
        each.asname or each.name for each in imported
    }


def _refuses(function: ast.FunctionDef) -> bool:
    """Its first act is to raise. An empty downgrade is the author's word that nothing is to be undone."""
    acts = [
        node
        for node in function.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return bool(acts) and isinstance(acts[0], ast.Raise)


def row_counts(path: Path) -> int | None:
    """The first line of a revision file that asks how many rows a statement changed (`.rowcount`)."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    lines = [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "rowcount"
    ]
    return min(lines, default=None)
