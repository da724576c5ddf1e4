"""Recognises and reads a goose folder, with the settings goose itself reads, and adds a file."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from midair.errors import BadMigration, DuplicateRevision, UnreadableFile
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
from midair.sources.tools.goose.history import history_of
from midair.sources.tools.goose.scripts import GO
from midair.sources.tools.goose.sections import has_down, is_marked

OPTIONS = {
    "allow_missing": "Files below the highest applied version are run, as with `-allow-missing`.",
    "env": "The file goose loads variables from, as in `-env`; `none` loads none. Default: .env.",
    "table": "The history table, `[schema.]name`, as in GOOSE_TABLE. Default: goose_db_version.",
    "numbering": "How new files are numbered: sequence or timestamp. Default: as the folder has it.",
}
"""What `[tools.goose]` may hold; it wins over goose's own variables."""

_TEMPLATE = "-- +goose Up\n\n-- +goose Down\n"
_PEEKED = 3
_HIGHEST = 2**63 - 1


def recognises(folder: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    """Folders at or right below this one with an SQL file that has the annotation `-- +goose Up`."""
    config = folder / ".env" if (folder / ".env").is_file() else None
    # A broken .env is reported when a project is read; here it may be another tool's.
    with suppress(UnreadableFile):
        variables, _ = environment(variables, folder, None)
    named = folder / (variables.get("GOOSE_MIGRATION_DIR") or ".")
    first = [named] if named.is_dir() else []
    for candidate in (*first, *(path for path in folders(folder) if path not in first)):
        if mark := _mark(candidate, folder):
            yield Found("goose", folder, candidate, (f"{mark} has -- +goose Up",), config)


def _mark(candidate: Path, root: Path) -> str | None:
    newest = [name for name in file_names(candidate) if name.endswith(".sql")][-_PEEKED:]
    marked = (
        name for name in newest if is_marked(content_of(candidate / name, root).decode(errors="replace"))
    )
    return next((shown(candidate / name, root) for name in marked), None)


def read(found: Found, options: Options) -> Project:
    """The folder's versions, lowest first; no SQL is looked into.

    Raises:
        BadMigration: an SQL file has no number, which goose refuses too.
        DuplicateRevision: two files are the same version.
        UnreadableFile: the folder or a file cannot be read.
        BadAddress, BadSetting: goose's own settings make no sense.
    """
    env_file = options.tool.get("env")
    variables, from_file = environment(options.variables, found.root, env_file)
    migrations = _migrations(found)
    address, product = _database(variables, found.root)
    settings = dict(options.tool)
    yes(settings.get("allow_missing"))
    origin = f"GOOSE_DBSTRING in {env_file or '.env'}" if "GOOSE_DBSTRING" in from_file else "GOOSE_DBSTRING"
    return Project(
        tool="goose",
        root=found.root,
        folder=found.folder,
        migrations=migrations,
        history=history_of(
            settings.get("table") or variables.get("GOOSE_TABLE") or "goose_db_version",
            {int(each.revision) for each in migrations},
        ),
        address=address,
        origin=origin if address else None,
        warnings=tuple(
            f"{each.span.path} is a Go program; midair cannot run it, only your own goose binary can"
            for each in migrations
            if each.kind == GO
        ),
        product=product,
        settings=settings,
    )


def new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    """Writes a file with two empty sections, numbered as the folder counts (else by UTC time).

    Raises:
        BadSetting: the description gives no name, or the file cannot be written.
    """
    prefixes = [each.span.path.rpartition("/")[2].partition("_")[0] for each in project.migrations]
    number = next_number(prefixes, 5, options.tool.get("numbering"))
    return (written(project.folder / f"{number}_{slug(description)}.sql", _TEMPLATE),)


def _migrations(found: Found) -> tuple[Migration, ...]:
    by_version: dict[int, Migration] = {}
    for name in file_names(found.folder):
        version = _version(name, shown(found.folder / name, found.root))
        if version is None:
            continue
        migration = _migration(version, found.folder / name, found.root)
        if twin := by_version.get(version):
            raise DuplicateRevision(
                f"{twin.span.path} and {migration.span.path} are both version {version}",
                hint="give one of them another number",
            )
        by_version[version] = migration
    return tuple(by_version[version] for version in sorted(by_version))


def _version(name: str, path: str) -> int | None:
    """The number before the first `_`, or `None` for a file that goose passes over."""
    if not name.endswith((".sql", ".go")) or name.endswith("_test.go"):
        return None
    digits, separator, _ = name.partition("_")
    if separator and digits.isascii() and digits.isdecimal() and 0 < int(digits) <= _HIGHEST:
        return int(digits)
    if name.endswith(".go"):
        return None
    raise BadMigration(
        f"{path}:1 has no number above 0 before the first `_` of its name; goose refuses the folder",
        hint="rename or move it",
    )


def _migration(version: int, path: Path, root: Path) -> Migration:
    content = content_of(path, root)
    is_program = path.suffix == ".go"
    return Migration(
        revision=RevisionId(str(version)),
        description=path.stem.partition("_")[2],
        span=Span(shown(path, root), 1),
        checksum=checksum_of(content),
        reversible=is_program or has_down(content.decode(errors="replace")),
        kind=GO if is_program else "SQL",
    )


def _database(variables: Mapping[str, str], root: Path) -> tuple[Address | None, Product | None]:
    text = variables.get("GOOSE_DBSTRING")
    match variables.get("GOOSE_DRIVER"):
        case "postgres" | "pgx" | "redshift":
            return (postgresql_address(text) if text else None), Product.POSTGRESQL
        case "sqlite3" | "sqlite":
            path = (text or "").removeprefix("file:").partition("?")[0]
            return (Address(Product.SQLITE, str(root / path)) if path else None), Product.SQLITE
        case "mysql" | "tidb":
            return None, Product.MYSQL
        case _:
            return None, None
