"""What one command works on, and within which bounds."""

import os
import socket
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from midair.database import Guard
from midair.execution.services import Bounds, Pace
from midair.model.address import Address, Product, Secret
from midair.model.contract import Standard
from midair.model.effects import SMALL_BYTES
from midair.model.frozen import frozen


@frozen
class Request:
    """What one command works on, and within which bounds. Times in seconds.

    `tool` and `folder` choose among several recognised projects. `url` wins over what the project's
    own files say. `may_run` is false where no program of the project is to be run. `scratch_url` is a server for throwaway databases; else one is started.
    `strategy` is `online`, `direct`, or `None` for what fits the database; `insists`: it was said for this very command,
    and not merely set for the environment, so that it counts for what another run began, too. Tables up to
    `small_table_bytes` are worked on as written. Sessions whose transaction has been in the way for
    longer than `terminate_blockers_s` are ended; `None`: never. `standard` is what gates ask for; what contracts
    take away is put aside for `archive_s` where that can be; `None`: it is dropped.
    """

    root: Path
    tool: str | None = None
    folder: Path | None = None
    url: Secret | None = None
    password: Secret | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    tool_options: Mapping[str, str] = field(default_factory=dict[str, str])
    python: str | None = None
    lock_wait_s: float = 0.05
    lock_budget_s: float = 600.0
    statement_timeout_s: float = 0.0
    wait_s: float = 0.0
    scratch_url: Secret | None = None
    environment: str | None = None
    may_run: bool = True
    strategy: str | None = None
    insists: bool = False
    small_table_bytes: int = SMALL_BYTES
    terminate_blockers_s: float | None = None
    pace: Pace = field(default_factory=Pace)
    standard: Standard = field(default_factory=Standard)
    archive_s: float | None = None


def guard_of(request: Request) -> Guard:
    """The timeouts every session starts with."""
    return Guard(round(request.lock_wait_s * 1000), round(request.statement_timeout_s * 1000))


def bounds_of(request: Request) -> Bounds:
    """How long a run may wait for others and for locks."""
    return Bounds(
        request.wait_s, request.lock_budget_s, request.lock_wait_s, request.terminate_blockers_s, request.pace
    )


def strategy_of(request: Request, address: Address) -> str:
    """What was asked for; else `online`, and `direct` for a database on this machine, which nobody else uses."""
    if address.product is not Product.POSTGRESQL:
        return "direct"
    return request.strategy or ("direct" if _is_local(address) else "online")


def _is_local(address: Address) -> bool:
    host = address.host or ""
    return not host or host.startswith(("/", "@", "127.")) or host in ("localhost", "::1")


def application_of(request: Request) -> str:
    """The `application_name` of our sessions, for people who look at `pg_stat_activity`: which process, on which machine."""
    name = f"midair {os.getpid()}@{socket.gethostname()}"
    return f"{name} {request.environment}" if request.environment else name
