"""`[rules]` as values: what `check` is to look for in this project."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from midair.errors import BadSetting
from midair.model.frozen import frozen
from midair.settings.discover import Document
from midair.settings.shape import RulesTable


@frozen
class RuleSettings:
    """Which rules count, where and how much. Whether there are rules of these names is not known here."""

    table: RulesTable = field(default_factory=RulesTable)
    document: Document | None = None

    @property
    def ignore(self) -> tuple[str, ...]:
        """Rules whose findings do not count."""
        return tuple(self.table.ignore or ())

    @property
    def select(self) -> tuple[str, ...]:
        """Rules off by default that are wanted."""
        return tuple(self.table.select or ())

    @property
    def risks(self) -> Mapping[str, str]:
        """The risk of rules whose own the project does not share."""
        return {code: str(risk.value) for code, risk in (self.table.risk or {}).items()}

    @property
    def per_path(self) -> Mapping[str, tuple[str, ...]]:
        """Patterns of paths with the rules that do not count there."""
        return {path: tuple(codes) for path, codes in (self.table.per_path or {}).items()}

    @property
    def baseline(self) -> Path | None:
        """The file of findings that were there before."""
        return (
            self.document.path.parent / self.table.baseline if self.document and self.table.baseline else None
        )

    @property
    def names(self) -> Mapping[str, str]:
        """The pattern of each kind of name.

        Raises:
            BadSetting: one is no regular expression.
        """
        found = {str(kind.value): pattern for kind, pattern in (self.table.names or {}).items()}
        for kind, pattern in found.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise BadSetting(
                    f"{self._place('names', kind)} {pattern!r} is no pattern: {error}"
                ) from error
        return found

    @property
    def busy_tables(self) -> tuple[str, ...]:
        """Tables that are used all the time."""
        return tuple(self.table.busy_tables or ())

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Columns that every table has."""
        return tuple(self.table.required_columns or ())

    def named(self) -> Iterator[tuple[str, str]]:
        """Every rule that is named, and where: whoever knows the rules says which do not exist."""
        for key, codes in (("ignore", self.ignore), ("select", self.select)):
            yield from ((code, self._place(key)) for code in codes)
        yield from ((code, self._place("risk", code)) for code in self.risks)
        for path, codes in self.per_path.items():
            yield from ((code, self._place("per-path", path)) for code in codes)

    def shown(self) -> Iterator[tuple[str, str, str]]:
        """Name, value and place of each setting, for people."""
        for key, codes in (("ignore", self.ignore), ("select", self.select)):
            if codes:
                yield f"rules.{key}", ", ".join(codes), self._place(key)
        for code, risk in self.risks.items():
            yield f"rules.risk.{code}", risk, self._place("risk", code)
        for path, codes in self.per_path.items():
            yield f'rules.per-path."{path}"', ", ".join(codes), self._place("per-path", path)
        for kind, pattern in (self.table.names or {}).items():
            yield f"rules.names.{kind.value}", pattern, self._place("names", str(kind.value))
        for key, names in (("busy_tables", self.busy_tables), ("required_columns", self.required_columns)):
            if names:
                yield f"rules.{key}", ", ".join(names), self._place(key)
        for key in ("baseline", "small_rows", "help_url"):
            if (value := getattr(self.table, key)) is not None:
                yield f"rules.{key}", str(value), self._place(key)

    def _place(self, *keys: str) -> str:
        if self.document is None:
            return ""
        # `[rules.per-path]` reads better as a heading, and both spellings are taken.
        other = tuple("per_path" if key == "per-path" else key for key in keys)
        line = self.document.line("rules", *keys) or self.document.line("rules", *other)
        return f"{self.document.path.name}:{line}" if line else self.document.path.name
