"""A goose file as statements, in the transactions goose runs them in."""

from collections.abc import Iterable, Mapping

from midair.dialects.dialect import Dialect, dialect_of
from midair.errors import Unsupported
from midair.model.address import Product
from midair.model.migration import Block, Direction, Migration, Script
from midair.model.statement import Statement
from midair.sources.numbered import in_transaction, one_by_one, one_message, text_of
from midair.sources.source import Options, Project, Scratch, Scripts, Work
from midair.sources.tools.goose.sections import Piece, section_of

GO = "GO"
"""The kind of a migration that is a Go program."""
_NO_TRANSACTION = "write `-- +goose NO TRANSACTION` at the top, in a file of its own"
_SPLIT_PIECE = "end each statement on a line of its own, outside StatementBegin and StatementEnd"


def scripts(project: Project, work: Work, _: Scratch, options: Options) -> Scripts:
    """The statements of each migration in the work's direction; without a Down there are none.

    Raises:
        Unsupported: one of them is a Go program, or there is no dialect for the product.
        BadMigration: goose itself would fail on the file; the message names the line.
        NotSet: ENVSUB is on and a variable has no value.
        UnreadableFile: a file is not UTF-8 text.
    """
    if program := next((each for each in work.migrations if each.kind == GO), None):
        raise _compiled(program, work.direction)
    dialect = dialect_of(work.product, condensed=work.condensed)
    return Scripts(
        {
            each.revision: Script(_blocks(project, each, work.direction, dialect, options.variables))
            for each in work.migrations
        }
    )


def _compiled(program: Migration, direction: Direction) -> Unsupported:
    command = f"up-to {program.revision}" if direction is Direction.UP else "down"
    return Unsupported(
        f"{program.span.path} is a Go program, compiled into your own goose binary; midair runs goose's SQL files only",
        hint=f"run `{command}` with that binary, then midair goes on behind it",
    )


def _blocks(
    project: Project,
    migration: Migration,
    direction: Direction,
    dialect: Dialect,
    variables: Mapping[str, str],
) -> tuple[Block, ...]:
    path = migration.span.path
    section = section_of(text_of(project.root / path, project.root), path, direction, variables)
    if section.transaction:
        statements = [each for piece in section.pieces for each in _split(piece, path, dialect)]
        return in_transaction(statements, dialect, _NO_TRANSACTION)
    return _joined([_split(piece, path, dialect) for piece in section.pieces], dialect)


def _split(piece: Piece, path: str, dialect: Dialect) -> tuple[Statement, ...]:
    return dialect.split(piece.text, path, piece.line)


def _joined(pieces: Iterable[tuple[Statement, ...]], dialect: Dialect) -> tuple[Block, ...]:
    """Each piece is a message of its own: one statement commits alone, several are one implicit transaction."""
    pieces = [piece for piece in pieces if piece]
    if all(len(piece) == 1 for piece in pieces) or dialect.product is Product.SQLITE:
        return one_by_one([each for piece in pieces for each in piece], dialect)
    blocks: list[Block] = []
    for piece in pieces:
        for block in one_message(piece, dialect, _SPLIT_PIECE):
            if len(piece) == 1 and blocks and not blocks[-1].atomic:
                blocks[-1] = Block((*blocks[-1].statements, *block.statements), atomic=False)
            else:
                blocks.append(Block(block.statements, atomic=block.atomic and len(piece) > 1))
    return tuple(blocks)
