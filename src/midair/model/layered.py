"""A mapping that gives changed copies of itself cheaply: most of it is shared with the one it came from."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TypeVar, overload

V = TypeVar("V")
D = TypeVar("D")


class _Sign(Enum):
    GONE = 0
    UNKNOWN = 1


_MOST_CHANGES = 32
"""Beyond these, a copy is folded into one dict: large enough to copy rarely, small enough to keep many of."""


class Layered(Mapping[str, V]):
    """A dict nobody changes, and the few changes since. A thousand versions of a schema share one dict."""

    __slots__ = ("_base", "_over")

    def __init__(self, base: Mapping[str, V], over: dict[str, V | _Sign] | None = None) -> None:
        self._base = base
        self._over: dict[str, V | _Sign] = over or {}

    def changed(self, new: Mapping[str, V], gone: Iterable[str] = ()) -> "Layered[V]":
        """The mapping without some keys, and with others as they are now."""
        over = dict(self._over)
        for key in gone:
            if key in self._base:
                over[key] = _Sign.GONE
            else:
                over.pop(key, None)
        over.update(new)
        made = Layered(self._base, over)
        return Layered(dict(made.items())) if len(over) > _MOST_CHANGES else made

    def __getitem__(self, key: str) -> V:
        found = self._over.get(key, _Sign.UNKNOWN)
        if found is _Sign.UNKNOWN:
            return self._base[key]
        if isinstance(found, _Sign):
            raise KeyError(key)
        return found

    @overload
    def get(self, key: str, /) -> V | None: ...
    @overload
    def get(self, key: str, /, default: V | D) -> V | D: ...
    def get(self, key: str, /, default: object = None) -> object:
        """As a dict's; the mapping's own goes through an exception."""
        found = self._over.get(key, _Sign.UNKNOWN)
        if found is _Sign.UNKNOWN:
            return self._base.get(key, default)
        return default if found is _Sign.GONE else found

    def __contains__(self, key: object) -> bool:
        found = self._over.get(key, _Sign.UNKNOWN) if isinstance(key, str) else _Sign.GONE
        return key in self._base if found is _Sign.UNKNOWN else found is not _Sign.GONE

    def __iter__(self) -> Iterator[str]:
        for key in self._base:
            if self._over.get(key) is not _Sign.GONE:
                yield key
        for key in self._over:
            if key not in self._base:
                yield key

    def __len__(self) -> int:
        gone = sum(each is _Sign.GONE for each in self._over.values())
        new = sum(key not in self._base for key in self._over)
        return len(self._base) + new - gone

    def __bool__(self) -> bool:
        return bool(self._base or self._over) and len(self) > 0

    def __repr__(self) -> str:
        return repr(dict(self))


def layered(mapping: Mapping[str, V]) -> Layered[V]:
    """The mapping in the form that can be changed cheaply."""
    return mapping if isinstance(mapping, Layered) else Layered(mapping)
