"""What an application's sessions waited for on the server, seen by looking every few milliseconds from a process of its own.

Wall time says how late a request was; only the server says why. `lock` is what a tool is to blame for: a wait for a lock
that one of its sessions held, or stood in line for.
"""

import multiprocessing
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

import psycopg

_SAMPLE_S = 0.005


@dataclass
class Waits:
    """The longest wait for midair in milliseconds and who it was; how often slow requests were seen waiting for what."""

    lock_ms: float
    lock_by: str
    slow: dict[str, int]


class Watch:
    """Looks at the application's sessions every few milliseconds, in a process of its own."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def begin(self) -> None:
        """From here on what is seen counts."""
        self._pipe.send("begin")

    def end(self) -> Waits:
        """What was seen since."""
        self._pipe.send("end")
        return Waits(*self._pipe.recv())


_LOOK = """
SELECT CASE WHEN a.wait_event_type IS NULL THEN 'CPU' ELSE a.wait_event_type || ':' || a.wait_event END,
       extract(epoch FROM clock_timestamp() - a.query_start)::float8 * 1000,
       CASE WHEN a.wait_event_type = 'Lock' THEN
         (SELECT string_agg(DISTINCT b.application_name || ' ' || left(regexp_replace(b.query, '[[:space:]]+', ' ', 'g'), 90), ' | ')
          FROM unnest(pg_blocking_pids(a.pid)) AS by (pid) JOIN pg_stat_activity b ON b.pid = by.pid
          WHERE b.application_name LIKE %s AND b.application_name NOT LIKE 'shop%%') END
FROM pg_stat_activity a
WHERE a.application_name LIKE 'shop%%' AND a.state = 'active' AND a.datname = current_database()
  AND (a.wait_event_type = 'Lock' OR clock_timestamp() - a.query_start > interval '20 ms')
"""


def _look(url: str, tool: str, pipe: Connection) -> None:
    """Samples until told to end; see `Waits`."""
    lock_ms, lock_by, slow = 0.0, "", dict[str, int]()
    with psycopg.connect(url, autocommit=True, application_name="midair bench") as connection:
        pipe.send("ready")
        pipe.recv()
        while not pipe.poll(_SAMPLE_S):
            for event, age_ms, by in connection.execute(_LOOK, (tool,)).fetchall():
                if age_ms > 20:
                    slow[event] = slow.get(event, 0) + 1
                if by and age_ms > lock_ms:
                    lock_ms, lock_by = age_ms, by
        pipe.recv()
        pipe.send((lock_ms, lock_by, slow))


@contextmanager
def watched(url: str, tool: str = "midair%") -> Generator[Watch]:
    """A watch on the database; the application's sessions there are those named `shop…`, the tool's match the pattern."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_look, args=(url, tool, theirs), daemon=True)
    process.start()
    ours.recv()
    try:
        yield Watch(ours)
    finally:
        process.kill()
        process.join()
