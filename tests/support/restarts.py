"""A server of one's own that can be shut down like a pulled plug and started again."""

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from midair.rehearsal.account import account
from midair.rehearsal.server import Server, throwaway_server
from tests.support.holding import answers, until

_LASTING = ("synchronous_commit=on", "full_page_writes=on")
"""A commit that was answered must outlive the restart; the machine itself does not crash, so nothing need be synced."""


class Restartable:
    """A throwaway server, its process replaced by each restart."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._process = server.process

    def restart(self) -> None:
        """`pg_ctl restart -m immediate`: SIGQUIT, no checkpoint, and recovery from the log."""
        self.stop()
        self._process = subprocess.Popen(
            self.server.process.args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account().rights,
        )

    def stop(self) -> None:
        """At once, as when it crashes."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def wait(self) -> None:
        """Until it takes connections again."""
        until(lambda: answers(self.server.admin))


@contextmanager
def restartable_server() -> Generator[Restartable]:
    """As `throwaway_server`, and it may be restarted."""
    with throwaway_server(None, None, _LASTING) as server:
        own = Restartable(server)
        try:
            yield own
        finally:
            own.stop()
