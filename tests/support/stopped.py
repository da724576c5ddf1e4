"""A process that stops itself in the middle of its work, and is woken up later."""

import os
import signal
from collections.abc import Callable

from midair.errors import MidairError


def stopped(work: Callable[[], object]) -> int:
    """A process of its own; its exit code is the error's, 0 without one. Gives its id once it has stopped itself."""
    if pid := os.fork():
        _, status = os.waitpid(pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), os.waitstatus_to_exitcode(status)
        return pid
    code = 70
    try:
        os.setsid()
        work()
        code = 0
    except MidairError as error:
        code = error.exit_code
    finally:
        os._exit(code)


def woken(pid: int) -> int:
    """Its exit code, once it has gone on and ended."""
    os.kill(pid, signal.SIGCONT)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
