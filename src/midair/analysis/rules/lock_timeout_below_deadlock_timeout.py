"""A lock_timeout of a second or less never gets past a running autovacuum.

Autovacuum gives way only to the deadlock check, and that looks after `deadlock_timeout`, one second
unless changed.

## Given

```sql
CREATE TABLE orders (id bigint PRIMARY KEY);
```

## Avoid

```sql
SET LOCAL lock_timeout = '500ms'; -- finds MA502
ALTER TABLE orders ADD COLUMN note text;
```

## Prefer

```sql
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;
```

## Fine when

Tries are repeated for longer than autovacuum works on the table, or `deadlock_timeout` is lower.

Source: measured on 15 and 18: 900 ms failed as long as the vacuum ran, 1.5 s succeeded after 1.0 s.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import SetSetting
from midair.model.finding import Remedy, Risk

_UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "": 1}


@rule("MA502", "lock-timeout-below-deadlock-timeout", Risk.LOW, SetSetting)
def lock_timeout_below_deadlock_timeout(change: SetSetting, context: Context) -> Iterator[Concern]:
    if change.name != "lock_timeout" or context.act.settings.get("deadlock_timeout"):
        return
    wait_ms = _milliseconds(change.value or "")
    if wait_ms is not None and 0 < wait_ms <= 1000:
        yield Concern(
            f"{change.value} is not above deadlock_timeout (1 s): a running autovacuum is never asked to give way",
            Remedy(
                "use 1.5 s or more, or lower deadlock_timeout in the session",
                ("SET LOCAL lock_timeout = '1500ms'",),
            ),
        )


def _milliseconds(text: str) -> int | None:
    digits = "".join(each for each in text if each.isdigit())
    unit = text.replace(digits, "", 1).strip()
    return int(digits) * _UNITS[unit] if digits and unit in _UNITS else None
