"""Puts certain remedies into the files of migrations that nobody has applied."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from midair.analysis.mend import mended
from midair.errors import UnreadableFile
from midair.model.finding import Risk
from midair.model.frozen import frozen
from midair.pipeline.check import Checking, Question, check
from midair.pipeline.request import Request


@frozen
class Fixed:
    """What came of it. `found` is what `check` finds afterwards, `statements` how many were rewritten in which file.

    `kept` are files where the remedy would not do: their tool runs them in a transaction.
    """

    found: Checking
    statements: Mapping[str, int] = field(default_factory=dict[str, int])
    kept: tuple[str, ...] = ()


@frozen
class _Edit:
    path: str
    old: str
    new: str
    statements: int


def fix(request: Request, question: Question, found: Checking) -> Fixed:
    """Edits the SQL files of migrations known not to be applied, and looks at them again.

    A file that is worse afterwards, because its tool cannot run it like that, gets its old text back.
    Programs and everything else stay as they are.

    Raises:
        UnreadableFile: a file cannot be written.
    """
    edits = tuple(_edits(found))
    if not edits:
        return Fixed(found)
    try:
        for each in edits:
            _write(found.root / each.path, each.new)
        after = check(request, question)
        worse = [each for each in edits if _is_worse(each.path, found, after)]
    except BaseException:
        for each in edits:
            _write(found.root / each.path, each.old)
        raise
    for each in worse:
        _write(found.root / each.path, each.old)
    done = {each.path: each.statements for each in edits if each not in worse}
    return Fixed(check(request, question) if worse else after, done, tuple(each.path for each in worse))


def _edits(found: Checking) -> Iterator[_Edit]:
    mine = [each for each in found.findings if each.revision in found.unapplied]
    for path in sorted({each.span.path for each in mine if each.span.path.endswith(".sql")}):
        try:
            old = (found.root / path).read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            continue  # what is not UTF-8 text cannot be given back byte for byte
        text, answered = mended(old, path, mine)
        if answered:
            yield _Edit(path, old, text, len(answered))


def _is_worse(path: str, before: Checking, after: Checking) -> bool:
    """Something high is found there that was not before."""
    known = {each.code for each in before.findings if each.span.path == path}
    return any(
        each.span.path == path and each.risk is Risk.HIGH and each.code not in known
        for each in after.findings
    )


def _write(file: Path, text: str) -> None:
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise UnreadableFile(
            f"{file} cannot be written: {error.strerror}", hint="allow writing, or edit it by hand"
        ) from error
