"""Reads a Flyway project: settings, files, checksums; nothing is run (flyway.md §1, §2)."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from midair.errors import BadMigration, DuplicateRevision, Unsupported
from midair.model.address import Address, Product
from midair.model.frozen import frozen
from midair.model.migration import Migration
from midair.model.statement import Span
from midair.sources.source import Found, Options
from midair.sources.tools.flyway import builtin, sources_of_settings
from midair.sources.tools.flyway.checksum import checksum, decode
from midair.sources.tools.flyway.configuration import Settings
from midair.sources.tools.flyway.history import history_of
from midair.sources.tools.flyway.java import java_migrations
from midair.sources.tools.flyway.jdbc import address_of
from midair.sources.tools.flyway.local import FlywayProject, LocalFile
from midair.sources.tools.flyway.locations import LocatedFile, Location, files_of, located
from midair.sources.tools.flyway.names import Kind, Name, Skipped, Version, java_order, parse
from midair.sources.tools.flyway.placeholders import Placeholders, replaced
from midair.sources.tools.flyway.script_settings import script_settings

_TYPES = {Kind.BASELINE: "SQL_BASELINE", Kind.UNDO: "UNDO_SQL"}
_RANK = {Kind.VERSIONED: 0, Kind.BASELINE: 1, Kind.UNDO: 2, Kind.REPEATABLE: 3, Kind.CALLBACK: 4}


def read(found: Found, options: Options) -> FlywayProject:
    """The project as Flyway would see it.

    Raises:
        ConfigurationError, ProjectError: what Flyway itself would refuse, with file and line.
    """
    settings, warnings = sources_of_settings.settings_for(found, options)
    _refuse_what_cannot_be_honoured(settings)
    address = _address(settings, found.root)
    product = options.product or (address.product if address else None)
    started = datetime.now().astimezone()
    reading = _Reading(found.root, settings, builtin.placeholders(settings, address, product, started))
    locations, missing = located(settings, settings.locations, found.root, product)
    elsewhere, unfound = located(settings, settings.callback_locations, found.root, product)
    files, skipped = reading.files(locations)
    callbacks, _ = reading.files(elsewhere) if settings.callback_locations else (files, [])
    _refuse_skipped(settings, skipped)
    hooks = _callbacks(settings, callbacks)
    java = tuple(_java(found.root, locations))
    ordered = _ordered((*(file for file in files if file.kind is not Kind.CALLBACK), *java))
    _refuse_duplicates(ordered)
    undos = {file.version: file for file in ordered if file.kind is Kind.UNDO and file.version is not None}
    kept = {file.revision: file for file in ordered if file.kind is not Kind.UNDO}
    return FlywayProject(
        tool="flyway",
        root=found.root,
        folder=locations[0].folder if locations else found.folder,
        migrations=tuple(_migration(file, undos) for file in kept.values()),
        history=history_of(settings, kept, undos),
        address=address,
        origin=settings.origins.get("url"),
        warnings=(*warnings, *missing, *unfound, *skipped, *_notes(settings, ordered, hooks)),
        product=product,
        settings={"postgresql.transactional.lock": str(settings.postgresql_transactional_lock).lower()},
        flyway=settings,
        files=kept,
        undos=undos,
        callbacks=hooks,
        started=started,
    )


@frozen
class _Reading:
    root: Path
    settings: Settings
    placeholders: Placeholders
    confs: dict[Path, dict[str, Path]] = field(default_factory=dict[Path, dict[str, Path]])
    """The `.conf` files of each folder looked into, by lower-case name."""

    def files(self, locations: Iterable[Location]) -> tuple[tuple[LocalFile, ...], list[str]]:
        """The files of the locations that Flyway would take, and a sentence about each it would skip."""
        taken: dict[tuple[Path, str], LocalFile] = {}
        skipped: list[str] = []
        for location in locations:
            for file in files_of(location):
                name = parse(file.path.name, self.settings.naming)
                if isinstance(name, Skipped):
                    skipped.append(f"{name.reason}; Flyway skips it ({self._shown(file.path)})")
                elif name is not None:
                    taken.setdefault((file.path, file.script), self._local(file, name))
        return _once(taken.values()), skipped

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def _conf_beside(self, path: Path) -> Path | None:
        if path.parent not in self.confs:
            with os.scandir(path.parent) as entries:
                found = [
                    entry.name
                    for entry in entries
                    if entry.name.lower().endswith(".conf") and entry.is_file()
                ]
            self.confs[path.parent] = {name.lower(): path.parent / name for name in found}
        return self.confs[path.parent].get(f"{path.name}.conf".lower())

    def _local(self, file: LocatedFile, name: Name) -> LocalFile:
        shown = self._shown(file.path)
        own = script_settings(self._conf_beside(file.path), self.placeholders, shown)
        raw = after = None
        if name.kind is not Kind.CALLBACK:
            encoding = own.encoding or self.settings.encoding
            text = decode(
                file.path,
                encoding,
                detect=self.settings.detect_encoding and own.encoding is None,
                shown=shown,
            )
            raw = after = checksum(text)
            wanted = (
                self.settings.placeholder_replacement
                if own.placeholder_replacement is None
                else own.placeholder_replacement
            )
            if name.kind is Kind.REPEATABLE and wanted:
                known = self.placeholders.having({"flyway:filename": file.path.name})
                after = checksum(replaced(text.removeprefix("\ufeff"), known, shown))
        return LocalFile(
            name.kind,
            "SCRIPT" if name.program else _TYPES.get(name.kind, "SQL"),
            name.version,
            name.event if name.kind is Kind.CALLBACK else name.description,
            file.script,
            file.path,
            shown,
            after,
            raw,
            own,
            name.version_text,
        )


def _once(files: Iterable[LocalFile]) -> tuple[LocalFile, ...]:
    """The same migration seen through two locations is one."""
    seen: dict[tuple[object, ...], LocalFile] = {}
    for file in files:
        identity = (file.kind, file.type, file.version, file.description, file.script, file.checksum)
        seen.setdefault(identity if file.kind is not Kind.CALLBACK else (file.path,), file)
    return tuple(seen.values())


def _java(root: Path, locations: tuple[Location, ...]) -> Iterator[LocalFile]:
    for path, class_name, name in java_migrations(root, locations):
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        yield LocalFile(
            name.kind,
            "JDBC",
            name.version,
            name.description,
            class_name,
            path,
            shown,
            version_text=name.version_text,
        )


def _ordered(files: Iterable[LocalFile]) -> tuple[LocalFile, ...]:
    def key(file: LocalFile) -> tuple[object, ...]:
        if file.version is None:
            return (1, (), java_order(file.description))
        return (0, file.version.parts, _RANK[file.kind])

    return tuple(sorted(files, key=key))  # pyright: ignore[reportArgumentType] - tuples of one shape per branch, told apart by the first item


def _refuse_duplicates(files: Iterable[LocalFile]) -> None:
    first: dict[tuple[Kind, object], LocalFile] = {}
    for file in files:
        identity = (file.kind, file.version or file.description)
        other = first.setdefault(identity, file)
        if other is not file:
            what = (
                f"migration with version {other.version.text}"
                if other.version
                else f"repeatable migration with description {other.description}"
            )
            raise DuplicateRevision(
                f"Found more than one {what}\nOffenders:\n-> {other.shown} ({other.type})\n-> {file.shown} ({file.type})",
                hint="rename or remove one of them",
            )


def _callbacks(settings: Settings, files: Iterable[LocalFile]) -> tuple[LocalFile, ...]:
    """The callback files, for one event the one without description first, then by description."""
    if settings.skip_default_callbacks:
        return ()
    found = sorted(
        (file for file in files if file.kind is Kind.CALLBACK), key=lambda file: java_order(file.path.stem)
    )
    for one, other in pairwise(found):
        if one.path.name == other.path.name:
            raise DuplicateRevision(
                f"Found more than 1 SQL callback script called {one.path.name}\nOffenders:\n-> {one.shown}\n-> {other.shown}",
                hint="rename or remove one of them",
            )
    return tuple(found)


def _migration(file: LocalFile, undos: Mapping[Version, LocalFile]) -> Migration:
    return Migration(
        revision=file.revision,
        description=file.description,
        span=Span(file.shown, 1),
        checksum=None if file.checksum is None else str(file.checksum),
        reversible=file.kind is Kind.VERSIONED and file.version in undos,
        repeatable=file.kind is Kind.REPEATABLE,
        kind=file.type,
    )


def _address(settings: Settings, root: Path) -> Address | None:
    if not settings.url:
        return None
    origin = settings.origins.get("url", "flyway.url")
    found = address_of(settings.url, settings.user, settings.password, origin)
    if found.product is not Product.SQLITE or found.database == ":memory:" or root.resolve() == Path.cwd():
        return found
    # Flyway is run in the project's folder, midair from anywhere.
    return replace(found, database=str(root / found.database))


def _refuse_skipped(settings: Settings, skipped: list[str]) -> None:
    if settings.validate_migration_naming and skipped:
        raise BadMigration(
            "Invalid SQL filenames found:\n" + "\n".join(skipped),
            hint="rename them, or set validateMigrationNaming=false to have them skipped",
        )


def _refuse_what_cannot_be_honoured(settings: Settings) -> None:
    if settings.cherry_pick:
        raise Unsupported(
            f"cherryPick={','.join(settings.cherry_pick)} would run migrations out of their order",
            hint="leave it out here, or run those with Flyway",
        )


def _notes(
    settings: Settings, files: tuple[LocalFile, ...], callbacks: tuple[LocalFile, ...]
) -> Iterator[str]:
    if settings.callbacks:
        yield f"flyway.callbacks names Java classes ({', '.join(settings.callbacks)}); midair cannot run them"
    if settings.resolvers:
        yield f"flyway.resolvers names Java classes ({', '.join(settings.resolvers)}); migrations only they know are not seen"
    if settings.init_sql:
        yield "flyway.initSql runs on each of Flyway's connections; midair does not run it (put it into beforeMigrate.sql if the migrations need it)"
    if settings.out_of_order:
        yield "outOfOrder is on: a migration may run after one with a higher version"
    for file in callbacks:
        if file.description.endswith("Error"):
            yield f"{file.shown} would run after a failure; midair stops and reports instead"
    for file in files:
        if file.type in ("JDBC", "SCRIPT"):
            yield f"{file.shown} is a program ({file.type}); midair lists it and does not run it"
