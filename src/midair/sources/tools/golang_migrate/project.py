"""Recognises and reads a golang-migrate folder, and adds a pair of files to it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from midair.database.address import words_for_tool
from midair.model.address import Secret
from midair.model.migration import Migration, RevisionId
from midair.model.statement import Span
from midair.sources.numbered import (
    checksum_of,
    content_of,
    file_names,
    folders,
    next_number,
    shown,
    slug,
    written,
    yes,
)
from midair.sources.source import Found, Options, Project
from midair.sources.tools.golang_migrate.files import Pair, is_migration, pairs_in, skipped
from midair.sources.tools.golang_migrate.history import history_of, table_of

OPTIONS = {
    "migrations_table": "The history table, as in `x-migrations-table`. Default: schema_migrations.",
    "migrations_table_quoted": 'The name is written quoted, `"schema"."table"`, as in `x-migrations-table-quoted`.',
    "multi_statement": "The tool runs with `x-multi-statement=true`: every statement of a file commits on its own.",
    "no_tx_wrap": "SQLite: the tool runs with `x-no-tx-wrap=true`.",
    "numbering": "How new files are numbered: sequence or timestamp. Default: as the folder has it.",
}
"""What `[tools.golang_migrate]` may hold; the same words in the database's URL (`x-…`) count too."""


def recognises(folder: Path, _: Mapping[str, str]) -> Iterator[Found]:
    """Folders at or right below this one that hold `N_title.up.sql` files."""
    for candidate in folders(folder):
        marks = [
            name
            for name in file_names(candidate)
            if is_migration(name) and ".up." in name and name.endswith("sql")
        ]
        if marks:
            yield Found("golang_migrate", folder, candidate, (f"{shown(candidate, folder)}/{marks[-1]}",))


def read(found: Found, options: Options) -> Project:
    """The folder's versions, lowest first; no SQL is looked into.

    Raises:
        DuplicateRevision, BadMigration, UnreadableFile: see `files.pairs_in`.
        BadSetting: an option makes no sense.
    """
    settings = _settings(options)
    pairs = pairs_in(found.folder, found.root)
    return Project(
        tool="golang_migrate",
        root=found.root,
        folder=found.folder,
        migrations=tuple(_migration(pair, found) for pair in pairs),
        history=history_of(table_of(settings), tuple(pair.version for pair in pairs)),
        warnings=tuple(
            f"{shown(found.folder, found.root)}/{name} is not named N_title.up.sql or N_title.down.sql; golang-migrate passes it over"
            for name in skipped(file_names(found.folder))
        ),
        settings=settings,
    )


def new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    """Writes an empty pair of files, numbered as the folder counts.

    Raises:
        BadSetting: the description gives no name, or the files cannot be written.
    """
    pairs = pairs_in(project.folder, project.root)
    number = next_number([pair.digits for pair in pairs], 6, options.tool.get("numbering"))
    ending = pairs[-1].name.rpartition(".")[2] if pairs else "sql"
    stem = f"{number}_{slug(description)}"
    return tuple(written(project.folder / f"{stem}.{direction}.{ending}", "") for direction in ("up", "down"))


def _migration(pair: Pair, found: Found) -> Migration:
    path = found.folder / pair.name
    return Migration(
        revision=RevisionId(str(pair.version)),
        description=pair.title,
        span=Span(shown(path, found.root), 1),
        checksum=checksum_of(content_of(path, found.root)),
        reversible=pair.down is not None,
    )


def _settings(options: Options) -> dict[str, str]:
    # Only golang-migrate reads `x-…` words, so a URL that carries them was written for it.
    words = words_for_tool(Secret(options.variables.get("DATABASE_URL", ""))) | dict(options.url_words)
    settings = {name.replace("-", "_"): value for name, value in words.items()}
    settings |= options.tool
    for flag in ("multi_statement", "no_tx_wrap", "migrations_table_quoted"):
        yes(settings.get(flag))
    return settings
