"""A partition's bounds as the conditions that every row of it meets."""

from typing import Any

from midair.dialects.postgresql.changes.expressions import sql_of


def bounds_as_conditions(bound: Any) -> tuple[str, ...]:
    """`FROM ('2026-01-01') TO ('2027-01-01')` → `(">= '2026-01-01'", "< '2027-01-01'")`; without the column's name.

    Lists and hashes give one opaque text each; a default partition none.
    """
    if bound.is_default:
        return ()
    if bound.strategy == "r":
        low = [sql_of(each) for each in bound.lowerdatums]
        high = [sql_of(each) for each in bound.upperdatums]
        if len(low) != 1:
            return (f"between ({', '.join(low)}) and ({', '.join(high)})",)
        ends = ((">=", low[0], "minvalue"), ("<", high[0], "maxvalue"))
        return tuple(f"{sign} {value}" for sign, value, open_end in ends if value.lower() != open_end)
    if bound.strategy == "l":
        return (f"in ({', '.join(sql_of(each) for each in bound.listdatums)})",)
    return (f"modulus {bound.modulus} remainder {bound.remainder}",)
