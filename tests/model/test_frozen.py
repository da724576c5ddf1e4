"""`@frozen` makes what the library's decorator makes, only sooner."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields

import pytest

from midair.model.frozen import frozen, replace


@frozen
class Fast:
    name: str
    size: int = 3
    parts: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)
    kind: str = field(default="plain", kw_only=True)


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    size: int = 3
    parts: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)
    kind: str = field(default="plain", kw_only=True)


@frozen
class Empty:
    """Has no fields."""


@frozen
class Checked:
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.low} is above {self.high}")

    def __repr__(self) -> str:
        return f"{self.low}–{self.high}"


@frozen
class Longer(Checked):
    unit: str = "ms"


def test_a_value_has_the_librarys_fields_text_and_pattern() -> None:
    fast, plain = Fast("a", 1, kind="odd"), Plain("a", 1, kind="odd")
    assert repr(fast) == repr(plain).replace("Plain", "Fast")
    assert [(each.name, each.type, each.kw_only) for each in fields(Fast)] == [
        (each.name, each.type, each.kw_only) for each in fields(Plain)
    ]
    assert Fast.__match_args__ == Plain.__match_args__
    assert Fast.__slots__ == Plain.__slots__
    assert Fast.__dataclass_params__.frozen
    assert Fast.__dataclass_params__.eq
    match fast:
        case Fast(name=name, size=1):
            assert name == "a"


def test_equal_values_are_equal_and_hash_alike_and_others_are_not() -> None:
    assert Fast("a", note="x") == Fast("a", note="y")
    assert Fast("a") != Fast("b")
    assert Fast("a") != Plain("a")
    assert Empty() == Empty()
    assert len({Empty(), Empty(), Checked(1, 2), Checked(1, 2), Checked(1, 3)}) == 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(Fast("a"))  # it holds a list


def test_a_factory_makes_a_default_for_each_value() -> None:
    Fast("a").parts.append("mine")
    assert Fast("b").parts == []


def test_a_value_cannot_be_changed_and_gives_changed_copies() -> None:
    made = Fast("a")
    with pytest.raises(FrozenInstanceError, match="Fast is frozen: 'size'"):
        made.size = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del made.size
    with pytest.raises(FrozenInstanceError):
        made.other = 1  # type: ignore[attr-defined]
    assert replace(made, size=9) == dataclasses.replace(made, size=9) == Fast("a", 9)
    assert replace(Empty()) == Empty()
    with pytest.raises(TypeError, match="other"):
        replace(made, other=1)
    assert copy.deepcopy(made) == copy.copy(made) == pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize(
    ("given", "named"), [((), {}), (("a", 1, [], "", "odd"), {}), (("a",), {"other": 1})]
)
def test_wrong_arguments_are_refused_on_the_first_call_and_later(given: tuple, named: dict) -> None:
    @frozen
    class Unused:
        name: str
        size: int = 3
        parts: list[str] = field(default_factory=list)
        note: str = ""
        kind: str = field(default="plain", kw_only=True)

    for _ in range(2):
        with pytest.raises(TypeError):
            Unused(*given, **named)


def test_what_a_class_defines_itself_stays() -> None:
    assert repr(Checked(1, 2)) == "1–2"
    with pytest.raises(ValueError, match="3 is above 2"):
        Checked(3, 2)
    with pytest.raises(ValueError, match="3 is above 2"):
        replace(Checked(1, 2), low=3)


def test_a_value_may_be_inherited_from() -> None:
    assert Longer(1, 2) == Longer(1, 2, "ms")
    assert Longer(1, 2) != Checked(1, 2)
    with pytest.raises(FrozenInstanceError):
        Longer(1, 2).low = 0  # type: ignore[misc]
