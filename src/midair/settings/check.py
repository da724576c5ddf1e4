"""Turns the tables of a settings file into typed values, and lists everything that is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar, cast, get_args

import msgspec
from msgspec.structs import fields

from midair.errors import BadSetting, ConfigurationError
from midair.settings.discover import Document
from midair.settings.duration import Duration, duration
from midair.settings.shape import Adjustable, ProjectEntry, RehearseTable, RulesTable, TopLevel

S = TypeVar("S", bound=msgspec.Struct)

# What other tools call our settings; `difflib` alone would not find these.
_ALSO_CALLED = {
    "lock_timeout": "lock_wait", "lock_timout": "lock_wait", "retries": "lock_budget", "database_url": "url",
    "dsn": "url", "password": "password_file", "venv": "python", "timeout": "statement_timeout", "environment": "environments",
}  # fmt: skip


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, so that it can be told in one go."""

    errors: list[ConfigurationError] = field(default_factory=list[ConfigurationError])

    def add(self, where: str, text: str, hint: str | None = None) -> None:
        """Notes one thing; `where` is file and line, or the flag or variable."""
        self.errors.append(BadSetting(f"{where} {text}", hint=hint))


def checked(document: Document, problems: Problems) -> TopLevel:
    """The file's values; wrong ones are left out and noted in `problems`."""
    table = dict(document.table)
    environments = _tables(document, table, "environments", problems)
    tools = _tables(document, table, "tools", problems)
    projects = table.pop("projects", None)
    rules, rehearse = table.pop("rules", None), table.pop("rehearse", None)
    top = _struct(TopLevel, table, document, (), problems)
    top.environments = {
        name: _struct(Adjustable, values, document, ("environments", name), problems)
        for name, values in environments.items()
    }
    top.rules = _table("rules", rules, RulesTable, document, problems)
    top.rehearse = _table("rehearse", rehearse, RehearseTable, document, problems)
    top.tools = {name: dict(values) for name, values in tools.items()}
    if isinstance(projects, list):
        top.projects = _projects(document, cast("list[object]", projects), problems)
    elif projects is not None:
        problems.add(document.place("projects"), "projects is not a list of tables; write [[projects]]")
    return top


def _table(name: str, value: object, shape: type[S], document: Document, problems: Problems) -> S | None:
    if isinstance(value, dict):
        values = _with_underscores(cast("dict[str, object]", value))
        return _struct(shape, values, document, (name,), problems)
    if value is not None:
        problems.add(document.place(name), f"{name} is not a table; write [{name}]")
    return None


def converted(text: str, name: str, where: str, problems: Problems) -> object:
    """The value a flag's or variable's text stands for, or `None` when it is wrong and noted."""
    return _value(
        TopLevel if name in ("project", "default_env", "env_file") else Adjustable,
        name,
        text,
        where,
        problems,
        strict=False,
    )


def suggestion(name: str, known: Sequence[str]) -> str | None:
    """ "did you mean …?", where something known is close."""
    close = [_ALSO_CALLED[name]] if _ALSO_CALLED.get(name) in known else get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else None


def _tables(
    document: Document, table: dict[str, object], key: str, problems: Problems
) -> dict[str, Mapping[str, object]]:
    value = table.pop(key, {})
    if not isinstance(value, dict):
        problems.add(document.place(key), f"{key} is not a table; write [{key}.NAME]")
        return {}
    found: dict[str, Mapping[str, object]] = {}
    for name, inner in cast("dict[str, object]", value).items():
        if isinstance(inner, dict):
            found[name] = cast("dict[str, object]", inner)
        else:
            problems.add(document.place(key, name), f"{key}.{name} is not a table; write [{key}.{name}]")
    return found


def _with_underscores(table: Mapping[str, object]) -> Mapping[str, object]:
    """`[rules.per-path]` reads better as a heading; settings have underscores."""
    return {"per_path" if name == "per-path" else name: value for name, value in table.items()}


def _projects(document: Document, entries: Sequence[object], problems: Problems) -> list[ProjectEntry]:
    found: list[ProjectEntry] = []
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or "path" not in entry:
            problems.add(
                document.place("projects", index), "this project has no path", 'write path = "folder"'
            )
            continue
        made = _struct(
            ProjectEntry, cast("dict[str, object]", entry), document, ("projects", index), problems
        )
        if made.options and made.tool is None:
            problems.add(
                document.place("projects", index, "options"),
                "this project has options and does not say for which tool",
                'write tool = "alembic" (or another) beside them',
            )
        found.append(made)
    return found


def _struct(
    shape: type[S],
    table: Mapping[str, object],
    document: Document,
    path: tuple[str | int, ...],
    problems: Problems,
) -> S:
    known = tuple(field.name for field in fields(shape))
    values: dict[str, object] = {}
    for name, raw in table.items():
        where = document.place(*path, name)
        dotted = ".".join(str(part) for part in (*path, name))
        if name not in known:
            problems.add(
                where,
                f"{dotted} is not a setting",
                suggestion(name, known) or "docs/reference/settings.md lists them all",
            )
        elif (value := _value(shape, name, raw, f"{where} {dotted}:", problems, strict=True)) is not None:
            values[name] = value
    return shape(**values)


def _value(
    shape: type[msgspec.Struct], name: str, raw: object, where: str, problems: Problems, *, strict: bool
) -> object:
    wanted = next(field.type for field in fields(shape) if field.name == name)
    try:
        return msgspec.convert(raw, wanted, strict=strict, dec_hook=_own_types)
    except msgspec.ValidationError as error:
        problems.add(where, _plain(error, wanted, raw))
        return None


def _own_types(wanted: type, raw: object) -> object:
    if wanted is object:
        return raw  # a tool's own options: the tool's source reads them
    if wanted is not Duration:
        raise TypeError(f"no reading of {wanted}")
    if not isinstance(raw, str):
        raise TypeError(f'{raw!r} is not a duration; write a number and a unit in quotes, as in "50ms"')
    return duration(raw)


def _plain(error: msgspec.ValidationError, wanted: object, raw: object) -> str:
    """msgspec's sentence in ours: it names its own types, and never the choices."""
    choices = tuple(_choices(wanted))
    if choices and isinstance(raw, str):
        return f"{raw!r} cannot be chosen here; one of: {', '.join(choices)}"
    text = str(error.__cause__ or error)
    return text[:1].lower() + text[1:]


def _choices(wanted: object) -> Iterator[str]:
    """The values of every enumeration in a type."""
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        yield from (member.value for member in wanted)
    for part in get_args(wanted):
        yield from _choices(part)
