"""What `demo` has to say, as values: what the application felt, once with each strategy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened in a stretch of time: seconds from when the flight began."""

    name: str
    began_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A short stretch of time: the longest wait of the requests that were due in it, and how many there were."""

    at_s: float
    worst_ms: float
    requests: int
    failed: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for which requests failed."""

    reason: str
    times: int


@dataclass(frozen=True, slots=True)
class Flight:
    """One run of all migrations under load. Waits count from when a request was due.

    `calm_` is what the application felt before the migrations began: the machine's own noise.
    `migrating_` is what it felt while midair was at work.
    """

    strategy: str
    exit_code: int
    said: str
    """What midair said where it failed."""
    requests: int
    failed: int
    refusals: tuple[Refusal, ...]
    calm_worst_ms: float
    calm_p99_ms: float
    migrating_worst_ms: float
    migrating_p99_ms: float
    took_s: float
    slices: tuple[Slice, ...]
    marks: tuple[Mark, ...]
    """First what was done, such as `apply` and `deploy`, then each migration by its revision."""


@dataclass(frozen=True, slots=True)
class DemoPayload:
    """Both flights, as written first. `folder` is where the migrations are."""

    rows: int
    rate: float
    server: str
    folder: str
    migrations: tuple[tuple[str, str], ...]
    """Revision and description."""
    flights: tuple[Flight, ...]
    files: tuple[str, ...] = ()
