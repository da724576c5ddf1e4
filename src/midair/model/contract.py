"""What is left of a migration once it is recorded: the steps that wait until the old application is gone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from midair.model.effects import LockLevel
from midair.model.migration import RevisionId
from midair.model.statement import Sql, Statement


class ContractState(StrEnum):
    """`ready`: both versions of the application are supported. The others are ends: only the new one is, or only the old one.

    `archived` is contracted, with what went away put aside; `purged` what became of that.
    """

    READY = "ready"
    CONTRACTED = "contracted"
    ARCHIVED = "archived"
    PURGED = "purged"
    UNDONE = "undone"


class Hold(StrEnum):
    """How much of a thing is held: `shape`: nobody may touch it; `key`: it must not go, for a foreign key stands on it;
    `name`: nothing else can be called so; `target`: no foreign key may be made to these columns, for the server would have it stand
    on the key that is to go."""

    SHAPE = "shape"
    KEY = "key"
    NAME = "name"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Held:
    """What later migrations may not touch until then: a whole relation, or one `part` of it (a column, a constraint)."""

    relation: str
    part: str | None = None
    how: Hold = Hold.SHAPE

    def __str__(self) -> str:
        name = f"{self.relation}.{self.part}" if self.part else self.relation
        match self.how:
            case Hold.SHAPE:
                return name
            case Hold.KEY:
                return f"{name}, on which a foreign key stands until then"
            case Hold.NAME:
                return f"the name {name}, which is taken until then"
            case Hold.TARGET:
                return f"{self.relation} ({self.part}), where a foreign key would stand on the old key until then"


@dataclass(frozen=True, slots=True)
class Ground:
    """A held object on which later statements may go on building, `held` as they call it.

    `at` is the relation that it is until contract, `was` what the old version calls it, `columns` are pairs of names, the new
    one and the old. `sheds`: the way back drops it, and what was built on it too. `defaults`: it may get another default.
    `again`: it only waits to be dropped, and another of its name may be made, which gets the name then.
    """

    held: Held
    at: str
    was: str
    columns: tuple[tuple[str, str], ...] = ()
    sheds: bool = False
    defaults: bool = True
    again: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """A condition: `count` gives one number, which must be 0; `otherwise` says what to do when it is not."""

    count: Sql
    otherwise: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A contract whose loss is put aside under another name: `statements` run in place of the contract's own.

    `undo` brings it back and takes the expand side back too, under the conditions `needs`; `purge` ends it,
    under `locks` on what is put aside.
    """

    statements: tuple[str, ...]
    undo: tuple[str, ...]
    needs: tuple[Need, ...]
    purge: tuple[str, ...]
    locks: tuple[tuple[str, LockLevel], ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """One statement's destructive rest, and its way back while that has not run.

    `statements` end both versions' life together, in one transaction with `locks` asked for first.
    `undo_first` are naive statements, to be made safe themselves, that make what the way back needs, `undo_after` those
    that finish it; `undo` takes the expand side back; without `undo_locks` its statements are naive ones, to be made safe themselves.
    `reverses` is the change by which a downgrade of the author's would undo it, as `signature` words it.
    `verify` counts what is not as the recipe left it. `whole`: the migration is nothing but recipes, so that
    they alone can take it back. `old` are the relation, and column or `None`, that only the old version uses;
    `None` where no name tells it from the new one; `also` are more columns of it. `cascades`: the author's statement takes dependent objects
    with it. `additive`: the same migration may go on building on what is new. `wire` is the sequence that notes
    when the old shape was last used (journal/tables.py). `archive` is the way to lose nothing yet, or `None`;
    `comes_back` says for people what a rollback after contract can bring back. `grounds` are those of what it `holds`
    that later statements may build on; `along` are such statements of the same migration, which the way back takes back too.
    `rest` undoes the migration's other statements, newest first, for one whose author wrote no downgrade; `None` where nobody can tell.
    """

    id: str
    revision: RevisionId
    recipe: str
    summary: str
    origin: Statement
    holds: tuple[Held, ...]
    statements: tuple[str, ...]
    locks: tuple[tuple[str, LockLevel], ...]
    undo: tuple[str, ...]
    undo_locks: tuple[tuple[str, LockLevel], ...]
    undo_needs: tuple[Need, ...]
    reverses: str
    verify: Need
    old: tuple[str, str | None] | None
    undo_first: tuple[str, ...] = ()
    undo_after: tuple[str, ...] = ()
    cascades: bool = False
    additive: bool = False
    whole: bool = False
    wire: str | None = None
    archive: Archive | None = None
    comes_back: str = ""
    grounds: tuple[Ground, ...] = ()
    along: tuple[Statement, ...] = ()
    also: tuple[str, ...] = ()
    rest: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class OpenContract:
    """A contract that waits, and since when."""

    contract: Contract
    ready_at: datetime
    age_s: float


class Light(StrEnum):
    """What a piece of evidence says: nobody needs the old shape, somebody does, nobody can tell."""

    GREEN = "green"
    RED = "red"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence at a gate. `probe` is its short name, `text` what was found. `final`: no word of a person helps."""

    probe: str
    light: Light
    text: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Archived:
    """What a contract put aside, and until when it is to be kept. `due`: that time is over."""

    contract: Contract
    purge_after: datetime
    due: bool


@dataclass(frozen=True, slots=True)
class Standard:
    """What a gate asks for beyond the server's own evidence. Times in seconds.

    `age_s`: how long a migration must have been ready. `quiet_s`: for how long nobody may have used the old shape.
    """

    age_s: float = 0.0
    quiet_s: float = 1800.0
