"""What `drift` has to say, as values."""

from midair.model.frozen import frozen


@frozen
class DriftLine:
    """One object. `what` is `missing` in the target, `extra` there, or `different`; the definitions as the server prints them."""

    kind: str
    name: str
    what: str
    migrations_say: str | None
    target_has: str | None
    mend_target: tuple[str, ...] = ()
    mend_migrations: tuple[str, ...] = ()


@frozen
class DriftPayload:
    """What differs between a target and its applied migrations."""

    target: str
    revisions: int
    server: str
    differences: tuple[DriftLine, ...]
