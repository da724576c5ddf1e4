"""Reads literal settings of a Gradle `flyway { }` block; a build script is a program and is never run (flyway.md §6.1)."""

import re
from collections.abc import Iterator
from pathlib import Path

from midair.sources.tools.flyway.configuration import Layer, Value

_PLUGIN = re.compile(r"""org\.flywaydb\.flyway|apply\s+plugin:\s*['"]flyway""")
_BLOCK = re.compile(r"^[ \t]*flyway\s*\{", re.MULTILINE)
_SETTING = re.compile(r"^\s*(\w+)\s*(?:=|\s)\s*(.+?)\s*;?\s*$")
_LITERAL = re.compile(r"""'([^']*)'|"([^"$]*)\"""")
_LIST = re.compile(r"""(?:\[|arrayOf\(|listOf\()\s*((?:['"][^'"$]*['"]\s*,?\s*)*)(?:\]|\))""")


def gradle_layer(path: Path, shown: str) -> tuple[Layer, tuple[str, ...]] | None:
    """The literals of the `flyway` block and a warning a line for the rest; `None` without the plugin."""
    text = path.read_text("utf-8", errors="replace")
    if not _PLUGIN.search(text):
        return None
    values: dict[str, Value] = {}
    warnings: list[str] = []
    for number, key, written in _settings(text):
        value = _literal(written)
        if value is None:
            warnings.append(
                f"{shown}:{number} flyway.{key} is computed by the build; set it in midair.toml if it matters"
            )
        else:
            values[key] = value
    return Layer(shown, values), tuple(warnings)


def _settings(text: str) -> Iterator[tuple[int, str, str]]:
    found = _BLOCK.search(text)
    if found is None:
        return
    depth = 1
    first = text.count("\n", 0, found.end()) + 1
    for offset, line in enumerate(text[found.end() :].splitlines()):
        code = re.sub(r"(^|\s)//.*", "", line)
        setting = _SETTING.match(code) if depth == 1 else None
        depth += code.count("{") - code.count("}")
        if depth <= 0:
            return
        if setting and depth == 1:
            yield first + offset, setting.group(1), setting.group(2)


def _literal(written: str) -> Value | None:
    if written in ("true", "false") or written.isdigit():
        return written
    if found := _LITERAL.fullmatch(written):
        return found.group(1) if found.group(1) is not None else found.group(2)
    if found := _LIST.fullmatch(written):
        return tuple(one or two for one, two in _LITERAL.findall(found.group(1)))
    return None
