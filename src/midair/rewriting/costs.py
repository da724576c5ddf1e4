"""What a copy costs in disk and log, said before it begins; refused where the server's disk is known to be too small."""

from midair.rewriting.recipe import NoWay
from midair.rewriting.scene import Scene

_SHADOW = 2.2
_DUPLICATE = 1.1
"""Times the table with its indexes, at the worst: the copy, its indexes, and the log of both (expand-contract.md §2)."""


def told(scene: Scene, table: str, *, whole: bool) -> str | None:
    """A sentence about the space that is needed; `whole`: another table, not a column. `None` where no size is known."""
    needed = _needed(scene, table, whole=whole)
    if needed is None:
        return None
    until = "until contract" if whole else "for good as far as VACUUM does not give it back"
    free = "" if scene.free_bytes is None else f"; {_megabytes(scene.free_bytes)} MB are free"
    return f"needs about {_megabytes(needed)} MB of disk for the copy of {table}, {until}, and as much log at the worst{free}"


def too_small(scene: Scene, table: str, *, whole: bool) -> NoWay | None:
    """Why the copy would not fit, where that is known."""
    needed = _needed(scene, table, whole=whole)
    if needed is None or scene.free_bytes is None or needed <= scene.free_bytes:
        return None
    return NoWay(
        f"the copy of {table} needs about {_megabytes(needed)} MB, and the disk of the server has {_megabytes(scene.free_bytes)} MB free",
        "make room first",
    )


def _needed(scene: Scene, table: str, *, whole: bool) -> int | None:
    known = scene.stand_ins.get(table)
    return None if known is None else round(known.bytes * (_SHADOW if whole else _DUPLICATE))


def _megabytes(size: int) -> int:
    return max(1, round(size / 2**20))
