"""What a change costs on a server: locks, scans, rewrites, and whether the server takes it at all."""

from dataclasses import field
from enum import IntEnum

from midair.model.frozen import frozen, replace

SMALL_BYTES = 1 << 20
"""Reading a table of this size takes the server some milliseconds: work on it is brief."""


class LockLevel(IntEnum):
    """PostgreSQL's table lock modes, weakest first, by their own names. Source: manual, 13.3.1."""

    NONE = 0
    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    @property
    def blocks_reads(self) -> bool:
        """A plain SELECT waits."""
        return self is LockLevel.ACCESS_EXCLUSIVE

    @property
    def blocks_writes(self) -> bool:
        """INSERT, UPDATE and DELETE wait."""
        return self >= LockLevel.SHARE

    @property
    def blocked(self) -> str:
        """Who waits, in words: `reads and writes`, `writes`, `nobody`."""
        return "reads and writes" if self.blocks_reads else "writes" if self.blocks_writes else "nobody"


@frozen
class Effects:
    """What one statement costs. Relations are SQL identifiers as in `Change`.

    `locks` holds the strongest lock per relation, indexes included where their lock stops queries.
    `scans` are relations read from end to end, `rewrites` those copied to a new file, `rebuilds`
    tables whose existing indexes are built again. `refused` is the SQLSTATE with which the server
    certainly rejects it, `may_fail` those that depend on the rows. `assumed` lists what was taken
    for the worst because the catalog is not known.
    """

    locks: tuple[tuple[str, LockLevel], ...] = ()
    scans: frozenset[str] = frozenset()
    rewrites: frozenset[str] = frozenset()
    rebuilds: frozenset[str] = frozenset()
    transactional: bool = True
    refused: str | None = None
    may_fail: frozenset[str] = frozenset()
    assumed: tuple[str, ...] = field(default=())

    def lock_on(self, relation: str) -> LockLevel:
        """The strongest lock on this relation."""
        return dict(self.locks).get(relation, LockLevel.NONE)

    @property
    def strongest(self) -> LockLevel:
        """The strongest lock on anything."""
        return max((level for _, level in self.locks), default=LockLevel.NONE)

    @property
    def works_long(self) -> bool:
        """The time it takes grows with a table."""
        return bool(self.scans or self.rewrites or self.rebuilds)

    def and_then(self, other: "Effects") -> "Effects":
        """Both in one transaction: locks stay until its end."""
        if other == NO_EFFECTS:
            return self
        locks = dict(self.locks)
        for relation, level in other.locks:
            locks[relation] = max(level, locks.get(relation, LockLevel.NONE))
        return replace(
            self,
            locks=tuple(sorted(locks.items())),
            scans=self.scans | other.scans,
            rewrites=self.rewrites | other.rewrites,
            rebuilds=self.rebuilds | other.rebuilds,
            transactional=self.transactional and other.transactional,
            refused=self.refused or other.refused,
            may_fail=self.may_fail | other.may_fail,
            assumed=self.assumed + tuple(each for each in other.assumed if each not in self.assumed),
        )


NO_EFFECTS = Effects()
