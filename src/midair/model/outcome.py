"""What came of an attempt: never a guess."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """It happened, and the record of it too. `revisions` counts the migrations this run completed.

    `elsewhere`: nothing was run here; the run named is at work in another process, and goes on.
    """

    run_id: str | None
    revisions: int
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class NotDone:
    """It did not happen; the database is as it was before the step."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell from here whether it happened: a person, or a later look, must."""

    reason: str


Outcome = Done | NotDone | Unknown
