"""Reads `alembic.ini` and `[tool.alembic]` as Alembic does, without Alembic.

Source: Alembic's manual, "Tutorial" (configuration, version locations, pyproject) and `config.py` of 1.20.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Any, cast

from midair.errors import BadSetting, UnreadableFile
from midair.model.frozen import frozen

_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_OLD_LIST = re.compile(r", *|(?: +)")
_OLD_PATHS = re.compile(r", *|(?: +)|\:")
_SECTION = "alembic"


@frozen
class Settings:
    """What Alembic would work with. Paths are as written: relative ones start at `cwd`.

    `ini` and `toml` are the files that exist; `section` the ini's section; `url` is
    `sqlalchemy.url` of the ini, `None` where it has none or it cannot be interpolated.
    """

    cwd: Path
    ini: Path | None
    toml: Path | None
    section: str
    script_location: str | None
    version_locations: tuple[str, ...] = ()
    recursive: bool = False
    sourceless: bool = False
    prepend: tuple[str, ...] = ()
    url: str | None = None


def settings_of(
    cwd: Path, ini: Path | None, section: str | None = None, database: str | None = None
) -> Settings:
    """The settings of an ini and the pyproject.toml beside it; the ini wins where both speak.

    `database` is one of several, whose URL stands in the section of its name.

    Raises:
        BadSetting: a file cannot be parsed, or a value cannot be interpolated.
        UnreadableFile: a file cannot be read.
    """
    toml = cwd / "pyproject.toml"
    table = _tool_table(toml)
    parser = _parser(ini) if ini else ConfigParser()
    name = section or _SECTION
    if section and ini and not parser.has_section(section):
        raise BadSetting(
            f"{ini} has no section [{section}]",
            hint=f"its sections are {', '.join(parser.sections())}",
        )

    def text(option: str) -> str | None:
        return _from_ini(parser, ini, name, option) or _from_toml(table, toml, option)

    return Settings(
        cwd=cwd,
        ini=ini,
        toml=toml if table else None,
        section=name,
        script_location=text("script_location"),
        version_locations=_version_locations(parser, ini, name, table, toml),
        recursive=_flag(parser, name, table, "recursive_version_locations"),
        sourceless=_flag(parser, name, table, "sourceless"),
        prepend=_prepended(parser, ini, name, table, toml),
        url=_url(parser, database if database and parser.has_section(database) else name),
    )


def sections_of(ini: Path) -> tuple[str, ...]:
    """The sections of an ini that name a script location; `[alembic]` alone when it does.

    Raises:
        BadSetting, UnreadableFile: it cannot be read.
    """
    parser = _parser(ini)
    named = tuple(name for name in parser.sections() if parser.has_option(name, "script_location"))
    return (_SECTION,) if _SECTION in named else named


def has_tool_table(folder: Path) -> bool:
    """Whether the folder's pyproject.toml says where Alembic's scripts are."""
    return "script_location" in _tool_table(folder / "pyproject.toml")


def _parser(ini: Path) -> ConfigParser:
    # `here` is what Alembic itself offers for interpolation: the folder of the file.
    parser = ConfigParser({"here": ini.parent.absolute().as_posix()})
    try:
        parser.read_string(ini.read_text(encoding="utf-8-sig"), str(ini))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{ini} cannot be read: {error}", hint="it must be UTF-8 text") from error
    except Error as error:
        raise BadSetting(f"{ini} cannot be parsed: {error}") from error
    return parser


def _tool_table(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path} cannot be parsed: {error}") from error
    tool = whole.get("tool")
    table = cast("Mapping[str, Any]", tool).get("alembic") if isinstance(tool, dict) else None
    return cast("Mapping[str, Any]", table) if isinstance(table, dict) else {}


def _from_ini(parser: ConfigParser, ini: Path | None, section: str, option: str) -> str | None:
    if not parser.has_option(section, option):
        return None
    try:
        return parser.get(section, option)
    except Error as error:
        raise BadSetting(
            f"{ini} [{section}] {option}: {error.message.splitlines()[0]}",
            hint="% begins an interpolation; write %% for a percent sign",
        ) from error


def _from_toml(table: Mapping[str, Any], toml: Path, option: str) -> str | None:
    value = table.get(option)
    return _here(value, toml) if isinstance(value, str) else None


def _here(value: str, toml: Path) -> str:
    try:
        return value % {"here": toml.parent.absolute().as_posix()}
    except (KeyError, ValueError, TypeError) as error:
        raise BadSetting(f"{toml} [tool.alembic]: {value!r} cannot be interpolated ({error})") from error


def _list_from_toml(table: Mapping[str, Any], toml: Path, option: str) -> tuple[str, ...]:
    value = table.get(option)
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(_here(str(each), toml) for each in entries)


def _version_locations(
    parser: ConfigParser, ini: Path | None, section: str, table: Mapping[str, Any], toml: Path
) -> tuple[str, ...]:
    text = _from_ini(parser, ini, section, "version_locations")
    if not text:
        return _list_from_toml(table, toml, "version_locations")
    separator = _separator(parser, ini, section, "path_separator", "version_path_separator")
    if separator is None:
        return tuple(part for part in _OLD_LIST.split(text) if part)
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _prepended(
    parser: ConfigParser, ini: Path | None, section: str, table: Mapping[str, Any], toml: Path
) -> tuple[str, ...]:
    text = _from_ini(parser, ini, section, "prepend_sys_path")
    if not text:
        return _list_from_toml(table, toml, "prepend_sys_path")
    separator = _separator(parser, ini, section, "path_separator")
    if separator is None:
        return tuple(part for part in _OLD_PATHS.split(text) if part)
    return tuple(part.strip() for part in text.split(separator) if part.strip())


def _separator(parser: ConfigParser, ini: Path | None, section: str, *options: str) -> str | None:
    for option in options:
        word = _from_ini(parser, ini, section, option)
        if word is None:
            continue
        if word not in _SEPARATORS:
            raise BadSetting(
                f"{ini} [{section}] {option} is {word!r}", hint=f"Alembic knows {', '.join(_SEPARATORS)}"
            )
        return _SEPARATORS[word]
    return None


def _flag(parser: ConfigParser, section: str, table: Mapping[str, Any], option: str) -> bool:
    if parser.has_option(section, option):
        return parser.get(section, option) == "true"
    return table.get(option) is True


def _url(parser: ConfigParser, section: str) -> str | None:
    if not parser.has_option(section, "sqlalchemy.url"):
        return None
    try:
        return parser.get(section, "sqlalchemy.url")
    except Error:
        return None  # Alembic fails on it too, but only if env.py reads it
