"""Reads `flyway.conf`: properties with rules of its own (flyway.md §6.1)."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from midair.errors import UnreadableFile
from midair.sources.tools.flyway.configuration import Layer

_NAME = re.compile(r"\$\{([^}]+)\}")


def conf_layer(path: Path, variables: Mapping[str, str], shown: str) -> Layer:
    """The `flyway.` settings of the file.

    Raises:
        UnreadableFile: it is not UTF-8 text.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{shown} cannot be read as UTF-8", hint="save it as UTF-8") from error
    values = {
        key.removeprefix("flyway."): value
        for key, value in _pairs(text, variables)
        if key.startswith("flyway.")
    }
    return Layer(shown, values, strict=True)


def _pairs(text: str, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for line in _lines(text):
        key, equals, value = line.partition("=")
        if equals:
            # a name the environment does not have is empty, as Flyway has it
            yield key.strip(), _NAME.sub(lambda name: variables.get(name.group(1), ""), value.strip())


def _lines(text: str) -> Iterator[str]:
    """Trimmed lines without comments; a backslash at the end joins the next line, any other is itself."""
    pending = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not pending and line.startswith("#"):
            continue
        if line.endswith("\\"):
            pending += line[:-1]
            continue
        yield pending + line
        pending = ""
    if pending:
        yield pending
