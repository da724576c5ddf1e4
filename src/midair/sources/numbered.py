"""What golang-migrate, dbmate and goose have in common: numbered SQL files in one line, written for Go drivers.

Each tool's own rules (names, sections, table) stay in its folder; here is only what they share:
reading a file, the next number, and which transaction the statements of a file run in.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from midair.database.session import Session
from midair.dialects.dialect import Dialect
from midair.errors import BadMigration, BadSetting, UnreadableFile
from midair.model.address import Address, Product, Secret
from midair.model.migration import Block
from midair.model.statement import Statement

_BOM = b"\xef\xbb\xbf"
_SKIPPED_FOLDERS = {"node_modules", "vendor", "venv", "__pycache__", "target", "dist"}
_INNER = ("", "migrations", "migration", "db/migrations")
_OWN_BEGIN = {"BEGIN", "BEGIN TRANSACTION", "BEGIN WORK", "START TRANSACTION"}
_OWN_END = {"COMMIT", "COMMIT TRANSACTION", "COMMIT WORK", "END", "END TRANSACTION", "END WORK"}
_TIMESTAMP = "%Y%m%d%H%M%S"


# Files


def folders(folder: Path) -> Iterator[Path]:
    """The folder itself, those right below it, and the usual homes of migrations inside each."""
    tops = [folder]
    with os.scandir(folder) as entries:
        below = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    tops += [folder / name for name in below if name not in _SKIPPED_FOLDERS]
    seen: set[Path] = set()
    for path in (top / inner for top in tops for inner in _INNER):
        if path not in seen and path.is_dir():
            seen.add(path)
            yield path


def file_names(folder: Path) -> list[str]:
    """The names of the regular files in a folder, in text order, folders below it left out.

    Raises:
        UnreadableFile: the folder is missing or may not be read.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_file())
    except OSError as error:
        raise UnreadableFile(
            f"{folder} cannot be read: {error.strerror}", hint="check the folder's name and permissions"
        ) from error


def shown(path: Path, root: Path) -> str:
    """A path as spans and messages show it: relative to the project's root, with `/`."""
    return Path(os.path.relpath(path, root)).as_posix()


def content_of(path: Path, root: Path) -> bytes:
    """The bytes of a file.

    Raises:
        UnreadableFile: it is missing or may not be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{shown(path, root)} cannot be read: {error.strerror}", hint="check its permissions"
        ) from error


def checksum_of(content: bytes) -> str:
    """The digest midair's journal keeps; these tools keep none of their own."""
    return sha256(content).hexdigest()


def text_of(path: Path, root: Path) -> str:
    """The SQL text of a file, byte for byte.

    Raises:
        UnreadableFile: it is missing, not UTF-8, or holds what no server takes in SQL.
    """
    return text_in(content_of(path, root), shown(path, root))


def text_in(content: bytes, name: str) -> str:
    """Bytes as SQL text; `name` is how an error calls them.

    Raises:
        UnreadableFile: they are not UTF-8, or hold what no server takes in SQL.
    """
    if content.startswith(_BOM):
        raise UnreadableFile(
            f"{name} begins with a byte order mark (bytes 1–3), which the tool would send to the server as SQL",
            hint="save the file as UTF-8 without a byte order mark",
        )
    if (zero := content.find(b"\0")) >= 0:
        raise UnreadableFile(
            f"{name}:{_line(content, zero)} holds a NUL byte (byte {zero + 1})",
            hint="remove it; was the file saved as UTF-16?",
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{name}:{_line(content, error.start)} is not UTF-8 text (byte {error.start + 1})",
            hint="save the file in UTF-8",
        ) from error


def _line(content: bytes, offset: int) -> int:
    return content.count(b"\n", 0, offset) + 1


# New files


def slug(description: str) -> str:
    """A description as part of a file name.

    Raises:
        BadSetting: nothing is left of it.
    """
    title = re.sub(r"\W+", "_", description.strip().lower()).strip("_")
    if not title:
        raise BadSetting(f"{description!r} gives no file name", hint="describe the migration in a few words")
    return title


def next_number(existing: Sequence[str], digits: int, style: str | None) -> str:
    """The number of a new migration, in the way the folder counts already: a sequence or UTC timestamps.

    `existing` are the digit prefixes in use; `digits` the width of a fresh sequence; `style` is
    `sequence` or `timestamp` where the user chose.

    Raises:
        BadSetting: `style` is something else.
    """
    if style not in (None, "sequence", "timestamp"):
        raise BadSetting(f"numbering is {style!r}", hint="write sequence or timestamp")
    newest = max(map(int, existing), default=0)
    if style == "timestamp" or (style is None and (not existing or newest >= 10**13)):
        return str(max(int(datetime.now(UTC).strftime(_TIMESTAMP)), newest + 1))
    if style is None and newest >= 10**9:  # ten digits: seconds since 1970
        return str(max(int(datetime.now(UTC).timestamp()), newest + 1))
    counted = [prefix for prefix in existing if int(prefix) < 10**9]
    width = len(max(counted, key=int)) if counted else digits
    return str(max(map(int, counted), default=0) + 1).zfill(width)


def written(path: Path, text: str) -> Path:
    """Writes a new file and gives its path.

    Raises:
        BadSetting: it is there already, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be written: {error.strerror}", hint="choose another description or folder"
        ) from error
    return path


# Transactions


def one_message(statements: Sequence[Statement], dialect: Dialect, way_out: str) -> tuple[Block, ...]:
    """The blocks of a text that the tool sends as one message, without a transaction of its own.

    PostgreSQL runs such a message as one implicit transaction, so an atomic block has its effects
    (manual, "Multiple Statements in a Simple Query"). `way_out` says how the tool would take it.

    Raises:
        BadMigration: the server would refuse the message, because a statement must stand alone.
    """
    if not statements:
        return ()
    alone = _alone(statements, dialect)
    if alone and len(statements) > 1:
        raise BadMigration(
            f"{alone.span} cannot run beside other statements: {_head(alone)} needs a message of its own, "
            "and the tool sends the text as one",
            hint=way_out,
        )
    if any(map(dialect.controls_transaction, statements)):
        return _as_begun(statements, dialect)
    return (Block(tuple(statements), atomic=alone is None),)


def in_transaction(statements: Sequence[Statement], dialect: Dialect, way_out: str) -> tuple[Block, ...]:
    """The blocks of a text that the tool runs between its own BEGIN and COMMIT.

    Raises:
        BadMigration: a statement cannot run there, or ends the tool's transaction early.
    """
    if not statements:
        return ()
    if alone := _alone(statements, dialect):
        raise BadMigration(
            f"{alone.span} cannot run in a transaction, which the tool opens: {_head(alone)}", hint=way_out
        )
    control = next(
        (each for each in statements if dialect.controls_transaction(each) and not _savepoint(each)), None
    )
    if control is None:
        return (Block(tuple(statements)),)
    # PostgreSQL only warns about a BEGIN in a transaction; SQLite refuses it.
    if dialect.product is Product.POSTGRESQL and _wrapped(statements, dialect):
        return (Block(tuple(statements[1:-1])),) if statements[1:-1] else ()
    raise BadMigration(
        f"{control.span} {_head(control)} would end or nest the transaction that the tool opens", hint=way_out
    )


def one_by_one(statements: Sequence[Statement], dialect: Dialect) -> tuple[Block, ...]:
    """The blocks of a text whose statements the tool sends each on its own, in autocommit."""
    if not statements:
        return ()
    if any(map(dialect.controls_transaction, statements)):
        return _as_begun(statements, dialect)
    atomic = len(statements) == 1 and _alone(statements, dialect) is None
    return (Block(tuple(statements), atomic=atomic),)


def _as_begun(statements: Sequence[Statement], dialect: Dialect) -> tuple[Block, ...]:
    if not _wrapped(statements, dialect):
        return (Block(tuple(statements), atomic=False),)
    # The whole text is one transaction of the author's: an atomic block is that transaction, and the history row can join it.
    return (Block(tuple(statements[1:-1])),) if statements[1:-1] else ()


def _wrapped(statements: Sequence[Statement], dialect: Dialect) -> bool:
    if (
        len(statements) < 2
        or _words(statements[0]) not in _OWN_BEGIN
        or _words(statements[-1]) not in _OWN_END
    ):
        return False
    return not any(dialect.controls_transaction(each) and not _savepoint(each) for each in statements[1:-1])


def _alone(statements: Sequence[Statement], dialect: Dialect) -> Statement | None:
    # SQLite ignores `PRAGMA foreign_keys` in a transaction: the tool's run is not stopped by it either.
    return next(
        (each for each in statements if dialect.stands_alone(each) and not _words(each).startswith("PRAGMA")),
        None,
    )


def _savepoint(statement: Statement) -> bool:
    words = _words(statement).split()
    return words[0] in ("SAVEPOINT", "RELEASE") or (words[0] == "ROLLBACK" and "TO" in words)


def _words(statement: Statement) -> str:
    return " ".join(statement.sql.rstrip("; \t\r\n").upper().split())


def _head(statement: Statement) -> str:
    first = " ".join(statement.sql.split())
    return first if len(first) <= 60 else f"{first[:57]}…"


# Tables


def columns_of(session: Session, table: str) -> tuple[str, ...]:
    """The columns of a table (SQL text, quoted), or nothing when there is no such table."""
    if session.product is Product.SQLITE:
        name = table.strip('"').replace('""', '"')
        return tuple(row[0] for row in session.query("SELECT name FROM pragma_table_info(%s)", (name,)))
    rows = session.query(
        "SELECT attname FROM pg_catalog.pg_attribute"
        " WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (table,),
    )
    return tuple(row[0] for row in rows)


def current_schema(session: Session) -> str | None:
    """The schema that unqualified names are created in; `None` when no schema of the search path exists."""
    return session.query("SELECT current_schema()")[0][0]


# Connections, as Go programs are told about them


def environment(
    variables: Mapping[str, str], root: Path, env_file: str | None
) -> tuple[dict[str, str], set[str]]:
    """The variables the tool would see, and which of them came from its `.env` file (the process's own win).

    Raises:
        UnreadableFile: the file is not UTF-8 text.
    """
    path = root / (env_file or ".env")
    if env_file == "none" or not path.is_file():
        return dict(variables), set()
    from io import StringIO

    from dotenv import dotenv_values
    from dotenv.variables import parse_variables

    found = dict(variables)
    for name, value in dotenv_values(stream=StringIO(text_of(path, root)), interpolate=False).items():
        if name not in variables:
            found[name] = "".join(atom.resolve(found) for atom in parse_variables(value or ""))
    return found, found.keys() - variables.keys()


def postgresql_address(url: str) -> Address:
    """The server a Go driver's URL names: `search_path` and other server settings may stand in its query.

    Raises:
        BadAddress: the URL cannot be understood.
    """
    from midair.database.address import parse, parse_keywords

    if "://" not in url:
        return parse_keywords(Secret(url))
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    search_path = ",".join(name.strip() for name in query.pop("search_path", "").split(",") if name.strip())
    query.pop("binary_parameters", None)
    if socket := query.pop("socket", None):
        query["host"] = socket
    if search_path:
        query["options"] = (
            f"{query.get('options', '')} -c search_path={search_path.replace(' ', chr(92) + ' ')}".strip()
        )
    return parse(
        Secret(urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query, quote_via=quote), "")))
    )


def yes(text: str | None) -> bool:
    """A flag as Go's tools read it.

    Raises:
        BadSetting: it is neither.
    """
    match (text or "false").strip().lower():
        case "1" | "t" | "true" | "yes" | "on":
            return True
        case "0" | "f" | "false" | "no" | "off" | "":
            return False
        case other:
            raise BadSetting(f"{other!r} is neither true nor false", hint="write true or false")
