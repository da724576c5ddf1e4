"""`${name}` and where its value comes from (liquibase.md §4.4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from midair.errors import BadMigration
from midair.model.frozen import frozen

_FLAT = re.compile(r"\$\{([^{}]+)\}")
_DEEPEST = 50
_LONGEST = 32_000_000


@frozen
class Scope:
    """The values in force at one place of one file: what stands below it does not count.

    `mode` is `missingPropertyMode`; `escaping` is `supportPropertyEscaping`.
    """

    known: "Properties"
    before: int
    own: Mapping[str, str]
    one_pass: bool = False
    """As releases before 4.12 did it: values are put in as they are."""

    def value(self, name: str) -> str | None:
        """The value of a name, ignoring case; `None` when it has none."""
        lower = name.lower()
        if lower in self.known.fixed:
            return self.known.fixed[lower]
        place, text = self.known.shared.get(lower, (self.before, ""))
        if place < self.before:
            return text
        return self.own.get(lower)

    def within(self, changeset: Mapping[str, str]) -> "Scope":
        """The same scope inside a changeset, whose own names are known by lower-case name."""
        return replace(self, own={**self.own, **changeset})

    def expanded(self, text: str) -> str:
        """The text with every `${name}` replaced, values included; unknown ones stay.

        Raises:
            BadMigration: a property names itself, or one has no value and the mode is ERROR.
        """
        if "${" not in text:
            return text
        return self._flat(text) if self.one_pass else self._expanded(text, 0)

    def _flat(self, text: str) -> str:
        def put(found: re.Match[str]) -> str:
            value = self.value(found.group(1))
            if value is None:
                return found.group()
            # a value was expanded once too, when its definition was read
            return _FLAT.sub(lambda inner: self.value(inner.group(1)) or inner.group(), value)

        return _FLAT.sub(put, text)

    def _expanded(self, text: str, depth: int) -> str:
        if depth > _DEEPEST or len(text) > _LONGEST:
            raise BadMigration(f"the property in {text[:60]!r} refers to itself")
        parts: list[str] = []
        rest = 0
        while (begin := text.find("${", rest)) >= 0:
            end = _closing(text, begin + 2)
            if end < 0:
                break
            parts += [text[rest:begin], self._one(text[begin : end + 1], text[begin + 2 : end], depth)]
            rest = end + 1
        return "".join(parts) + text[rest:]

    def _one(self, written: str, inside: str, depth: int) -> str:
        if inside.startswith(":") and self.known.escaping:
            return f"${{{inside[1:]}}}"
        name = (self._expanded(inside, depth + 1) if "${" in inside else inside).strip()
        value = self.value(name)
        if value is not None:
            return self._expanded(value, depth + 1) if "${" in value else value
        if self.known.mode == "ERROR":
            raise BadMigration(f"the property {name!r} has no value", hint="define it, or pass it with -D")
        return "" if self.known.mode == "EMPTY" else written


def _closing(text: str, start: int) -> int:
    depth = 0
    for found in re.finditer(r"\$\{|\}", text[start:]):
        if found.group() == "${":
            depth += 1
        elif depth == 0:
            return start + found.start()
        else:
            depth -= 1
    return -1


@dataclass(slots=True)
class Properties:
    """What is being collected while a changelog is read. Names are lower-case.

    `fixed`: environment, built-in values and command line, strongest first merged. `shared`: global
    properties with the position each was defined at, first definition only.
    """

    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    mode: str = "PRESERVE"
    escaping: bool = False
    shared: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    _own: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    _count: int = 0

    def define(self, name: str, value: str, file: str, *, everywhere: bool) -> None:
        """A property of the changelog: the first global definition wins, the last local one."""
        lower = name.lower()
        if everywhere:
            self.shared.setdefault(lower, (self._count, value))
            self._count += 1
        else:
            self._own[file] = {**self._own.get(file, {}), lower: value}

    def scope(self, file: str) -> Scope:
        """What is in force at this point of reading this file."""
        return Scope(self, self._count, self._own.get(file, {}))
