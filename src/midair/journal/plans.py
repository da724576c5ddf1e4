"""A plan as text, and back: what was begun is finished by the very plan it was begun with."""

import json
from base64 import b64decode, b64encode
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, cast

from midair.model import backfill, contract, effects, intent, migration, plan, statement
from midair.model.contract import Contract
from midair.model.plan import Plan

_ROOMS = (plan, contract, statement, effects, migration, backfill, intent)
"""Where the classes of a plan's values live; anything else in a stored plan is refused."""


def written(value: Plan | Contract) -> str:
    """The plan, or what waits behind one of its gates, as JSON: every value with its class."""
    return json.dumps(_plain(value), separators=(",", ":"))


def read(text: str) -> Plan:
    """The plan that `written` gave the text of.

    Raises:
        ValueError: the text is not one, or another version's.
    """
    made = _read(text)
    if isinstance(made, Plan):
        return made
    raise ValueError("not a plan")


def read_contract(text: str) -> Contract:
    """The contract that `written` gave the text of.

    Raises:
        ValueError: the text is not one, or another version's.
    """
    made = _read(text)
    if isinstance(made, Contract):
        return made
    raise ValueError("not a contract")


def _read(text: str) -> Any:
    try:
        return _made(json.loads(text))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a plan of this version: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "name": value.name}
    if is_dataclass(value):
        parts = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        return {"class": type(value).__name__, **parts}
    if isinstance(value, tuple):
        return [_plain(each) for each in cast("tuple[Any, ...]", value)]
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"a plan holds no {type(value).__name__}")


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_made(each) for each in cast("list[Any]", value))
    if not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    if "bytes" in given:
        return b64decode(given["bytes"])
    if "enum" in given:
        return _class(given["enum"])[given["name"]]
    kind = _class(given["class"])
    return kind(**{name: _made(part) for name, part in given.items() if name != "class"})


def _class(name: str) -> Any:
    for room in _ROOMS:
        found = getattr(room, name, None)
        if isinstance(found, type) and found.__module__ == room.__name__:
            return found
    raise KeyError(name)
