"""midair in a process of its own, which can be killed at any moment and is then started again."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from pkgutil import walk_packages

from bench.scenarios.world import Result, Silent, World

import midair
from midair.errors import MidairError, ProjectError
from midair.model.address import Secret
from midair.model.event import Event

_PATIENCE_S = 400.0
_LONG_S = 0.6
"""Most strikes at a random moment fall early in it: what most commands take."""
_CUT_OFF = (4, 6)
"""How midair ends when its sessions were: the outcome is not done, or unknown."""
NOWHERE = os.open(os.devnull, os.O_WRONLY)
_TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'midair%' AND application_name <> 'midair bench'
"""


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


def refusal(
    command: Callable[[midair.Request, Silent], object], request: midair.Request, error: type[MidairError]
) -> str:
    """What the command says with this error; empty where it is not refused."""
    try:
        command(request, Silent())
    except error as refused:
        return refused.message
    return ""


def begun(
    world: World, root: Path, command: str, dies_at: int = 0, *, strategy: str = "online", says: int = 2
) -> int:
    """A process that does the command; it dies of event number `dies_at`, counted from 1. Its error goes to descriptor `says`."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = _done(request_of(world, root, strategy=strategy), command, dies_at, says)
    finally:
        os._exit(code)


def _done(request: midair.Request, command: str, dies_at: int, says: int) -> int:
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
        os.write(says, f"{command}: {error.code} {error.message}\n".encode())
        return error.exit_code
    return 0


_TURNS = count()
"""A command that came to its end before it was hit must not be tried with the very same luck again, and again."""


def done(world: World, root: Path, command: str, result: Result, kills: int = 0) -> float:
    """The command to its end, cut off up to so many times on the way as long as there is something left to do; seconds it took."""
    luck, began = random.Random(f"{command} {next(_TURNS)}"), time.monotonic()
    for number in range(kills):
        if _struck(world, root, command if number % 2 == 0 else "resume", luck, result, first=number == 0):
            break
    code = ended(begun(world, root, command))
    over = code == 0 or (kills > 0 and _nothing_left(command, code))
    result.expect(f"{command} ended with {code}", holds=over)
    took = time.monotonic() - began
    result.expect(f"{command} took {took:.0f} s", holds=took < _PATIENCE_S)
    return took


def _struck(
    world: World, root: Path, command: str, luck: random.Random, result: Result, *, first: bool
) -> bool:
    """One attempt that is cut off: at one of its events, at a random moment, or by ending its sessions on the server. The
    `first` is at an event, for no machine is too quick for that.

    True when there was nothing left to cut off: the command had come to its end.
    """
    means = "event" if first else luck.choice(("event", "moment", "session"))
    dies_at = luck.randrange(1, 10) if means == "event" else 0
    pid = begun(world, root, command, dies_at, says=NOWHERE if means == "session" else 2)
    if means != "event":
        time.sleep(luck.random() ** 2 * _LONG_S)
        if means == "moment" and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            os.kill(pid, signal.SIGKILL)
        elif means == "session":
            world.ask(_TERMINATE)
    code = ended(pid)
    cut_off = code == -signal.SIGKILL or (means == "session" and code in _CUT_OFF)
    result.kills += cut_off
    if not cut_off:
        result.expect(f"{command} ended with {code}", holds=code == 0 or _nothing_left(command, code))
    return not cut_off and command != "resume"


def ended(pid: int) -> int:
    """Its exit code, once it has ended; negative is the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _nothing_left(command: str, code: int) -> bool:
    """A rollback that was cut off right after its commit has nothing left to take back, and says so."""
    return command in ("rollback", "resume") and code == ProjectError.exit_code


def _import_all() -> None:
    """Each child is a fork: what is imported here, none of them has to import; so a kill finds it at work."""
    import_module("postgast")
    for room in (
        "pipeline",
        "planning",
        "rewriting",
        "dialects",
        "execution",
        "journal",
        "sources",
        "database",
    ):
        package = import_module(f"midair.{room}")
        for each in walk_packages(package.__path__, f"{package.__name__}."):
            if not each.name.endswith((".worker", ".__main__", ".mariadb", ".mariadb_errors")):
                import_module(each.name)


_import_all()
