"""Revisions as their files show them, nothing run: literal calls of `op`, one after the other.

What decides, repeats or computes is not looked at; the script's `live` says where the first of it stands.
"""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from midair.dialects.dialect import dialect_of
from midair.errors import MidairError
from midair.model.migration import Block, Direction, Migration, Script
from midair.model.statement import Span, Statement
from midair.sources.source import Project, Scripts, Work
from midair.sources.tools.alembic.operations import Call, NotLiteral, sql_of


def unexecuted(project: Project, work: Work) -> Scripts:
    """The statements of each migration that its syntax tree shows.

    They are in the order of the file, each on the line of its call. A script's `live` is the reason
    for what is missing, with its line; `None` when all of it was seen.
    """
    return Scripts({each.revision: _script(project.root, each, work) for each in work.migrations})


def _script(root: Path, migration: Migration, work: Work) -> Script:
    path = migration.span.path
    try:
        tree = ast.parse((root / path).read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        return Script(live=f"{path} cannot be read as Python: {error}")
    name = "upgrade" if work.direction is Direction.UP else "downgrade"
    function = next(
        (each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name), None
    )
    if function is None:
        return Script(live=f"{path} has no plain function {name}()")
    looking = _Looking(path, work, _constants(tree))
    looking.through(function.body, atomic=True)
    return Script(tuple(looking.blocks()), looking.missing)


def _constants(tree: ast.Module) -> dict[str, object]:
    """The module's names for literal values."""
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # computed: whoever uses it is not literal either
    return found


class _Looking:
    """Walks one function and keeps what it saw, and the first thing it could not see through."""

    def __init__(self, path: str, work: Work, constants: dict[str, object]) -> None:
        self._path = path
        self._dialect = dialect_of(work.product)
        self._constants = constants
        self._seen: list[tuple[Statement, bool]] = []
        self.missing: str | None = None

    def blocks(self) -> Iterator[Block]:
        """One transaction, cut where the file asks for statements outside of one."""
        run: list[Statement] = []
        before = True
        for statement, atomic in self._seen:
            if run and atomic is not before:
                yield Block(tuple(run), before)
                run = []
            run.append(statement)
            before = atomic
        if run:
            yield Block(tuple(run), before)

    def through(self, body: Sequence[ast.stmt], *, atomic: bool, batch: dict[str, str] | None = None) -> None:
        """Looks at statements of the function; `batch` are the names of open batch operations, with their tables."""
        for node in body:
            match node:
                case ast.Expr(value=ast.Constant()) | ast.Pass():
                    pass
                case ast.Expr(value=ast.Call() as call):
                    self._call(call, atomic=atomic, batch=batch or {})
                case ast.With(items=[item]):
                    self._with(node, item, atomic=atomic, batch=batch or {})
                case _:
                    self._not_seen(node, _WHY.get(type(node), "is not a plain call of op"))

    def _with(self, node: ast.With, item: ast.withitem, *, atomic: bool, batch: dict[str, str]) -> None:
        name = _dotted(item.context_expr)
        if name and name.endswith("autocommit_block"):
            self.through(node.body, atomic=False, batch=batch)
            return
        table = _batch_table(item.context_expr, self._constants) if name == "op.batch_alter_table" else None
        if table is None or not isinstance(item.optional_vars, ast.Name):
            self._not_seen(node, "opens something that is not op.batch_alter_table or autocommit_block")
            return
        self.through(node.body, atomic=atomic, batch={**batch, item.optional_vars.id: table})

    def _call(self, call: ast.Call, *, atomic: bool, batch: dict[str, str]) -> None:
        owner, _, method = (_dotted(call) or "").rpartition(".")
        if owner != "op" and owner not in batch:
            self._not_seen(call, "is not a call of op")
            return
        span = Span(self._path, call.lineno, call.col_offset + 1, call.end_lineno)
        try:
            texts = sql_of(Call(method, call, self._constants, batch.get(owner)))
            pieces = [piece for text in texts for piece in self._dialect.split(text, self._path, call.lineno)]
        except NotLiteral as reason:
            self._not_seen(call, str(reason))
        except MidairError as error:
            self._not_seen(call, f"holds SQL that cannot be read: {error.message}")
        else:
            self._seen += [(Statement(piece.sql, span, piece.rows), atomic) for piece in pieces]

    def _not_seen(self, node: ast.stmt | ast.expr, why: str) -> None:
        if self.missing is None:
            self.missing = f"only its literal calls of op were looked at: line {node.lineno} {why}"


_WHY: dict[type[ast.stmt], str] = {
    ast.If: "decides when it runs",
    ast.For: "repeats what it holds",
    ast.While: "repeats what it holds",
    ast.Try: "catches errors",
    ast.Assign: "computes a value",
    ast.FunctionDef: "defines a function",
    ast.Import: "imports something",
    ast.ImportFrom: "imports something",
    ast.Raise: "raises an error",
    ast.Return: "returns",
}


def _dotted(node: ast.expr) -> str | None:
    """The dotted name that is called: `op.get_context().autocommit_block()` → `op.get_context.autocommit_block`."""
    match node:
        case ast.Call(func=inner):
            return _dotted(inner)
        case ast.Attribute(value=inner, attr=name):
            below = _dotted(inner)
            return f"{below}.{name}" if below else None
        case ast.Name(id=name):
            return name
        case _:
            return None


def _batch_table(node: ast.expr, constants: dict[str, object]) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    try:
        opened = Call("batch_alter_table", node, constants, None)
        return opened.qualified("table_name", 0, None)
    except NotLiteral:
        return None
