"""Types, views, sequences, routines, triggers, and what has no class of its own."""

from midair.model.change.columns import DataType, Volatility
from midair.model.frozen import frozen


@frozen
class CreateType:
    """`kind` is `enum`, `composite`, `range`, `domain` or `base`."""

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    base: DataType | None = None
    constrained: bool = False


@frozen
class AddEnumValue:
    name: str
    label: str
    if_not_exists: bool = False
    placed: bool = False


@frozen
class RenameEnumValue:
    name: str
    label: str
    new_label: str


@frozen
class ChangeDomain:
    """`verb`: `add constraint`, `add constraint not valid`, `validate`, `set not null`, `other`."""

    name: str
    verb: str
    constrains: bool | None = None


@frozen
class ChangeComposite:
    """ALTER TYPE … ATTRIBUTE; `retypes` when it changes a type, `cascade` reaches typed tables."""

    name: str
    retypes: bool = False
    cascade: bool = False


@frozen
class Mention:
    """A column that a query names, `*` for all of them.

    `among` are the tables it may belong to, by the query it stands in and then those around it: it is the first's that has it.
    """

    column: str
    among: tuple[tuple[str, ...], ...]


@frozen
class CreateView:
    view: str
    reads: tuple[str, ...]
    columns: tuple[str, ...] | None
    materialized: bool = False
    replace: bool = False
    if_not_exists: bool = False
    mentions: frozenset[Mention] = frozenset()
    """Columns of its tables that its query names."""
    everything: bool = False
    """Its query has a `*`: what its own columns are called is not all said."""


@frozen
class RefreshView:
    view: str
    concurrently: bool = False
    with_data: bool = True


@frozen
class CreateSequence:
    name: str
    owned_by: str | None = None
    if_not_exists: bool = False


@frozen
class ChangeSequence:
    name: str
    owned_by: str | None = None
    restarts: bool = False


@frozen
class CreateFunction:
    """What its body does happens when it is called; the dialect's `body_of` reads it."""

    name: str
    volatility: Volatility
    replace: bool = False
    security_definer: bool = False
    fixed_search_path: bool = False


@frozen
class CreateTrigger:
    table: str
    name: str
    replace: bool = False
    constraint: bool = False
    references: str | None = None
    function: str = ""


@frozen
class ChangePart:
    """Creates, changes or drops a part of a table: `verb` + `kind` is its row in the table of facts.

    `kind` is `rule`, `policy`, `trigger` or `statistics`.
    """

    verb: str
    kind: str
    table: str
    name: str
    if_exists: bool = False


@frozen
class DropObject:
    """DROP of anything that has no class of its own; `kind` is the word of the statement (`type`, `view`)."""

    kind: str
    name: str
    if_exists: bool = False
    cascade: bool = False


@frozen
class RenameObject:
    kind: str
    name: str
    new_name: str


@frozen
class ChangeServer:
    """Touches no table, or only its catalog entry: `action` is its row in the table of facts."""

    action: str
    relations: tuple[str, ...] = ()
    subject: str | None = None
