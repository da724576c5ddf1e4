"""A dbmate section as statements, in the transaction the tool runs it in."""

from pathlib import Path

from midair.dialects.dialect import Dialect, dialect_of
from midair.model.address import Product
from midair.model.migration import Block, Direction, Migration, Script
from midair.sources.numbered import in_transaction, one_by_one, one_message, text_of
from midair.sources.source import Options, Project, Scratch, Scripts, Work
from midair.sources.tools.dbmate.sections import sections_of

_NO_TRANSACTION = "write `-- migrate:up transaction:false` (or down) above it, in a file of its own"
_SPLIT_FILE = "move it to a migration of its own"


def scripts(project: Project, work: Work, _: Scratch, __: Options) -> Scripts:
    """The statements of each migration's section in the work's direction.

    Raises:
        BadMigration: dbmate itself would fail on the file; the message names the line.
        UnreadableFile: a file is not UTF-8 text.
        Unsupported: there is no dialect for the product.
    """
    dialect = dialect_of(work.product, condensed=work.condensed)
    return Scripts(
        {
            each.revision: Script(_blocks(project.root, each, work.direction, dialect))
            for each in work.migrations
        }
    )


def _blocks(root: Path, migration: Migration, direction: Direction, dialect: Dialect) -> tuple[Block, ...]:
    path = migration.span.path
    up, down = sections_of(text_of(root / path, root), path)
    section = up if direction is Direction.UP else down
    statements = dialect.split(section.text, path, section.line)
    if section.transaction:
        return in_transaction(statements, dialect, _NO_TRANSACTION)
    if dialect.product is Product.SQLITE:
        return one_by_one(statements, dialect)  # SQLite commits each statement of a message on its own
    # Still one message, so two statements form an implicit transaction: unless one must stand
    # alone an atomic block has the same effects, and the version row joins it.
    return one_message(statements, dialect, _SPLIT_FILE)
