"""What changing a column's type costs, from the old type and the new one (measured: safety-rules.md 3a)."""

from enum import IntEnum

from midair.model.change import DataType
from midair.model.schema import Schema


class Conversion(IntEnum):
    """Cheapest first."""

    FREE = 0
    """Catalog only, indexes are kept."""
    REINDEX = 1
    """The rows stay, indexes on the column are built again."""
    REWRITE = 2
    """A new copy of the table and all its indexes."""


_LENGTHS = frozenset(("varchar", "varbit"))
_PRECISIONS = frozenset(("timestamp", "timestamptz", "time", "timetz", "interval"))
_TEXTS = frozenset(("text", "varchar"))
_UTC = frozenset(("utc", "etc/utc", "gmt", "etc/gmt", "0", "zulu", "uct", "greenwich"))
_DOMAIN_DEPTH = 8


def conversion(old: DataType | None, new: DataType, schema: Schema, time_zone: str | None) -> Conversion:
    """The cost of old → new by the type's plain cast; an unknown old type or time zone is taken for the worst."""
    if old is None:
        return Conversion.REWRITE
    if old == new:
        return Conversion.FREE
    if old.dimensions or new.dimensions:
        return Conversion.REWRITE
    target, constrained = base_of(new, schema)
    if constrained:
        return Conversion.REWRITE
    source, _ = base_of(old, schema)
    return _plain(source, target, time_zone)


def base_of(kind: DataType, schema: Schema) -> tuple[DataType, bool]:
    """What is under a domain, and whether any domain on the way has a constraint."""
    constrained = False
    for _ in range(_DOMAIN_DEPTH):
        domain = schema.types.get(kind.name)
        if domain is None or domain.kind != "domain" or domain.base is None or kind.dimensions:
            break
        constrained = constrained or domain.constrained
        kind = domain.base
    return kind, constrained


def _plain(old: DataType, new: DataType, time_zone: str | None) -> Conversion:
    if old == new or {old.name, new.name} == {"int4", "oid"} or (old.name, new.name) == ("cidr", "inet"):
        return Conversion.FREE
    if old.name in _TEXTS and new.name in _TEXTS:
        return _free_if(_widens(old.modifiers, new.modifiers))
    if old.name in _TEXTS and new.name.rpartition(".")[2] == "citext":
        return Conversion.REINDEX
    if old.name == new.name:
        return _same_family(old, new)
    if {old.name, new.name} == {"timestamp", "timestamptz"}:
        utc = time_zone is not None and time_zone.lower() in _UTC
        return (
            Conversion.REINDEX
            if utc and _widens(old.modifiers, new.modifiers, full=6)
            else Conversion.REWRITE
        )
    return Conversion.REWRITE


def _same_family(old: DataType, new: DataType) -> Conversion:
    if old.name in _LENGTHS:
        return _free_if(_widens(old.modifiers, new.modifiers))
    if old.name in _PRECISIONS:
        return _free_if(_widens(old.modifiers, new.modifiers, full=6))
    if old.name == "numeric":
        if not new.modifiers:
            return Conversion.FREE
        if not old.modifiers:
            return Conversion.REWRITE
        scale = (*old.modifiers, 0)[1], (*new.modifiers, 0)[1]
        return _free_if(scale[0] == scale[1] and new.modifiers[0] >= old.modifiers[0])
    return Conversion.REWRITE


def _widens(old: tuple[int, ...], new: tuple[int, ...], full: int | None = None) -> bool:
    """Nothing that fitted is cut off; `full` is the precision that no modifier means."""
    if not new or (full is not None and new[0] >= full):
        return True
    return bool(old) and new[0] >= old[0]


def _free_if(fits: bool) -> Conversion:
    return Conversion.FREE if fits else Conversion.REWRITE


_NUMBERS = {"int2": 16, "int4": 32, "int8": 64, "numeric": 1000, "float4": 24, "float8": 53}


def may_cut(old: DataType | None, new: DataType) -> bool:
    """Values of the old type may not fit the new one: the statement can fail, or lose digits."""
    if old is None:
        return False
    if old.name in _NUMBERS and new.name in _NUMBERS:
        if old.name == new.name == "numeric":
            return (
                bool(new.modifiers)
                and _same_family(old, new) is Conversion.REWRITE
                and not _scale_only_grows(old, new)
            )
        return _NUMBERS[new.name] < _NUMBERS[old.name] or (new.name == "numeric" and bool(new.modifiers))
    if new.name in ("varchar", "bpchar", "varbit", "bit") and new.modifiers:
        longest = _longest(old)
        if longest is not None and new.modifiers[0] >= longest:
            return False
        return not (
            old.name in ("varchar", "bpchar", "varbit")
            and old.modifiers
            and old.modifiers[0] <= new.modifiers[0]
        )
    return (old.name, new.name) in _LOSSY


_WRITTEN = {"int2": 6, "int4": 11, "int8": 20, "bool": 5, "uuid": 36, "oid": 10}
"""The longest text of a type's values, in characters, sign included."""


def _longest(of: DataType) -> int | None:
    """How many characters the values of a type have at most; `None` without a limit."""
    if of.dimensions:
        return None
    if of.name == "numeric" and of.modifiers:
        return of.modifiers[0] + len("-0.")
    return _WRITTEN.get(of.name)


_LOSSY = frozenset((
    ("timestamptz", "date"), ("timestamp", "date"), ("timestamptz", "time"), ("timestamp", "time"), ("float8", "int8"),
    ("float8", "int4"), ("float4", "int4"), ("text", "int4"), ("text", "int8"), ("text", "uuid"), ("varchar", "uuid"),
    ("varchar", "int4"), ("varchar", "int8"), ("text", "jsonb"), ("text", "date"), ("text", "bool"), ("inet", "cidr"),
))  # fmt: skip


def _scale_only_grows(old: DataType, new: DataType) -> bool:
    if not old.modifiers:
        return False
    before, after = (*old.modifiers, 0)[:2], (*new.modifiers, 0)[:2]
    return after[1] >= before[1] and after[0] - after[1] >= before[0] - before[1]


_WIDER = {"int2": 0, "int4": 1, "int8": 2}


def never_fails(old: DataType, new: DataType, schema: Schema) -> bool:
    """Every value of the old type has one of the new, by the plain cast; what is not known to be so is not."""
    if old.dimensions or new.dimensions or base_of(new, schema) != (new, False):
        return False
    if old.name in _WIDER:
        return _WIDER.get(new.name, -1) >= _WIDER[old.name] or (
            new.name in ("numeric", "float8") and not new.modifiers
        )
    return new.name in _TEXTS and not new.modifiers


_CALCULATED = frozenset(_NUMBERS)
_MOMENTS = frozenset(("date", "timestamp", "timestamptz"))


def assignable(old: DataType, new: DataType) -> bool:
    """The server stores a value of the old type in a column of the new one without being told how; what is not known to be so is not.

    Source: manual 10.4, "Value Storage"; every type is stored as text.
    """
    if old.dimensions or new.dimensions:
        return old.name == new.name and old.dimensions == new.dimensions
    same = old.name == new.name or new.name in (*_TEXTS, "bpchar")
    return same or any({old.name, new.name} <= each for each in (_CALCULATED, _MOMENTS))


def comparable(one: DataType, other: DataType) -> bool:
    """A foreign key may have these types on its two sides."""
    if one.dimensions or other.dimensions:
        return one == other
    families = (frozenset(_WIDER), frozenset(("text", "varchar")))
    return one.name == other.name or any({one.name, other.name} <= each for each in families)
