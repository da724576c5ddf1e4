"""A real subscription to a published table: another database of the same server that receives what the application writes."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench.scenarios.world import Result, World

_CATCHES_UP_WITHIN_S = 30.0
_SLOT = "midair_bench"


@dataclass(frozen=True)
class Subscriber:
    """The database that receives."""

    publisher: World
    here: World

    def judged(self, result: Result, columns: str, *, stumbles: bool = False) -> None:
        """It still receives, has met no error (unless it `stumbles`), and holds the rows that the publisher holds."""
        late = self._lag(forgives=stumbles)
        result.expect(f"the subscriber did not catch up: {late}", holds=not late)
        mine, theirs = (
            each.ask(f"SELECT {columns} FROM orders ORDER BY id") for each in (self.here, self.publisher)
        )
        wrong = len({*mine} ^ {*theirs})
        result.expect(
            f"the subscriber has {wrong} wrong rows of {len(theirs)}", holds=not wrong and bool(theirs)
        )
        result.facts["rows at the subscriber"] = f"{len(mine)}"

    def _lag(self, *, forgives: bool) -> str:
        """Why it does not have what is written by now; empty once it has."""
        end = self.publisher.ask("SELECT pg_current_wal_flush_lsn()")[0][0]
        until = time.monotonic() + _CATCHES_UP_WITHIN_S
        behind = f"SELECT confirmed_flush_lsn < '{end}' FROM pg_replication_slots WHERE slot_name LIKE '{_SLOT}%' AND database = current_database()"
        while self.publisher.ask(behind) != [(False,)]:
            errors = "" if forgives else self._errors()
            if errors or time.monotonic() > until:
                return errors or "no error was counted"
            time.sleep(0.05)
        return "" if forgives else self._errors()

    def _errors(self) -> str:
        """What it stumbled over, as far as the server counts that (from 15)."""
        if not self.here.ask("SELECT 1 FROM pg_class WHERE relname = 'pg_stat_subscription_stats'"):
            return ""
        count = self.here.ask(
            "SELECT coalesce(sum(apply_error_count + sync_error_count), 0)::int FROM pg_stat_subscription_stats"
        )
        return "" if count == [(0,)] else f"{count[0][0]} errors while applying"


@contextmanager
def subscribed(publisher: World) -> Generator[Subscriber]:
    """Receives the publication `feed` for as long as the context lasts; it begins with the same tables and rows."""
    name = f"{publisher.name}_sub"
    slot = f"{_SLOT}_{publisher.name}"
    here = replace(publisher, name=name)
    admin = replace(publisher, name="postgres")
    admin.tell(f"CREATE DATABASE {name} TEMPLATE {publisher.name}")
    try:
        here.tell("DROP PUBLICATION feed")
        # Made apart: in one server, making it with the subscription would wait for itself.
        publisher.ask(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
        here.tell(
            f"CREATE SUBSCRIPTION {name} CONNECTION '{publisher.url}' PUBLICATION feed WITH (create_slot = false, slot_name = '{slot}', copy_data = false)"
        )
        try:
            yield Subscriber(publisher, here)
        finally:
            here.tell(
                f"ALTER SUBSCRIPTION {name} DISABLE",
                f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)",
                f"DROP SUBSCRIPTION {name}",
            )
            _dropped(publisher, slot)
    finally:
        admin.tell(f"DROP DATABASE {name} WITH (FORCE)")


def _dropped(publisher: World, slot: str) -> None:
    """The slot is free once its sender has seen that nobody receives any more."""
    until = time.monotonic() + _CATCHES_UP_WITHIN_S
    while publisher.ask(f"SELECT active FROM pg_replication_slots WHERE slot_name = '{slot}'") == [(True,)]:
        assert time.monotonic() < until, "the subscription's sender goes on"
        time.sleep(0.05)
    publisher.ask(f"SELECT pg_drop_replication_slot('{slot}')")
