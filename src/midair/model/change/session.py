"""What steers the session: settings, transactions, blocks, and what could not be read."""

from midair.model.frozen import frozen


@frozen
class SetSetting:
    """`value` is `None` for RESET and for DEFAULT."""

    name: str
    value: str | None
    local: bool = False


@frozen
class Transaction:
    """`verb`: `begin`, `commit`, `rollback`, `savepoint`, `release`, `rollback to`, `prepare`."""

    verb: str


@frozen
class Block:
    """The changes after it come from a DO block: some of them may not happen, or only there."""


@frozen
class Opaque:
    """Could not be read or is not understood; never guessed, rehearsal finds out what it does."""

    sql: str
    reason: str
