"""Puts certain remedies into the files of migrations that nobody has applied."""

from dataclasses import dataclass
from pathlib import Path

from midair.analysis.mend import mended
from midair.errors import UnreadableFile
from midair.pipeline.check import Checking


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file that was edited: relative to the root, and how many of its statements were rewritten."""

    path: str
    statements: int


def fix(checking: Checking) -> tuple[Fixed, ...]:
    """Edits the SQL files of migrations known not to be applied; programs and everything else stay as they are.

    Raises:
        UnreadableFile: a file cannot be written.
    """
    mine = [each for each in checking.findings if each.revision in checking.unapplied]
    paths = sorted({each.span.path for each in mine if each.span.path.endswith(".sql")})
    done: list[Fixed] = []
    for path in paths:
        file = checking.root / path
        try:
            old = file.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            continue  # what is not UTF-8 text cannot be given back byte for byte
        text, answered = mended(old, path, mine)
        if answered:
            _write(file, text)
            done.append(Fixed(path, len(answered)))
    return tuple(done)


def _write(file: Path, text: str) -> None:
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise UnreadableFile(
            f"{file} cannot be written: {error.strerror}", hint="allow writing, or edit it by hand"
        ) from error
