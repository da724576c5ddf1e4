"""Files on the search path: found, confined to it, read within limits (liquibase.md §1.1)."""

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from midair.errors import BadMigration, BadSetting, UnreadableFile
from midair.model.frozen import frozen
from midair.model.statement import Span
from midair.sources.tools.liquibase.model import Change
from midair.sources.tools.liquibase.nodes import MOST_BYTES

_DRIVE = re.compile(r"^[A-Za-z]:")


@frozen
class SearchPath:
    """The folders files are looked for in, strongest first; nothing outside them is ever read."""

    folders: tuple[Path, ...]
    root: Path
    """The project's root, for showing paths."""

    def locate(self, name: str, span: Span) -> Path | None:
        """The file of this logical name, or `None`.

        Raises:
            BadMigration: the name leads out of the search path.
        """
        plain = normal(name)
        if plain.startswith("../") or plain == ".." or "\0" in plain:
            raise BadMigration(
                f"{span} names {name!r}, which is outside the search path",
                hint="keep the file inside the project, or add its folder to searchPath",
            )
        for folder in self.folders:
            path = folder / plain
            if not os.path.exists(path):  # Path.exists raises for a name no file can have
                continue
            if not path.resolve().is_relative_to(folder.resolve()):
                raise BadMigration(
                    f"{span} names {name!r}, which leads out of the search path by a link",
                    hint="add the folder it points to to searchPath",
                )
            return path
        return None

    def under(self, name: str, span: Span) -> Iterator[tuple[str, int]]:
        """The logical names of all files below a folder, with their depth: 1 for those right in it."""
        top = normal(name)
        for folder in self.folders:
            if self.locate(name, span) is None:
                return
            start = folder / top
            for here, _, names in os.walk(start):
                inner = Path(here).relative_to(start)
                for each in names:
                    path = posixpath.normpath(posixpath.join(top, inner.as_posix(), each))
                    yield path, len(inner.parts) + 1

    def shown(self, path: Path) -> str:
        """A path as spans show it: relative to the project's root."""
        return Path(os.path.relpath(path, self.root)).as_posix()

    def content(self, path: Path) -> bytes:
        """A file's bytes.

        Raises:
            UnreadableFile: it cannot be read, is no regular file, or is larger than any changelog.
        """
        shown = self.shown(path)
        try:
            if not path.is_file():
                raise UnreadableFile(f"{shown} is not a file")
            if path.stat().st_size > MOST_BYTES:
                raise UnreadableFile(f"{shown} has more than {MOST_BYTES // 1_000_000} MB", hint="split it")
            return path.read_bytes()
        except OSError as error:
            raise UnreadableFile(
                f"{shown} cannot be read: {error.strerror}", hint="check its permissions"
            ) from error


def normal(name: str) -> str:
    """A logical path: `/` only, no `classpath:`, no drive, no leading `/`, `.` and `..` resolved."""
    plain = name.replace("\\", "/").removeprefix("classpath:")
    plain = _DRIVE.sub("", plain).lstrip("/")
    return posixpath.normpath(plain) if plain else plain


def beside(file: str, name: str) -> str:
    """A name relative to the file that says it."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(normal(file)), name.replace("\\", "/")))


@frozen
class ChangeFiles:
    """The files that changes name by `path` or `file`."""

    search: SearchPath
    encoding: str

    def raw(self, change: Change, key: str) -> bytes:
        """The file's bytes.

        Raises:
            BadMigration: the change names none, or it is not there.
        """
        return self.search.content(self.path(change, key))

    def path(self, change: Change, key: str) -> Path:
        """Where the file is."""
        name = change.get(key)
        if not name:
            raise BadMigration(f"{change.span} {change.name} needs {key}", hint=f"name the file in {key}")
        full = beside(change.file, name) if change.flag("relativeToChangelogFile") else name
        path = self.search.locate(full, change.span)
        if path is None:
            where = (
                "relative to the changelog"
                if change.flag("relativeToChangelogFile")
                else "on the search path"
            )
            raise BadMigration(
                f"{change.span} The file {full} was not found {where}", hint="check its name and searchPath"
            )
        return path

    def text(self, change: Change, key: str) -> str:
        """The file's text, without a byte order mark.

        Raises:
            UnreadableFile: it is not in the encoding that is said.
        """
        path = self.path(change, key)
        data = self.search.content(path)
        encoding = change.get("encoding") or self.encoding
        try:
            text = data.decode(encoding)
        except LookupError as error:
            raise BadSetting(
                f"{change.span} encoding {encoding!r} is not an encoding", hint="for instance UTF-8"
            ) from error
        except UnicodeDecodeError as error:
            if encoding.upper().replace("-", "") != "UTF8":
                line = data.count(b"\n", 0, error.start) + 1
                raise UnreadableFile(
                    f"{self.search.shown(path)}:{line} is not {encoding}", hint="set encoding to what it is"
                ) from error
            text = data.decode(encoding, "replace")  # as Java: the checksum ignores what it could not read
        return text.removeprefix("\ufeff")
