"""SQL's three values and a fourth: `True`, `False`, `None` for NULL, and `UNKNOWN` for what nobody can tell from here."""

from collections.abc import Sequence
from typing import Any

from midair.dialects.postgresql.guards.values import UNKNOWN, Family, Oid, Positive

_LONGEST = 63
"""Bytes of a name: what is compared with one is cut to that (NAMEDATALEN - 1)."""


def negated(said: Any) -> Any:
    return not said if isinstance(said, bool) else UNKNOWN if said is not None else None


def all_of(said: Sequence[Any]) -> Any:
    if any(each is False for each in said):
        return False
    if all(each is True for each in said):
        return True
    return None if all(each is True or each is None for each in said) else UNKNOWN


def any_of(said: Sequence[Any]) -> Any:
    return negated(all_of([negated(each) for each in said]))


def compared(sign: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if sign == "=":
        return _equal(left, right)
    if sign == "<>":
        return negated(_equal(left, right))
    if isinstance(left, Positive) and isinstance(right, int) and right <= 0:
        return {">": True, ">=": True, "<": False, "<=": False}.get(sign, UNKNOWN)
    if type(left) is int and type(right) is int:
        return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}.get(
            sign, UNKNOWN
        )
    return UNKNOWN


def _equal(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, Family):
        left, right = right, left
    if isinstance(left, Family) and isinstance(right, str):
        return UNKNOWN if left.may_be(right) else False
    if isinstance(left, str) and isinstance(right, str):
        return left == right if max(len(left.encode()), len(right.encode())) <= _LONGEST else UNKNOWN
    if type(left) is type(right) and isinstance(left, bool | int | Oid):
        return left == right
    return UNKNOWN
