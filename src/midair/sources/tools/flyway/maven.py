"""Reads the `flyway-maven-plugin` block of a `pom.xml` (flyway.md §6.1). The file is read, never run."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from midair.errors import BadSetting
from midair.sources.tools.flyway.configuration import Layer, Value

_REFERENCE = re.compile(r"\$\{([^}]+)\}")


def maven_layer(path: Path, variables: Mapping[str, str], shown: str) -> Layer | None:
    """The plugin's settings and the `flyway.` properties; `None` when the plugin is not there.

    Raises:
        BadSetting: the file is not XML.
    """
    project = _parsed(path, shown)
    plugins = [
        plugin
        for plugin in project.iterfind(".//{*}plugin")
        if _child(plugin, "artifactId") == "flyway-maven-plugin"
    ]
    if not plugins:
        return None
    properties = dict(_properties(project))
    values: dict[str, Value] = {
        key.removeprefix("flyway."): value for key, value in properties.items() if key.startswith("flyway.")
    }
    for plugin in plugins:
        for configuration in plugin.iterfind("{*}configuration"):
            values.update(_settings(configuration))
    return Layer(shown, {key: _resolved(value, properties, variables) for key, value in values.items()})


def _parsed(path: Path, shown: str) -> Any:
    etree: Any = import_module("lxml.etree")  # it has no types
    # No entities, no network, no DTD: a project file must not be able to make us read another one.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.parse(str(path), parser).getroot()
    except (etree.XMLSyntaxError, OSError) as error:
        raise BadSetting(f"{shown} is not XML: {error}") from error


def _properties(project: Any) -> Iterator[tuple[str, str]]:
    for properties in project.iterfind("{*}properties"):
        for child in properties.iterchildren("{*}*"):
            yield _name(child), (child.text or "").strip()


def _settings(configuration: Any) -> Iterator[tuple[str, Value]]:
    for child in configuration.iterchildren("{*}*"):
        name, inner = _name(child), list(child.iterchildren("{*}*"))
        if name in ("placeholders", "jdbcProperties"):
            for entry in inner:
                yield f"{name}.{_name(entry)}", (entry.text or "").strip()
        elif inner:
            yield name, tuple((entry.text or "").strip() for entry in inner)
        else:
            yield name, (child.text or "").strip()


def _resolved(value: Value, properties: Mapping[str, str], variables: Mapping[str, str]) -> Value:
    if not isinstance(value, str):
        return tuple(str(_resolved(item, properties, variables)) for item in value)

    def looked_up(found: re.Match[str]) -> str:
        name = found.group(1)
        if name.startswith("env."):
            return variables.get(name.removeprefix("env."), found.group())
        return properties.get(name, found.group())

    return _REFERENCE.sub(looked_up, value)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: Any, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()
