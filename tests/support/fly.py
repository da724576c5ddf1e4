"""A process of its own that applies a project, forked so that a hundred of them are cheap."""

import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile

import midair
from midair.errors import MidairError
from midair.model.address import Address
from tests.conftest import url_of
from tests.support.listening import DyingAt


@dataclass(frozen=True)
class Flying:
    """A running command."""

    pid: int
    said: object

    def landed(self) -> tuple[int, str]:
        """Exit code (negative: the signal that ended it) and everything it said."""
        _, status = os.waitpid(self.pid, 0)
        self.said.seek(0)
        text = self.said.read().decode()
        self.said.close()
        return os.waitstatus_to_exitcode(status), text

    def cut_off(self) -> bool:
        """Whether `kill -9` ended it on its way; `False` when it came to its end. Any other end fails the test."""
        code, said = self.landed()
        assert code in (0, -signal.SIGKILL), said
        return code != 0

    def over(self) -> bool:
        """It has ended, though nobody collected it yet."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def waits(self) -> bool:
        """Whether it has stopped itself, once it has either done so or ended."""
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        return ended is not None and ended.si_code == os.CLD_STOPPED

    def wake(self) -> None:
        """It goes on from where it stopped itself."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """`kill -9`."""
        os.kill(self.pid, signal.SIGKILL)


def fly(
    root: Path,
    address: Address,
    *,
    dies_at: int = -1,
    stops_at: int = -1,
    wait_s: float = 0.0,
    starts_at: float = 0.0,
    strategy: str | None = None,
    command: str = "apply",
    scratch: Address | None = None,
) -> Flying:
    """Starts an `apply`, `contract`, `rollback`, `resume` or `repair REVISION --undo`; it kills itself at event number `dies_at`, or stops itself at `stops_at`, and begins at the monotonic time `starts_at`.

    Where a `strategy` is named, no table counts as small. `scratch` is a server for throwaway databases: starting one takes longer
    than most runs.
    """
    said = TemporaryFile()  # noqa: SIM115 - closed by `landed`
    pid = os.fork()
    if pid:
        return Flying(pid, said)
    os.setsid()
    code = 70
    try:
        time.sleep(max(0.0, starts_at - time.monotonic()))
        reporter = DyingAt(dies_at) if stops_at < 0 else DyingAt(stops_at, signal.SIGSTOP)
        code, text = _done(command, root, address, reporter, wait_s, strategy, scratch)
        os.write(said.fileno(), text.encode())
    finally:
        os._exit(code)
    raise AssertionError


def _done(
    command: str,
    root: Path,
    address: Address,
    reporter: DyingAt,
    wait_s: float,
    strategy: str | None,
    scratch: Address | None,
) -> tuple[int, str]:
    request = midair.Request(
        root,
        url=url_of(address),
        variables=dict(os.environ),
        wait_s=wait_s,
        scratch_url=url_of(scratch) if scratch else None,
    )
    if strategy is not None:
        request = replace(
            request, strategy=strategy, small_table_bytes=0, standard=midair.Standard(quiet_s=0)
        )
    try:
        if command == "contract":
            done = midair.contract(request, reporter)[0]
        elif command.startswith("undo "):
            return 0, "\n".join(midair.repair(request, reporter, command[5:], undo=True))
        else:
            start = {"apply": midair.apply, "rollback": midair.rollback, "resume": midair.resume}[command]
            done = start(request, reporter)
    except MidairError as error:
        return error.exit_code, f"{error.code} {error.message} / {error.state}"
    return 0, str(done.revisions)
