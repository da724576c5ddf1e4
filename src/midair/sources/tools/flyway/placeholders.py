"""`${name}` in a file becomes its value, everywhere, before anything is parsed (flyway.md §5.9)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field

from midair.errors import BadMigration
from midair.model.frozen import frozen


@frozen
class Placeholders:
    """Values by lower-case name, and how a placeholder is written."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    prefix: str = "${"
    suffix: str = "}"

    def having(self, more: Mapping[str, str]) -> "Placeholders":
        """The same with more values."""
        return Placeholders(
            {**self.values, **{name.lower(): value for name, value in more.items()}}, self.prefix, self.suffix
        )


def replaced(text: str, placeholders: Placeholders, shown: str) -> str:
    """The text with every placeholder replaced; `shown` is the file's name for people.

    A doubled first character of the prefix escapes it and both stay: `$${x}` is left alone,
    `$$${x}` is `$$` and a value.

    Raises:
        BadMigration: a placeholder has no value, or never ends.
    """
    if placeholders.prefix not in text:
        return text
    return "".join(_pieces(text, placeholders, shown))


def _pieces(text: str, placeholders: Placeholders, shown: str) -> Iterator[str]:
    prefix, suffix = placeholders.prefix, placeholders.suffix
    doubled = prefix[0] * 2
    # A prefix that itself begins doubled (`##{`) cannot be escaped.
    escape = "" if prefix.startswith(doubled) else re.escape(doubled) + "|"
    position = 0
    for mark in re.finditer(f"{escape}{re.escape(prefix)}", text):
        if mark.start() < position or mark.group() == doubled:
            continue
        end = text.find(suffix, mark.end())
        line = text.count("\n", 0, mark.start()) + 1
        if end < 0:
            raise BadMigration(
                f"{shown}:{line} begins a placeholder with {prefix} that never ends with {suffix}",
                hint="close it, or switch placeholderReplacement off for this file",
            )
        name = text[mark.end() : end]
        if name.lower() not in placeholders.values:
            raise BadMigration(
                f"{shown}:{line} No value provided for placeholder: {prefix}{name}{suffix}. Check your configuration!",
                hint=f"set flyway.placeholders.{name}, or FLYWAY_PLACEHOLDERS_{name.upper()} in the environment",
            )
        yield text[position : mark.start()]
        yield placeholders.values[name.lower()]
        position = end + len(suffix)
    yield text[position:]
