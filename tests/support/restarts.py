"""A server of one's own that can be shut down like a pulled plug and started again."""

import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager

from midair.database import Guard, open_session
from midair.errors import Unreachable
from midair.rehearsal.account import account
from midair.rehearsal.server import Server, throwaway_server

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
        deadline = time.monotonic() + 30
        while True:
            try:
                open_session(self.server.admin, Guard(), "midair tests").close()
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return


@contextmanager
def restartable_server() -> Generator[Restartable]:
    """As `throwaway_server`, and it may be restarted."""
    with throwaway_server(None, None, _LASTING) as server:
        own = Restartable(server)
        try:
            yield own
        finally:
            own.stop()
