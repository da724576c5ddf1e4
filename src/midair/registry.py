"""Finds the members of a family: one folder, one member per module, no list to extend."""

from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

M = TypeVar("M")


def members(package: str, attribute: str | None, kind: type[M]) -> tuple[M, ...]:
    """The value named `attribute` of every module in `package`, in the order of the modules' names.

    `None`: the value named like its module.

    Raises:
        TypeError: a module of the folder has no such value, which is a mistake of ours.
    """
    found: list[M] = []
    for module in iter_modules(import_module(package).__path__):
        member = getattr(import_module(f"{package}.{module.name}"), attribute or module.name, None)
        if not isinstance(member, kind):
            raise TypeError(
                f"{package}.{module.name} has no {attribute or module.name} of type {kind.__name__}"
            )
        found.append(member)
    return tuple(found)
