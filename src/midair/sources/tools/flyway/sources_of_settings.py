"""Which places a project's settings come from, weakest first (flyway.md §6.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from midair.errors import BadSetting
from midair.sources.source import Found, Options
from midair.sources.tools.flyway.conf import conf_layer
from midair.sources.tools.flyway.configuration import Layer, Settings, settings_of
from midair.sources.tools.flyway.environment import environment_layer
from midair.sources.tools.flyway.gradle import gradle_layer
from midair.sources.tools.flyway.maven import maven_layer
from midair.sources.tools.flyway.spring import application_files, host_layer, properties_of
from midair.sources.tools.flyway.toml import toml_layers

_PLUGIN_FOLDER = "src/main/resources/db/migration"


def settings_for(found: Found, options: Options) -> tuple[Settings, tuple[str, ...]]:
    """The project's settings, `[tools.flyway]` of midair.toml the strongest, and warnings about what could not be read."""
    named = options.tool.get("configFiles", options.variables.get("FLYWAY_CONFIG_FILES", ""))
    extra = [found.root / name.strip() for name in named.split(",") if name.strip()]
    layers, warnings = _host_layers(found, options, extra)
    special = {"configFiles", "profile", "profiles", "environment", "undo"}
    own = Layer(
        "[tools.flyway] of midair.toml",
        {key: value for key, value in options.tool.items() if key not in special},
    )
    settings = settings_of(
        (*layers, environment_layer(options.variables), *_spring_variables(found, options), own)
    )
    return settings if settings.locations else replace(settings, locations=_usual(found)), warnings


def _host_layers(
    found: Found, options: Options, extra: Iterable[Path]
) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    config = found.config
    name = config.name if config else ""
    explicit = tuple(extra)
    if name.endswith(".toml") or any(path.suffix == ".toml" for path in explicit):
        return _tomls(found, options, explicit), ()
    if config is None or name.endswith(".conf"):
        return tuple(_confs(found, options.variables, explicit)), ()
    layers, warnings = _host(config, found, options)
    return (*layers, *_confs(found, options.variables, explicit)), warnings


def _host(config: Path, found: Found, options: Options) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    shown = _shown(config, found.root)
    if config.name == "pom.xml":
        layer = maven_layer(config, options.variables, shown)
        return ((layer,) if layer else ()), ()
    if config.name.startswith("build.gradle"):
        read = gradle_layer(config, shown)
        return ((read[0],), read[1]) if read else ((), ())
    return _application(found, options)


def _application(found: Found, options: Options) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    profiles = _profiles(options)
    merged: dict[str, str | tuple[str, ...]] = {}
    files = application_files(found.root, profiles)
    for path in files:
        merged.update(properties_of(path, profiles, _shown(path, found.root)))
    origin = ", ".join(_shown(path, found.root) for path in files)
    host = "quarkus" if any(key.startswith("quarkus.") for key in merged) else "spring"
    layer, warnings = host_layer(host, merged, options.variables, origin)
    return (layer,), warnings


def _profiles(options: Options) -> tuple[str, ...]:
    named = options.tool.get(
        "profiles", options.tool.get("profile", options.variables.get("SPRING_PROFILES_ACTIVE", ""))
    )
    return tuple(name.strip() for name in named.split(",") if name.strip())


def _spring_variables(found: Found, options: Options) -> tuple[Layer, ...]:
    if found.config is None or not found.config.name.startswith("application"):
        return ()
    datasource = {
        "SPRING_DATASOURCE_URL": "url",
        "SPRING_DATASOURCE_USERNAME": "user",
        "SPRING_DATASOURCE_PASSWORD": "password",
    }
    values = {key: options.variables[name] for name, key in datasource.items() if name in options.variables}
    return Layer("the environment", values), environment_layer(options.variables, "SPRING_FLYWAY_")


def _tomls(found: Found, options: Options, explicit: tuple[Path, ...]) -> tuple[Layer, ...]:
    if any(path.suffix != ".toml" for path in explicit):
        raise BadSetting(
            "configFiles names .toml and .conf files together", hint="Flyway takes one kind or the other"
        )
    home = options.variables.get("HOME")
    folders = [*([Path(home)] if home else []), found.root]
    usual = [folder / name for folder in folders for name in ("flyway.toml", "flyway.user.toml")]
    paths = tuple(dict.fromkeys(path for path in (*usual, *explicit) if path.is_file()))
    chosen = options.tool.get("environment") or options.variables.get("flyway_environment")
    return toml_layers(paths, chosen, options.variables, found.root)


def _confs(found: Found, variables: Mapping[str, str], explicit: tuple[Path, ...]) -> Iterable[Layer]:
    home = variables.get("HOME")
    usual = [
        found.root / "conf/flyway.conf",
        *([Path(home) / "flyway.conf"] if home else []),
        found.root / "flyway.conf",
    ]
    if found.config is not None and found.config.suffix == ".conf":
        usual.append(found.config)
    for path in dict.fromkeys(path for path in (*usual, *explicit) if path.is_file()):
        yield conf_layer(path, variables, _shown(path, found.root))


def _usual(found: Found) -> tuple[str, ...]:
    """Flyway's default location for the kind of project it is."""
    name = found.config.name if found.config else ""
    if name.startswith("application"):
        return ("classpath:db/migration",)
    if name.startswith(("pom", "build.gradle")) or (
        name and not (found.root / "sql").is_dir() and (found.root / _PLUGIN_FOLDER).is_dir()
    ):
        return (f"filesystem:{_PLUGIN_FOLDER}",)
    return ("filesystem:sql",) if name else (f"filesystem:{found.folder}",)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
