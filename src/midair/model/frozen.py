"""What every value of midair is: a frozen, slotted dataclass, made in a fifth of the time.

`dataclasses` compiles six methods for each class when it is imported, used or not: for the two hundred values a command
imports that takes longer than the command. Here `__init__` is compiled when the first value is made, and the
other methods are shared by all classes. All else (`fields`, `replace`, `match`, inheritance) is the library's.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """The class as `@dataclass(frozen=True, slots=True)` would make it; what it defines itself stays."""
    if any(is_dataclass(base) for base in cls.__mro__[1:]):
        return dataclass(frozen=True, slots=True)(cls)  # it asks whether they are frozen before we can say so
    own = dict(cls.__dict__)
    cls.__doc__ = cls.__doc__ or cls.__name__  # else the library works out a signature to put there
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    parameters = made.__dataclass_params__
    parameters.init = parameters.repr = parameters.eq = parameters.frozen = True

    def __init__(self: Any, *given: Any, **named: Any) -> None:  # noqa: N807  # it becomes the class's own
        made.__init__ = _initialiser(made)
        made.__init__(self, *given, **named)

    made.__init__ = __init__
    for name, method in _shared(made).items():
        if name not in own or (name == "__hash__" and own[name] is None):
            setattr(made, name, method)
    return made


def replace(made: T, /, **changes: Any) -> T:
    """A copy with some fields as they are now: the library's, without its loop over the fields."""
    names, held = _reader(type(made))
    return type(made)(**{**dict(zip(names, held(made), strict=True)), **changes})


@cache
def _reader(cls: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of a class's fields, and what gives their values."""
    names = tuple(each.name for each in fields(cls) if each.init)
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda made: tuple(getattr(made, name) for name in names)


def _shared(made: Any) -> dict[str, Any]:
    """The methods that need no code of their own, over the fields that are compared."""
    names = [each.name for each in fields(made) if each.compare]
    compared = attrgetter(*names) if names else _nothing

    def equal(self: Any, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def hashed(self: Any) -> int:
        return hash(compared(self))

    return {
        "__eq__": equal,
        "__hash__": hashed,
        "__repr__": _shown,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__getstate__": _state,
        "__setstate__": _restore,
    }


def _nothing(_: Any) -> tuple[()]:
    return ()


def _initialiser(cls: Any) -> Callable[..., None]:
    """`__init__` of all the fields, each set through its slot."""
    scope: dict[str, Any] = {"_factory": _FACTORY}
    heads: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for each in fields(cls):
        scope[f"_set_{each.name}"] = getattr(cls, each.name).__set__
        (named if each.kw_only else heads).append(_parameter(each, scope))
        body.append(_assignment(each, scope))
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(["self", *heads, *(["*", *named] if named else [])])
    text = f"def __init__({parameters}):\n  " + "\n  ".join(body or ["pass"])
    exec(text, scope)  # as the library does: names of fields and nothing else are in it
    return scope["__init__"]


_FACTORY: Any = object()
"""Stands for a default that a function makes afresh."""


def _parameter(each: Field[Any], scope: dict[str, Any]) -> str:
    if each.default is not MISSING:
        scope[f"_default_{each.name}"] = each.default
        return f"{each.name}=_default_{each.name}"
    if each.default_factory is not MISSING:
        scope[f"_make_{each.name}"] = each.default_factory
        return f"{each.name}=_factory"
    return each.name


def _assignment(each: Field[Any], scope: dict[str, Any]) -> str:
    name = each.name
    made = f"_make_{name}() if {name} is _factory else {name}" if f"_make_{name}" in scope else name
    return f"_set_{name}(self, {made})"


def _shown(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: Any, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"{type(self).__name__} is frozen: {name!r} stays as it is")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for each, held in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, held)
