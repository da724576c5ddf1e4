"""Reads Spring Boot's and Quarkus' own configuration: `application*.properties`, `.yml`, `.yaml` (flyway.md §6.1)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from midair.errors import BadSetting, UnreadableFile
from midair.sources.tools.flyway.configuration import Layer, Value

FOLDERS = ("src/main/resources", "src/main/resources/config", "config", "resources", ".")
"""Where application files are looked for, the later the stronger."""
_ENDINGS = (".yaml", ".yml", ".properties")
_REFERENCE = re.compile(r"\$\{([^${}]*)\}")
_DATASOURCE = {"url": "url", "jdbc.url": "url", "jdbc-url": "url", "username": "user", "password": "password"}


def application_files(root: Path, profiles: Sequence[str] = ()) -> tuple[Path, ...]:
    """The application files below a module that exist, the later the stronger, active profiles last."""
    names = ["application", *(f"application-{profile}" for profile in profiles)]
    candidates = (
        root / folder / f"{name}{ending}" for name in names for folder in FOLDERS for ending in _ENDINGS
    )
    return tuple(path for path in candidates if path.is_file())


def properties_of(path: Path, profiles: Sequence[str], shown: str) -> dict[str, Value]:
    """The file's keys, flattened; documents of a YAML file that belong to other profiles are left out.

    Raises:
        UnreadableFile, BadSetting: it is not text, or not YAML.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        text = path.read_text("iso-8859-1")  # Java's properties files were Latin-1 until Java 9
    except OSError as error:
        raise UnreadableFile(f"{shown} cannot be read: {error.strerror}") from error
    if path.suffix == ".properties":
        import javaproperties

        return dict(javaproperties.loads(text))
    return _yaml(text, profiles, shown)


def _yaml(text: str, profiles: Sequence[str], shown: str) -> dict[str, Value]:
    import yaml

    merged: dict[str, Value] = {}
    try:
        documents: list[object] = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise BadSetting(f"{shown} is not YAML: {error}") from error
    for document in documents:
        flat = dict(_flat(document))
        wanted = flat.get("spring.config.activate.on-profile", flat.get("spring.profiles", ""))
        names = wanted.split(",") if isinstance(wanted, str) else wanted
        if not wanted or any(name.strip() in profiles for name in names):
            merged.update(flat)
    return merged


def _flat(value: object, prefix: str = "") -> Iterator[tuple[str, Value]]:
    if isinstance(value, dict):
        for key, child in value.items():  # pyright: ignore[reportUnknownVariableType] - YAML's own
            yield from _flat(child, f"{prefix}.{key}" if prefix else str(key))  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list):
        yield prefix, tuple(_scalar(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    elif prefix:
        yield prefix, _scalar(value)


def _scalar(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def host_layer(
    host: str, properties: Mapping[str, Value], variables: Mapping[str, str], origin: str
) -> tuple[Layer, tuple[str, ...]]:
    """The Flyway settings of a `spring` or `quarkus` application, and warnings about what could not be resolved."""
    prefix, datasource = f"{host}.flyway.", f"{host}.datasource."
    values: dict[str, Value] = {}
    warnings: list[str] = []
    wanted = {datasource + name: key for name, key in _DATASOURCE.items()}
    for key, value in properties.items():
        target = wanted.get(key) or (key.removeprefix(prefix) if key.startswith(prefix) else None)
        if target is None or (key in wanted and _own(target, properties, prefix)):
            continue
        try:
            values[target] = _resolved(value, properties, variables)
        except KeyError as error:
            warnings.append(f"{origin}: {key} needs {error.args[0]}, which is not set; it is left out")
    return Layer(origin, values), tuple(warnings)


def _own(target: str, properties: Mapping[str, Value], prefix: str) -> bool:
    """Spring Boot takes Flyway's own connection instead of the datasource's, key by key."""
    return any(
        prefix + name in properties for name in ((target, "username") if target == "user" else (target,))
    )


def _resolved(value: Value, properties: Mapping[str, Value], variables: Mapping[str, str]) -> Value:
    if not isinstance(value, str):
        return tuple(str(_resolved(item, properties, variables)) for item in value)
    for _ in range(20):  # references may be nested in each other's defaults
        replaced = _REFERENCE.sub(lambda found: _looked_up(found.group(1), properties, variables), value)
        if replaced == value:
            break
        value = replaced
    return value


def _looked_up(reference: str, properties: Mapping[str, Value], variables: Mapping[str, str]) -> str:
    name, colon, default = reference.partition(":")
    relaxed = name.upper().replace(".", "_").replace("-", "")
    for found in (variables.get(name), variables.get(relaxed), properties.get(name)):
        if isinstance(found, str):
            return found
    if colon:
        return default
    raise KeyError(f"${{{name}}}")
