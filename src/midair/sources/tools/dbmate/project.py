"""Recognises and reads dbmate's folders, with the settings dbmate itself reads, and adds a file."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from midair.errors import DuplicateRevision, UnreadableFile
from midair.model.address import Address, Product
from midair.model.migration import Migration, RevisionId
from midair.model.statement import Span
from midair.sources.numbered import (
    checksum_of,
    content_of,
    environment,
    file_names,
    folders,
    next_number,
    postgresql_address,
    shown,
    slug,
    written,
    yes,
)
from midair.sources.source import Found, Options, Project
from midair.sources.tools.dbmate.history import Table, history_of
from midair.sources.tools.dbmate.sections import is_marked

OPTIONS = {
    "env": "The variable that holds the URL, as in `--env`. Default: DATABASE_URL.",
    "env_file": "The file dbmate loads variables from, as in `--env-file`. Default: .env.",
    "migrations_dir": "Folders separated by commas, as in DBMATE_MIGRATIONS_DIR.",
    "migrations_table": "The history table, `[schema.]name`, as in DBMATE_MIGRATIONS_TABLE.",
    "schema_file": "Where the schema is dumped to, as in DBMATE_SCHEMA_FILE. Default: db/schema.sql.",
    "no_dump_schema": "The schema file is left alone, as in DBMATE_NO_DUMP_SCHEMA.",
    "strict": "A pending version below an applied one is refused, as in DBMATE_STRICT.",
}
"""What `[tools.dbmate]` may hold; it wins over dbmate's own variables."""

_NAME = re.compile(r"([0-9]+).*\.sql", re.DOTALL)
_TEMPLATE = "-- migrate:up\n\n\n-- migrate:down\n\n"
_PEEKED = 3


def recognises(folder: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    """Folders at or right below this one with a numbered SQL file that has a line `-- migrate:up`."""
    named = [path for path in _named(folder, variables) if path.is_dir()]
    config = folder / ".env" if (folder / ".env").is_file() else None
    # The folders of DBMATE_MIGRATIONS_DIR are one project, which its first stands for.
    for candidate in dict.fromkeys([*named[:1], *(path for path in folders(folder) if path not in named)]):
        if mark := _mark(candidate, folder):
            yield Found("dbmate", folder, candidate, (f"{mark} has -- migrate:up",), config)


def _named(folder: Path, variables: Mapping[str, str]) -> tuple[Path, ...]:
    # A broken .env is reported when a project is read; here it may be another tool's.
    with suppress(UnreadableFile):
        variables, _ = environment(variables, folder, None)
    return tuple(folder / part for part in variables.get("DBMATE_MIGRATIONS_DIR", "").split(",") if part)


def _mark(candidate: Path, root: Path) -> str | None:
    newest = [name for name in file_names(candidate) if _NAME.fullmatch(name)][-_PEEKED:]
    marked = (
        name for name in newest if is_marked(content_of(candidate / name, root).decode(errors="replace"))
    )
    return next((shown(candidate / name, root) for name in marked), None)


def read(found: Found, options: Options) -> Project:
    """The files of all folders in the text order of their names; no SQL is looked into.

    Raises:
        DuplicateRevision: two files have the same digits.
        UnreadableFile: a folder or file cannot be read.
        BadAddress, BadSetting: dbmate's own settings make no sense.
    """
    variables, from_file = environment(options.variables, found.root, options.tool.get("env_file"))
    settings = _settings(variables, options)
    name = options.tool.get("env") or "DATABASE_URL"
    url = variables.get(name)
    migrations = _migrations(found, settings)
    return Project(
        tool="dbmate",
        root=found.root,
        folder=found.folder,
        migrations=migrations,
        history=history_of(_table(settings, url), tuple(each.revision for each in migrations)),
        address=_address(url, found.root) if url else None,
        origin=(f"{name} in {options.tool.get('env_file') or '.env'}" if name in from_file else name)
        if url
        else None,
        product=_product(url),
        settings=settings,
    )


def new(project: Project, description: str, _: Options) -> tuple[Path, ...]:
    """Writes a file with two empty sections, numbered by the UTC time as dbmate does.

    Raises:
        BadSetting: the description gives no name, or the file cannot be written.
    """
    number = next_number([str(each.revision) for each in project.migrations], 14, "timestamp")
    return (written(project.folder / f"{number}_{slug(description)}.sql", _TEMPLATE),)


def _settings(variables: Mapping[str, str], options: Options) -> dict[str, str]:
    names = ("migrations_dir", "migrations_table", "schema_file", "no_dump_schema", "strict")
    settings = {name: variables[key] for name in names if (key := f"DBMATE_{name.upper()}") in variables}
    settings |= options.tool
    for flag in ("no_dump_schema", "strict"):
        yes(settings.get(flag))
    return settings


def _migrations(found: Found, settings: Mapping[str, str]) -> tuple[Migration, ...]:
    named = [found.root / part for part in settings.get("migrations_dir", "").split(",") if part]
    homes = named if found.folder in named else [found.folder]
    matches = [
        (match, home) for home in homes for name in file_names(home) if (match := _NAME.fullmatch(name))
    ]
    by_version: dict[str, Migration] = {}
    for match, home in sorted(matches, key=lambda file: file[0].string.encode()):
        migration = _migration(match[1], home / match.string, found.root)
        if twin := by_version.get(migration.revision):
            raise DuplicateRevision(
                f"{twin.span.path} and {migration.span.path} are both version {migration.revision}",
                hint="give one of them another number",
            )
        by_version[migration.revision] = migration
    return tuple(by_version.values())


def _migration(digits: str, path: Path, root: Path) -> Migration:
    return Migration(
        revision=RevisionId(digits),
        description=path.name[len(digits) : -len(".sql")].lstrip("_-"),
        span=Span(shown(path, root), 1),
        checksum=checksum_of(content_of(path, root)),
    )


def _product(url: str | None) -> Product | None:
    match urlsplit(url).scheme if url else "":
        case "postgres" | "postgresql" | "redshift":
            return Product.POSTGRESQL
        case "sqlite" | "sqlite3":
            return Product.SQLITE
        case "mysql":
            return Product.MYSQL
        case _:
            return None


def _address(url: str, root: Path) -> Address | None:
    match _product(url):
        case Product.POSTGRESQL:
            return postgresql_address(url)
        case Product.SQLITE:
            # As dbmate reads it: `sqlite:db/app.db` is relative, one or more slashes in front are absolute.
            parts = urlsplit(url)
            path = f"/{parts.netloc}{parts.path}" if parts.netloc else parts.path
            return Address(
                Product.SQLITE,
                str(root / (f"/{unquote(path).lstrip('/')}" if path.startswith("/") else unquote(path))),
            )
        case _:
            return None


def _table(settings: Mapping[str, str], url: str | None) -> Table:
    schema, _, name = (settings.get("migrations_table") or "schema_migrations").partition(".")
    if name:
        return Table(name, schema)
    search_path = dict(parse_qsl(urlsplit(url or "").query)).get("search_path", "")
    return Table(schema, search_path.split(",")[0].strip() or None)
