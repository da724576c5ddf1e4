"""SQL files that are no tool's project: what stands in a folder, or is named, or comes through a pipe."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from midair.dialects.dialect import dialect_of
from midair.errors import NothingHere
from midair.model.address import Product
from midair.model.migration import Block, Migration, RevisionId, Script
from midair.model.statement import Span
from midair.sources.numbered import text_in, text_of

PIPED = "-"
"""The name that stands for standard input."""
SHOWN = "stdin"
"""How reports call it."""


def named_files(root: Path, names: Iterable[str]) -> tuple[str, ...] | None:
    """The SQL files that names mean, each a file, a folder or `-`, in the order of their names; `None` when one means none.

    Numbers in names count as numbers, so that `V2` is before `V10`. Of a folder, files that end in `.sql`
    are meant, in folders below it too.

    Raises:
        NothingHere: a folder holds none.
    """
    found: dict[str, None] = {}
    for name in names:
        path = root / name
        if name == PIPED or path.is_file():
            found[name] = None
        elif path.is_dir():
            found |= dict.fromkeys(_below(path, root))
        else:
            return None
    return tuple(sorted(found, key=_order))


def _below(folder: Path, root: Path) -> Iterator[str]:
    inside = [each for each in folder.rglob("*.sql") if each.is_file() and not _hidden(each, folder)]
    if not inside:
        raise NothingHere(f"no SQL files are in {folder}", hint="name a file, or a folder with *.sql in it")
    # Names start at the root when the folder is below it, whatever way it was written.
    near = folder.resolve().is_relative_to(root.resolve())
    for each in inside:
        yield each.resolve().relative_to(root.resolve()).as_posix() if near else each.as_posix()


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _order(name: str) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    return tuple(
        tuple((0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in _PIECES.findall(part))
        for part in PurePosixPath(name).parts
    )


_PIECES = re.compile(r"[0-9]+|[^0-9]+")


def migration_of(name: str) -> Migration:
    """The file as a migration of its own; its name is its revision."""
    shown = SHOWN if name == PIPED else name
    return Migration(RevisionId(shown), PurePosixPath(shown).stem, Span(shown, 1), reversible=False)


def script_of(root: Path, name: str, piped: bytes | None, *, atomic: bool) -> Script:
    """A file's statements, run one by one as `psql -f` does, or in one transaction. `piped` is what `-` stands for.

    Raises:
        UnreadableFile: it is missing or not UTF-8.
        BadMigration: a quote never ends, or a psql command stands in it.
    """
    if name == PIPED:
        text, shown = text_in(piped or b"", SHOWN), SHOWN
    else:
        text, shown = text_of(root / name, root), name
    statements = dialect_of(Product.POSTGRESQL, condensed=True).split(text, shown, 1)
    return Script((Block(statements, atomic=atomic),)) if statements else Script()
