"""Flyway's settings: one value for all places they can be written in (flyway.md §6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, fields, replace

from midair.errors import BadSetting
from midair.model.address import Secret
from midair.model.frozen import frozen
from midair.sources.tools.flyway.names import Naming
from midair.sources.tools.flyway.placeholders import Placeholders

Value = str | tuple[str, ...]


@frozen
class Layer:
    """The settings of one place, by Flyway's own key without `flyway.`; `origin` is the place, for people.

    `strict`: an unknown key is an error there, as Flyway has it.
    """

    origin: str
    values: Mapping[str, Value]
    strict: bool = False


@frozen
class Settings:
    """Every setting midair honours, with Flyway's default. Names are Flyway's in snake case."""

    url: str = ""
    user: str = ""
    password: Secret = field(default_factory=lambda: Secret(""))
    init_sql: str = ""
    default_schema: str = ""
    schemas: tuple[str, ...] = ()
    create_schemas: bool = True
    table: str = "flyway_schema_history"
    tablespace: str = ""
    locations: tuple[str, ...] = ()
    callback_locations: tuple[str, ...] = ()
    fail_on_missing_locations: bool = False
    working_directory: str = ""
    encoding: str = "UTF-8"
    detect_encoding: bool = False
    sql_migration_prefix: str = "V"
    repeatable_sql_migration_prefix: str = "R"
    undo_sql_migration_prefix: str = "U"
    baseline_migration_prefix: str = "B"
    sql_migration_separator: str = "__"
    sql_migration_suffixes: tuple[str, ...] = (".sql",)
    validate_migration_naming: bool = False
    validate_on_migrate: bool = True
    out_of_order: bool = False
    target: str = "latest"
    ignore_migration_patterns: tuple[str, ...] = ("*:future",)
    cherry_pick: tuple[str, ...] = ()
    skip_executing_migrations: bool = False
    skip_default_callbacks: bool = False
    baseline_on_migrate: bool = False
    baseline_version: str = "1"
    baseline_description: str = "<< Flyway Baseline >>"
    group: bool = False
    mixed: bool = False
    execute_in_transaction: bool = True
    postgresql_transactional_lock: bool = True
    placeholder_replacement: bool = True
    placeholder_prefix: str = "${"
    placeholder_suffix: str = "}"
    placeholder_separator: str = ":"
    installed_by: str = ""
    environment: str = "default"
    callbacks: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = ()
    # Until Flyway 8 these said what ignoreMigrationPatterns says now.
    ignore_missing_migrations: bool = False
    ignore_pending_migrations: bool = False
    ignore_ignored_migrations: bool = False
    ignore_future_migrations: bool = True
    placeholders: Mapping[str, str] = field(default_factory=dict[str, str])
    jdbc_properties: Mapping[str, str] = field(default_factory=dict[str, str])
    origins: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each setting came from, by field name."""

    @property
    def naming(self) -> Naming:
        """How migration files are named."""
        return Naming(
            self.sql_migration_prefix,
            self.repeatable_sql_migration_prefix,
            self.undo_sql_migration_prefix,
            self.baseline_migration_prefix,
            self.sql_migration_separator,
            self.sql_migration_suffixes,
        )

    @property
    def configured_schema(self) -> str | None:
        """The default schema if it is configured; else it is the connection's own."""
        return self.default_schema or next(iter(self.schemas), None)

    @property
    def own_placeholders(self) -> Placeholders:
        """The team's placeholders, the built-in ones left out."""
        values = {name.lower(): value for name, value in self.placeholders.items()}
        return Placeholders(values, self.placeholder_prefix, self.placeholder_suffix)

    @property
    def ignored(self) -> tuple[str, ...]:
        """`ignoreMigrationPatterns`, with what the switches of Flyway 8 and before add."""
        old = (
            ("*:missing", self.ignore_missing_migrations),
            ("*:pending", self.ignore_pending_migrations),
            ("*:ignored", self.ignore_ignored_migrations),
        )
        kept = self.ignore_migration_patterns
        if not self.ignore_future_migrations:
            kept = tuple(pattern for pattern in kept if pattern != "*:future")
        return (*kept, *(pattern for pattern, on in old if on))


_MAPS = {"placeholders": "placeholders", "jdbcproperties": "jdbc_properties"}
_FIELDS = {
    each.name.replace("_", ""): each
    for each in fields(Settings)
    if each.name not in {*_MAPS.values(), "origins"}
}
_ALIASES = {"username": "user", "searchpath": "schemas"}
_FOR_OTHERS = {
    "driver", "connectretries", "connectretriesinterval", "lockretrycount", "cleandisabled",
    "cleanonvalidationerror", "loggers", "jardirs", "stream", "batch", "outputqueryresults", "outputprogress",
    "erroroverrides", "dryrunoutput", "licensekey", "token", "email", "reportenabled", "reportfilename",
    "configfiles", "configfileencoding", "outputtype", "color", "scriptplaceholderprefix",
    "scriptplaceholdersuffix", "skipdefaultresolvers", "kerberosconfigfile", "undolocations", "enabled",
    "displayname", "provisioner", "edition", "javamigrationclasses", "detectdriftonmigrate", "connectretry",
}  # fmt: skip
"""Settings that are right in a Flyway project and mean nothing to midair."""
_FOREIGN_FAMILIES = (
    "oracle", "sqlserver", "plugins", "check", "deploy", "vault", "dapr", "gcsm", "conjur", "redgate", "reports",
    "resolvers", "experimental", "clean", "pipeline", "nativeconnectors", "secretsmanager", "environments", "add",
    "snapshot", "generate", "prepare", "model", "diff", "init", "flywaydesktop", "auth", "report", "state", "git",
)  # fmt: skip


def stripped(key: str) -> str:
    """A key whichever way it is spelt: `sql-migration-prefix`, `SQL_MIGRATION_PREFIX`, `sqlMigrationPrefix`."""
    return key.replace("-", "").replace("_", "").replace(".", "").lower()


def settings_of(layers: Iterable[Layer]) -> Settings:
    """One value of all layers, the later the stronger, key by key.

    Raises:
        BadSetting: an unknown key where Flyway refuses one, or a value of the wrong kind.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    maps: dict[str, dict[str, str]] = {name: {} for name in _MAPS.values()}
    for layer in layers:
        for key, value in layer.values.items():
            family, _, name = key.partition(".")
            if name and (mapped := _MAPS.get(stripped(family))):
                maps[mapped][name] = _text(value)
            elif (known := _field_of(key)) is not None:
                values[known] = _converted(known, key, value, layer.origin)
                origins[known] = layer.origin
            elif layer.strict and not _somebody_elses(key):
                raise BadSetting(
                    f"{layer.origin}: Unknown configuration property: flyway.{key}", hint="check its spelling"
                )
    _no_reserved(maps["placeholders"])
    return replace(Settings(), **values, **maps, origins=origins)  # type: ignore[arg-type] - converted per field above


def _field_of(key: str) -> str | None:
    short = stripped(key)
    found = _FIELDS.get(_ALIASES.get(short, short))
    return found.name if found else None


def _somebody_elses(key: str) -> bool:
    return stripped(key) in _FOR_OTHERS or key.partition(".")[0].lower() in _FOREIGN_FAMILIES


def _converted(name: str, key: str, value: Value, origin: str) -> object:
    default = getattr(Settings(), name)
    if isinstance(default, bool):
        if _text(value).strip().lower() not in ("true", "false"):
            raise BadSetting(f"{origin}: flyway.{key} is {_text(value)!r}; it can be true or false")
        return _text(value).strip().lower() == "true"
    if isinstance(default, tuple):
        return _items(value)
    return Secret(_text(value)) if isinstance(default, Secret) else _text(value)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _items(value: Value) -> tuple[str, ...]:
    pieces: Sequence[str] = value.split(",") if isinstance(value, str) else value
    return tuple(piece.strip() for piece in pieces if piece.strip())


def _no_reserved(placeholders: Mapping[str, str]) -> None:
    for name in placeholders:
        if name.lower().startswith("flyway:"):
            raise BadSetting(
                f"the placeholder {name} begins with flyway:, which Flyway keeps for its own",
                hint="rename it",
            )
