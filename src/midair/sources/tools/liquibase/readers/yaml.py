"""Reads YAML and JSON changelogs with one loader, as SnakeYAML reads them (liquibase.md §1.1).

Only nodes are composed: no object is ever constructed from a tag.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from midair.errors import BadMigration
from midair.model.statement import Span
from midair.sources.tools.liquibase.nodes import DEEPEST, MOST_NODES, Node

_INT = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|[1-9][0-9_]*|0)$")
_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9_]+(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)$")
_BOOL = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_PLAIN_TAGS = {
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "value")
}
_NULL = {"~", "null", "Null", "NULL", ""}
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::?(\d\d))?))?)?$"
)


def read_yaml(data: bytes, path: str) -> Node:
    """The `databaseChangeLog` node.

    Raises:
        BadMigration: it is no YAML, or has no such key; the message names the line.
    """
    import yaml

    try:
        root = _compose(data)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadMigration(f"{path}:{line} is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BadMigration(f"{path}:1 is not YAML: {error}", hint="save it as UTF-8") from error
    except RecursionError:
        raise BadMigration(f"{path}:1 is nested too deeply") from None
    if not isinstance(root, yaml.MappingNode):
        raise BadMigration(f"{path}:1 has no databaseChangeLog at its top level")
    walk = _Walk(path)
    for key, value in root.value:
        if str(key.value).lower() == "databasechangelog":
            if not isinstance(value, yaml.SequenceNode):
                raise BadMigration(
                    f"{path}:{key.start_mark.line + 1} databaseChangeLog is not a list",
                    hint="write each changeSet as an item of a list, `- changeSet:`",
                )
            return next(iter(walk.entry("databaseChangeLog", value, 1)))
    raise BadMigration(f"{path}:1 has no databaseChangeLog at its top level")


def _compose(data: bytes) -> Any:
    from yaml.composer import Composer
    from yaml.resolver import Resolver

    parser: Any = import_module("yaml.cyaml").CParser  # yaml ships no types for it

    class Loader(Composer, parser, Resolver):
        """libyaml's parser under Python's composer, which can be told to let anchors be redefined."""

        def __init__(self) -> None:
            parser.__init__(self, data)
            Composer.__init__(self)
            Resolver.__init__(self)

        def compose_node(self, parent: Any, index: Any) -> Any:
            from yaml.events import AliasEvent

            event: Any = self.peek_event()
            if not isinstance(event, AliasEvent):
                self.anchors.pop(event.anchor, None)
            return super().compose_node(parent, index)  # pyright: ignore[reportArgumentType]

    return Loader().get_single_node()


class _Walk:
    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0

    def entry(self, name: str, value: Any, depth: int, key: Any = None) -> Iterator[Node]:
        """A map's entry as nodes: one, or for a list of plain values one each. A map or a list begins at its key."""
        import yaml

        self._counted(value, depth)
        span = Span(self._path, value.start_mark.line + 1, value.start_mark.column + 1, _end(value))
        if isinstance(value, yaml.ScalarNode):
            text = self._scalar(value)
            yield Node(name, text, (), span, _lead(value, text))
            return
        if key is not None:
            line = key.start_mark.line + 1
            # what an alias stands for may be anywhere: it is shown where it is used
            span = Span(self._path, line, key.start_mark.column + 1, max(line, _end(value)))
        if isinstance(value, yaml.MappingNode):
            yield Node(name, None, tuple(self._map(value, depth)), span)
        else:
            plain = [each for each in value.value if isinstance(each, yaml.ScalarNode)]
            for each in plain:
                yield from self.entry(name, each, depth + 1)
            if not plain:
                yield Node(name, None, tuple(self._items(value, depth)), span)

    def _counted(self, value: Any, depth: int) -> None:
        self._count += 1
        if depth > DEEPEST or self._count > MOST_NODES:
            line = value.start_mark.line + 1
            raise BadMigration(f"{self._path}:{line} is nested too deeply, or aliases make too much of it")

    def _items(self, value: Any, depth: int) -> Iterator[Node]:
        import yaml

        for item in value.value:
            if isinstance(item, yaml.MappingNode):
                yield from self._map(item, depth)
            elif isinstance(item, yaml.SequenceNode):
                self._counted(item, depth)
                yield from self._items(item, depth + 1)

    def _map(self, value: Any, depth: int) -> Iterator[Node]:
        for name, (key, inner) in self._pairs(value, depth).items():
            yield from self.entry(name, inner, depth + 1, key)

    def _pairs(self, value: Any, depth: int) -> dict[str, tuple[Any, Any]]:
        """The entries of a map, key and value: the last of a name wins, merged ones (`<<`) come first and yield to the map's own."""
        import yaml

        self._counted(value, depth)
        pairs: dict[str, tuple[Any, Any]] = {}
        for key, inner in value.value:
            if key.tag != "tag:yaml.org,2002:merge":
                continue
            sources = inner.value if isinstance(inner, yaml.SequenceNode) else [inner]
            for source in reversed(sources):
                if not isinstance(source, yaml.MappingNode):
                    raise BadMigration(f"{self._path}:{key.start_mark.line + 1} merges what is not a map")
                pairs.update(self._pairs(source, depth + 1))
        for key, inner in value.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise BadMigration(f"{self._path}:{key.start_mark.line + 1} has a map or a list as a key")
            pairs[self._scalar(key) or ""] = (key, inner)
        return pairs

    def _scalar(self, value: Any) -> str | None:
        if value.style or value.tag not in _PLAIN_TAGS:
            return value.value
        try:
            return _text(value.value)
        except (ValueError, OverflowError) as error:
            raise BadMigration(
                f"{self._path}:{value.start_mark.line + 1} {value.value!r}: {error}"
            ) from error


def _lead(value: Any, text: str | None) -> int:
    """A block's text begins on the line below its `|`; empty lines before it are trimmed later."""
    if value.style not in ("|", ">") or not text:
        return 0
    return 1 + text[: len(text) - len(text.lstrip())].count("\n")


def _end(value: Any) -> int:
    """The last line of a node; a block's end mark stands at the beginning of what follows."""
    last = value.end_mark.line + 1
    return last - 1 if value.end_mark.column == 0 and last > value.start_mark.line + 1 else last


def _text(plain: str) -> str | None:
    """A plain scalar as the text Java makes of what SnakeYAML takes it for."""
    if plain in _NULL:
        return None
    if plain.lower() in _BOOL and plain in (plain.lower(), plain.upper(), plain.capitalize()):
        return _BOOL[plain.lower()]
    if _INT.match(plain):
        return str(_whole(plain.replace("_", "")))
    if _SEXAGESIMAL.match(plain):
        return _base_60(plain.replace("_", ""))
    if special := _SPECIAL.match(plain):
        sign = "-" if special.group(1) == "-" else ""
        return "NaN" if special.group(2).lower() == "nan" else f"{sign}Infinity"
    if _FLOAT.match(plain) and any(letter.isdigit() for letter in plain):
        return java_double(float(plain.replace("_", "")))
    if stamp := _TIMESTAMP.match(plain):
        return _moment(stamp)
    return plain


def _whole(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if digits[:2] in ("0b", "0x"):
        return sign * int(digits, 0)
    return sign * (int(digits, 8) if len(digits) > 1 and digits.startswith("0") else int(digits))


def _base_60(text: str) -> str:
    sign = -1 if text.startswith("-") else 1
    parts = text.lstrip("+-").split(":")
    if "." in text:
        value = 0.0
        for part in parts:
            value = value * 60 + float(part)
        return java_double(sign * value)
    whole = 0
    for part in parts:
        whole = whole * 60 + int(part)
    return str(sign * whole)


def java_double(value: float) -> str:
    """`Double.toString`: plain between 10⁻³ and 10⁷, else with an exponent; always with a fraction."""
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value != value:
        return "NaN"
    sign, digits, exponent = _digits(value)
    if value == 0:
        return f"{sign}0.0"
    if -3 <= exponent < 7:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
        whole = digits[: exponent + 1].ljust(exponent + 1, "0")
        return f"{sign}{whole}.{digits[exponent + 1 :] or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _digits(value: float) -> tuple[str, str, int]:
    text = f"{value!r}"
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    shift = int(exponent or 0) + len(whole) - 1
    digits = whole + fraction
    stripped = digits.lstrip("0")
    shift -= len(digits) - len(stripped)
    return sign, stripped.rstrip("0") or "0", shift


def _moment(stamp: re.Match[str]) -> str:
    """A timestamp as Liquibase's ISO text, in UTC when it names a zone."""
    year, month, day, hour, minute, second, fraction, zone, sign, by_hours, by_minutes = stamp.groups()
    moment = datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
    )
    if zone and zone != "Z":
        offset = timedelta(hours=int(by_hours), minutes=int(by_minutes or 0))
        moment += -offset if sign == "+" else offset
    digits = (fraction or "").rstrip("0")
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{digits}" if digits else "")
