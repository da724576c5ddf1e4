"""A change's node as typed parameters: booleans, numbers, dates and columns as Liquibase takes them (liquibase.md §5.2)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from midair.errors import BadMigration
from midair.sources.tools.liquibase.fields import (
    BY_LOWER_NAME,
    COLUMN,
    CONSTRAINTS,
    FIELDS,
    LOADED_COLUMN,
    NOT_OF_AN_INDEX,
    PLACED_COLUMN,
    WITH_COLUMNS,
)
from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.nodes import Node
from midair.sources.tools.liquibase.properties import Scope

_NUMBER = re.compile(r"-?([.,]?[0-9])")
_TIME = re.compile(r"(\d+):(\d+):(\d+)")
_DATE = re.compile(r"(\d+)-(\d+)-(\d+)(?:[T ](\d+):(\d+):(\d+)(?:\.(\d+).*)?)?", re.DOTALL)
_TEXT_KEYS = {
    "createProcedure": ("procedureText", "procedureBody"),
    "sql": ("sql",),
    "createView": ("selectQuery",),
}
_WORDS = {
    "createProcedure": "procedureText",
    "createView": "selectQuery",
    "sql": "sql",
    "output": "message",
    "stop": "message",
}
_STOP = "Stop command in changelog file"


def is_change(name: str) -> bool:
    """Whether this is the name of a change type, in any case."""
    return name.lower() in BY_LOWER_NAME


def change_of(node: Node, file: str, scope: Scope, removed: Sequence[str] = ()) -> Change:
    """The change a node is, properties in their places; `removed` are column fields to leave out.

    Raises:
        BadMigration: a parameter cannot be what it must be; the message names file and line.
    """
    name = BY_LOWER_NAME[node.name.lower()]
    fields = _fields(node, FIELDS[name])
    _take_text(name, node, fields)
    if name == "output":
        fields.setdefault("target", "STDERR")
    if name == "stop":
        fields.setdefault("message", _STOP)
    columns = tuple(_columns(name, node, removed)) if name in WITH_COLUMNS else None
    if name == "dropColumn" and not columns:
        columns = None
    where = tuple(_part(each, COLUMN) for block in node.all("whereParams") for each in block.all("param"))
    text = next(node.all(_TEXT_KEYS.get(name, ("sql",))[0]), None)
    return Change(
        name, fields, node.span, file, columns, where, tuple(_parameters(node)), scope,
        (text if text is not None and node.text is None else node).text_span if name == "sql" else None,
    )  # fmt: skip


def _fields(node: Node, names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    wanted = _by_lower(tuple(names))
    for lower in node.names():
        mark = wanted.get(lower)
        text = None if mark is None else node.get(lower)
        if mark is None or text is None:
            continue
        name = mark.rstrip("?#*")
        if mark.endswith("?"):
            found[name] = "true" if text.strip().lower() == "true" else "false"
        elif mark.endswith("#"):
            found[name] = _whole(text, node, name)
        else:
            found[name] = text
    return found


@cache
def _by_lower(marks: tuple[str, ...]) -> Mapping[str, str]:
    return {mark.rstrip("?#*").lower(): mark for mark in marks}


def _whole(text: str, node: Node, name: str) -> str:
    try:
        return str(int(text.strip().replace("_", "x")))
    except ValueError as error:
        raise BadMigration(
            f"{node.span} {node.name}: {name} is {text!r}, not a whole number", hint="write digits only"
        ) from error


def _take_text(name: str, node: Node, fields: dict[str, str]) -> None:
    """What the element holds as text, or in a short form, or under another name of older releases."""
    key = _WORDS.get(name)
    if key is None:
        return
    own = next((text for each in _TEXT_KEYS.get(name, (key,)) if (text := node.get(each)) is not None), None)
    text = node.text if node.text is not None else own
    if text is None and (value := node.get("value")) is not None:
        text = value
    if text is None:
        fields.pop(key, None)
        return
    fields[key] = text.strip("".join(map(chr, range(0x21)))) if name in ("sql", "output", "stop") else text


def _columns(name: str, node: Node, removed: Sequence[str]) -> Iterator[Part]:
    wanted = PLACED_COLUMN if name in ("addColumn", "createIndex") else COLUMN
    wanted = LOADED_COLUMN if name.startswith("load") else wanted
    if removed:
        wanted = tuple(mark for mark in wanted if mark.rstrip("?#") not in removed)
    nested = list(node.all("columns"))
    for block in nested:
        stray = [each for each in block.children if each.name.lower() != "column"]
        if len({each.name for each in stray}) < len(stray):
            raise BadMigration(
                f"{stray[0].span} {name} has columns without the word `column`",
                hint="write `- column: {name: …}`",
            )
    for each in (*node.all("column"), *(column for block in nested for column in block.all("column"))):
        part = _part(each, wanted)
        if name == "createIndex":
            kept = {key: text for key, text in part.fields.items() if key not in NOT_OF_AN_INDEX}
            part = Part(kept, None, part.span)
        yield part


def _part(node: Node, names: Sequence[str]) -> Part:
    fields = _fields(node, names)
    if "value" not in fields and node.text is not None:
        fields["value"] = node.text
    computed, default_computed = fields.pop("valueComputed", None), fields.pop("defaultValueComputed", None)
    for kind, prefix in (
        ("Numeric", "value"),
        ("Date", "value"),
        ("Numeric", "defaultValue"),
        ("Date", "defaultValue"),
    ):
        _convert(fields, prefix, kind)
    if computed is not None:
        fields["valueComputed"] = computed
    if default_computed is not None:
        fields["defaultValueComputed"] = default_computed
    inner = node.child("constraints")
    constraints = None if inner is None else _fields(inner, CONSTRAINTS)
    return Part(fields, constraints, node.span)


def _convert(fields: dict[str, str], prefix: str, kind: str) -> None:
    """A number or a date in its place, or, when it is none, as an expression in `…Computed`."""
    text = fields.pop(prefix + kind, None)
    if text is None:
        return
    value = _number(text) if kind == "Numeric" else date_text(text)
    if value is not None:
        fields[prefix + kind] = value
    elif kind == "Date" or text.lower() != "null":
        fields[prefix + "Computed"] = text


def _number(text: str) -> str | None:
    if text.lower() == "null":
        return None
    bare = text
    if bare.startswith("("):
        bare = bare[1:].removesuffix(")")
    return bare if _NUMBER.match(bare) else None


def date_text(text: str) -> str | None:
    """A date, time or both as Liquibase prints it back; `None` for an expression."""
    if len(text) == 8 and (found := _TIME.fullmatch(text)):
        hour, minute, second = map(int, found.groups())
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour, minutes=minute, seconds=second)
        return moment.strftime("%H:%M:%S")
    found = _DATE.fullmatch(text) if len(text) in (10, 19) or (len(text) > 19 and text[19] == ".") else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    try:
        moment = _lenient(*(int(each or 0) for each in (year, month, day, hour, minute, second)))
    except (OverflowError, ValueError):
        return None
    if hour is None:
        return f"{moment.year:04d}-{moment:%m-%d}"
    digits = (fraction or "").rstrip("0")
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}" + (f".{digits}" if digits else "")


def _lenient(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime:
    """As Java's calendar: month 13 is January of the next year, 30 February is 1 or 2 March."""
    years, months = divmod(month - 1, 12)
    first = datetime(year + years, months + 1, 1, tzinfo=UTC)
    return first + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)


def _parameters(node: Node) -> Iterator[tuple[str, str]]:
    """customChange's `param`s and executeCommand's `arg`s."""
    blocks = [*node.all("param"), *(each for block in node.all("params") for each in block.all("param"))]
    for each in blocks:
        name = each.get("name")
        value = each.get("value")
        if name is not None:
            yield name, value if value is not None else (each.text or "")
    for each in (*node.all("arg"), *(each for block in node.all("args") for each in block.all("arg"))):
        yield "arg", each.get("value") or each.text or ""
