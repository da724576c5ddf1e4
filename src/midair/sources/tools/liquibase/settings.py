"""Liquibase's settings from its properties files, environment and midair's own (liquibase.md §7.2)."""

import os
from collections.abc import Mapping
from pathlib import Path

from midair.errors import BadSetting, UnreadableFile
from midair.model.address import Address, Product
from midair.model.frozen import frozen
from midair.sources.source import Found, Options
from midair.sources.tools.liquibase.files import SearchPath
from midair.sources.tools.liquibase.jdbc import address_of, schema_of
from midair.sources.tools.liquibase.model import Runtime

_NAMES = {
    each.lower(): each
    for each in [
        "changeLogFile",
        "url",
        "username",
        "password",
        "contexts",
        "labelFilter",
        "defaultSchemaName",
        "liquibaseSchemaName",
        "searchPath",
        "databaseChangeLogTableName",
        "databaseChangeLogLockTableName",
        "fileEncoding",
        "missingPropertyMode",
        "supportPropertyEscaping",
        "allowDuplicatedChangesetIdentifiers",
        "dbms",
        "version",
        "changelogLockWaitTimeInMinutes",
    ]
}
_ALIASES = {
    "contextfilter": "contexts",
    "labels": "labelFilter",
    "classpath": "searchPath",
    "user": "username",
}
_VARIABLES = {
    "LIQUIBASE_SEARCH_PATH": "searchPath", "LIQUIBASE_CLASSPATH": "searchPath",
    "LIQUIBASE_LIQUIBASE_SCHEMA_NAME": "liquibaseSchemaName", "LIQUIBASE_FILE_ENCODING": "fileEncoding",
    "LIQUIBASE_DATABASE_CHANGELOG_TABLE_NAME": "databaseChangeLogTableName",
    "LIQUIBASE_DATABASE_CHANGELOG_LOCK_TABLE_NAME": "databaseChangeLogLockTableName",
    "LIQUIBASE_MISSING_PROPERTY_MODE": "missingPropertyMode", "LIQUIBASE_COMMAND_URL": "url",
    "LIQUIBASE_COMMAND_USERNAME": "username", "LIQUIBASE_COMMAND_PASSWORD": "password",
    "LIQUIBASE_COMMAND_CHANGELOG_FILE": "changeLogFile", "LIQUIBASE_COMMAND_CONTEXTS": "contexts",
    "LIQUIBASE_COMMAND_CONTEXT_FILTER": "contexts", "LIQUIBASE_COMMAND_LABEL_FILTER": "labelFilter",
    "LIQUIBASE_COMMAND_DEFAULT_SCHEMA_NAME": "defaultSchemaName",
}  # fmt: skip
OPTIONS = {
    "changeLogFile": "The root changelog, relative to the search path.",
    "searchPath": "Folders files are looked for in, separated by commas. Default: the project's folder.",
    "contexts": "The contexts of this run, separated by commas. Default: none, so every changeset runs.",
    "labelFilter": "The label expression of this run.",
    "defaultSchemaName": "The schema unqualified names are in. Default: public on PostgreSQL.",
    "liquibaseSchemaName": "The schema of the two history tables.",
    "dbms": "mariadb or mysql, where the address says only mysql.",
    "checksumVersion": "8 or 9: the version new rows get. Default: that of the rows already there, else 9.",
    "parameter.NAME": "The value of the changelog property NAME.",
}
"""What `[tools.liquibase]` may hold, beside Liquibase's other keys; it wins over Liquibase's own files."""


@frozen
class Settings:
    """What is in force. `values` are Liquibase's settings by their own name, `parameter.NAME` among them."""

    values: Mapping[str, str]
    runtime: Runtime
    search: SearchPath
    changelog: str
    address: Address | None
    origin: str | None
    product: Product | None


def settings_of(found: Found, options: Options) -> Settings:
    """The project's settings: midair's, then the environment's, then the properties files', strongest first.

    Raises:
        BadSetting, UnreadableFile: they make no sense.
    """
    files = _from_files(found)
    values = {**files, **from_environment(options.variables), **_named(options.tool)}
    folders = _search_path(values, found)
    address = _address(values, found.root)
    product = options.product or (address.product if address else None)
    changelog = values.get("changeLogFile") or _relative(found, folders)
    url = values.get("url", "")
    runtime = Runtime(
        dbms=_dbms(values, product, url),
        contexts=tuple(
            each.strip().lower() for each in values.get("contexts", "").split(",") if each.strip()
        ),
        label_filter=values.get("labelFilter") or None,
        default_schema=values.get("defaultSchemaName") or schema_of(url) or options.database,
        search_path=folders,
        root=found.root,
        variables=options.variables,
        options=values,
        encoding=values.get("fileEncoding", "UTF-8"),
    )
    origin = (
        None if address is None else "url in " + (found.config.name if found.config else "the environment")
    )
    return Settings(values, runtime, SearchPath(folders, found.root), changelog, address, origin, product)


def properties_in(path: Path) -> dict[str, str]:
    """The settings of a properties file.

    Raises:
        UnreadableFile: it is none.
    """
    import javaproperties

    try:
        return _named(javaproperties.loads(path.read_text("utf-8-sig")))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableFile(f"{path.name} is no properties file: {error}", hint="mend it") from error


def _from_files(found: Found) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in ("liquibase.properties", "liquibase.local.properties"):
        for path in dict.fromkeys((found.root / name, found.folder / name)):
            if path.is_file():
                values |= properties_in(path)
    return values


def _named(values: Mapping[str, str]) -> dict[str, str]:
    """Settings by their own spelling, without the prefixes that are allowed before them."""
    named: dict[str, str] = {}
    for key, value in values.items():
        bare = key.removeprefix("liquibase.").removeprefix("command.").strip()
        lower = bare.replace("-", "").lower()
        name = _NAMES.get(lower) or _ALIASES.get(lower)
        named[name or bare] = value.strip()
    return named


def from_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The settings Liquibase reads from environment variables."""
    return {name: variables[variable] for variable, name in _VARIABLES.items() if variables.get(variable)}


def _search_path(values: Mapping[str, str], found: Found) -> tuple[Path, ...]:
    said = [
        each.strip() for each in values.get("searchPath", "").replace(";", ",").split(",") if each.strip()
    ]
    folders = [path for each in said if (path := found.root / each).is_dir()]
    resources = found.root / "src/main/resources"
    if not said and found.folder.is_relative_to(resources):
        folders.append(resources)
    return tuple(dict.fromkeys((*folders, found.root)))


def _relative(found: Found, folders: tuple[Path, ...]) -> str:
    """The root changelog that was recognised, by the name the search path gives it."""
    path = found.folder / found.marks[0].rpartition("/")[2]
    for folder in folders:
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return Path(os.path.relpath(path, found.root)).as_posix()


def _address(values: Mapping[str, str], root: Path) -> Address | None:
    url = values.get("url")
    if not url or "${" in url:
        return None
    return address_of(url, values.get("username"), values.get("password"), "Liquibase's url", root)


def _dbms(values: Mapping[str, str], product: Product | None, url: str) -> str:
    if said := values.get("dbms"):
        if said not in ("postgresql", "sqlite", "mysql", "mariadb"):
            raise BadSetting(f"dbms is {said!r}", hint="it is postgresql, sqlite, mysql or mariadb")
        return said
    if product is Product.MYSQL:
        return "mariadb" if "mariadb" in url.partition("//")[0] else "mysql"
    return str(product) if product is not None else "postgresql"
