"""midair in a process of its own, which can be killed at any moment and is then started again."""

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from bench.scenarios.world import Result, World

import midair
from midair.errors import MidairError
from midair.model.address import Secret
from midair.model.event import Event

_PATIENCE_S = 240.0


@dataclass
class _Dying:
    """Hears events, and dies of the one it was told."""

    left: int

    def hear(self, event: Event) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def request_of(
    world: World, root: Path, *, strategy: str = "online", archive_s: float | None = None
) -> midair.Request:
    """No table counts as small, gates ask for no quiet, and a second run waits for the first one's server session to end."""
    return midair.Request(
        root,
        url=Secret(world.url),
        variables=dict(os.environ),
        strategy=strategy,
        small_table_bytes=0,
        wait_s=30.0,
        standard=midair.Standard(quiet_s=0),
        archive_s=archive_s,
    )


def begun(world: World, root: Path, command: str, dies_at: int = 0, *, strategy: str = "online") -> int:
    """A process that does the command; it dies of event number `dies_at`, counted from 1."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = _done(request_of(world, root, strategy=strategy), command, dies_at)
    finally:
        os._exit(code)


def _done(request: midair.Request, command: str, dies_at: int) -> int:
    report = _Dying(dies_at)
    try:
        match command:
            case "apply":
                midair.apply(request, report)
            case "contract":
                midair.contract(request, report)
            case "rollback":
                midair.rollback(request, report)
            case _:
                midair.resume(request, report)
    except MidairError as error:
        os.write(2, f"{command}: {error.code} {error.message}\n".encode())
        return error.exit_code
    return 0


def done(world: World, root: Path, command: str, result: Result, kills: int = 0) -> float:
    """The command to its end, killed so many times on the way, at random events and random moments; seconds it took.

    A rollback that a kill cut off right after its commit has nothing left to do: that is its end, too.
    """
    luck, began = random.Random(kills), time.monotonic()
    for number in range(kills):
        pid = begun(
            world, root, command if number % 2 else "resume", luck.randrange(1, 12) if number % 3 else 0
        )
        if number % 3 == 0:
            time.sleep(luck.random() * 0.4)
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        result.kills += os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    for last in ["resume", command] if kills else [command]:
        _, status = os.waitpid(begun(world, root, last), 0)
        code = os.waitstatus_to_exitcode(status)
        if command == "rollback" and kills and code == 2:
            continue
        result.expect(f"{last} ended with {code}", holds=code == 0)
    took = time.monotonic() - began
    result.expect(f"{command} took {took:.0f} s", holds=took < _PATIENCE_S * max(1, kills))
    return took
