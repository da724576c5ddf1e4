"""A golang-migrate file as statements, in the transactions the server makes of it."""

from collections.abc import Sequence

from midair.dialects.dialect import Dialect, dialect_of
from midair.errors import BadMigration
from midair.model.address import Product
from midair.model.migration import Block, Direction, Script
from midair.model.statement import Statement
from midair.sources.numbered import in_transaction, one_by_one, one_message, shown, text_of, yes
from midair.sources.source import Options, Project, Scratch, Scripts, Work
from midair.sources.tools.golang_migrate.files import Pair, pairs_in

_SPLIT_FILE = (
    "split the file in two migrations, or run the tool with x-multi-statement=true and set multi_statement"
)
_NO_WRAP = (
    "if the project runs golang-migrate with x-no-tx-wrap=true, say so: in the URL (?x-no-tx-wrap=true),"
    " or no_tx_wrap = true under [tools.golang_migrate] in midair.toml"
)


def scripts(project: Project, work: Work, _: Scratch, __: Options) -> Scripts:
    """The statements of each migration in the work's direction; a missing file is an empty script.

    Raises:
        BadMigration: the tool itself would fail on the file; the message names the line.
        UnreadableFile: a file is not UTF-8 text.
        Unsupported: there is no dialect for the product.
    """
    pairs = {str(pair.version): pair for pair in pairs_in(project.folder, project.root)}
    return Scripts(
        {
            each.revision: Script(
                blocks_of(
                    project, pairs[each.revision], work.direction, work.product, condensed=work.condensed
                )
            )
            for each in work.migrations
        }
    )


def blocks_of(
    project: Project, pair: Pair, direction: Direction, product: Product, *, condensed: bool = False
) -> tuple[Block, ...]:
    """The blocks of one file; see `scripts` for what it raises."""
    name = pair.up if direction is Direction.UP else pair.down
    if name is None:
        return ()
    cut_by_tool = yes(project.settings.get("multi_statement"))
    dialect = dialect_of(product, condensed=condensed and not cut_by_tool)
    text = text_of(project.folder / name, project.root)
    path = shown(project.folder / name, project.root)
    statements = dialect.split(text, path, 1)
    if product is Product.SQLITE:
        # The tool opens a transaction around the file, unless it is told not to.
        return (
            one_by_one(statements, dialect)
            if yes(project.settings.get("no_tx_wrap"))
            else in_transaction(statements, dialect, _NO_WRAP)
        )
    if cut_by_tool:
        _check_naive_cut(text, path, statements, dialect)
        return one_by_one(statements, dialect)
    return one_message(statements, dialect, _SPLIT_FILE)


def _check_naive_cut(text: str, path: str, statements: Sequence[Statement], dialect: Dialect) -> None:
    """The tool cuts at every `;` byte, in strings, comments and bodies too: what comes of it must be the statements.

    Raises:
        BadMigration: it is not.
    """
    line = 1
    expected = iter(statements)
    for piece in text.split(";"):
        try:
            found = dialect.split(piece, path, line)
        except BadMigration:
            raise _cut_apart(path, line + piece.count("\n")) from None
        for statement in found:
            wanted = next(expected, None)
            if wanted is None or wanted.sql != statement.sql:
                raise _cut_apart(path, statement.span.line)
        line += piece.count("\n")


def _cut_apart(path: str, line: int) -> BadMigration:
    return BadMigration(
        f"{path}:{line} has a semicolon inside a statement or comment, where golang-migrate's x-multi-statement cuts it apart",
        hint="move that statement to a file that runs without x-multi-statement, or take the semicolon out of the comment",
    )
