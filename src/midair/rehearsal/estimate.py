"""How long a step would work on tables of the target's sizes."""

from collections.abc import Sequence

from midair.model.effects import Effects
from midair.model.trace import Sighting, Size

# Ordinary cloud storage, cold cache; measured speeds are several times higher. An estimate that is too
# high makes somebody look; one that is too low makes an outage.
_SCAN_BYTES_A_S = 200_000_000
_REWRITE_BYTES_A_S = 50_000_000
_INDEX_BYTES_A_S = 60_000_000
_NONE: frozenset[str] = frozenset()


def works_s(seen: Sighting, expected: Effects | None, sizes: Sequence[Size]) -> float | None:
    """Seconds; `None` when no size is known or the work does not grow with a table."""
    rewrites = seen.rewrites | (expected.rewrites if expected else _NONE)
    rebuilds = seen.rebuilds | (expected.rebuilds if expected else _NONE)
    scans = (seen.scans or _NONE) | (expected.scans if expected else _NONE)
    total = 0.0
    for size in sizes:
        if size.bytes is None:
            continue
        if size.table in rewrites:
            total += size.bytes / _REWRITE_BYTES_A_S
        elif size.table in rebuilds:
            total += size.bytes / _INDEX_BYTES_A_S
        elif size.table in scans:
            total += size.bytes / _SCAN_BYTES_A_S
    return total or None
