#!/usr/bin/env python3
"""midair beside pgroll: the same table, the same two versions of an application, the same changes.

`python -m bench.pgroll` prints a table; pgroll comes by scripts/install_peers.sh. Each change is made twice by each tool: to
its end, and back before its end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench.scenarios.application import Version, rows, running, seed, wrong
from bench.scenarios.life import felt_by
from bench.scenarios.world import Result, Size, World, fresh_server, share, summed, world

PEERS = Path(os.environ.get("MIDAIR_PEERS", Path(__file__).resolve().parent.parent / ".peers")).resolve()
PGROLL, MIDAIR = PEERS / "bin" / "pgroll", Path(sys.executable).with_name("midair")
_OLD_SCHEMA, _NEW_SCHEMA = "public_01_base", "public_02_change"


@dataclass(frozen=True)
class Change:
    """One change in both tools' words, and the names that the new version uses."""

    name: str
    sql: str
    operation: dict[str, object]
    new: Version
    fills: bool
    """Every row is read or written."""
    down: str = ""
    """The author's own downgrade, where no recipe takes the change back."""


CHANGES = (
    Change("rename column", "ALTER TABLE orders RENAME COLUMN total TO amount;",
           {"rename_column": {"table": "orders", "from": "total", "to": "amount"}}, Version("new", total="amount"), fills=False),
    Change("int to bigint", "ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
           {"alter_column": {"table": "orders", "column": "total", "type": "bigint", "up": "total::bigint", "down": "total::int"}},
           Version("new"), fills=True),
    Change("NOT NULL", "ALTER TABLE orders ALTER COLUMN kind SET NOT NULL;",
           {"alter_column": {"table": "orders", "column": "kind", "nullable": False, "up": "coalesce(kind, 'k')", "down": "kind"}},
           Version("new"), fills=True, down="ALTER TABLE orders ALTER COLUMN kind DROP NOT NULL;"),
    Change("drop column", "ALTER TABLE orders DROP COLUMN note;",
           {"drop_column": {"table": "orders", "column": "note", "down": "NULL"}}, Version("new", note=None), fills=False),
)  # fmt: skip
_OLD = Version("old")
_SHAPE = """
SELECT 'column ' || table_name || '.' || column_name FROM information_schema.columns WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'pgroll', 'midair')
UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'index ' || indexrelid::regclass FROM pg_index JOIN pg_class ON oid = indrelid WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('pgroll', 'midair', 'information_schema')
"""

Do = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """A tool that is ready to make the change, and the names that both versions use meanwhile."""

    do: Do
    old: Version
    new: Version
    sessions: str
    """The pattern of its sessions' names."""


def midair(here: World, change: Change, result: Result) -> Told:
    """midair as anyone would call it; its gate does not ask for half an hour of quiet."""
    root = here.project(change.sql, back=change.down)
    (root / "midair.toml").write_text('gate_quiet = "0s"\n')
    words = {"expand": ("apply", "--strategy", "online"), "contract": ("contract",), "back": ("rollback",)}

    def do(what: str) -> None:
        _ran(result, MIDAIR, *words[what], "-C", root, "--url", here.url, "--no-input", "-q")

    return Told(do, _OLD, change.new, "midair%")


def pgroll(here: World, change: Change, result: Result) -> Told:
    """pgroll as its manual says: each version finds its names in a schema of views."""
    file = here.folder / "02_change.json"
    file.write_text(json.dumps({"operations": [change.operation]}))
    words = {"expand": ("start", file), "contract": ("complete",), "back": ("rollback",)}
    url = ("--postgres-url", f"{here.url}&sslmode=disable")
    _ran(result, PGROLL, "init", *url)
    _ran(result, PGROLL, "baseline", "01_base", here.folder, "--yes", *url)
    has_schema = here.ask(f"SELECT to_regnamespace('{_OLD_SCHEMA}') IS NOT NULL") == [(True,)]
    old = Version("old", search_path=_OLD_SCHEMA) if has_schema else _OLD
    new = Version("new", note=change.new.note, total=change.new.total, search_path=_NEW_SCHEMA)
    return Told(lambda what: _ran(result, PGROLL, *words[what], *url), old, new, "%")


def _ran(result: Result, program: Path, *words: str | Path) -> None:
    ran = subprocess.run([program, *words], capture_output=True, text=True, check=False, env=_compiled())
    result.expect(f"{program.name} {words[0]}: {ran.stderr[-300:]}", holds=ran.returncode == 0)


def _compiled() -> dict[str, str]:
    """The environment of a machine where Python keeps what it compiled, as it does wherever nobody turned that off."""
    kept = Path(tempfile.gettempdir()) / "midair-bench-bytecode"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(kept)} | variables


def lived(
    tool: Callable[[World, Change, Result], Told], here: World, change: Change, *, back: bool
) -> Result:
    """The change with both versions at work, to its end or back."""
    seed(here, total="int", also="ALTER TABLE orders ADD COLUMN kind text DEFAULT 'k'")
    result = Result()
    told = tool(here, change, result)
    before, bytes_before = set(here.ask(_SHAPE)), _bytes(here)
    with felt_by(here, result, told.sessions):
        with running(here, [told.old], result):
            began = time.monotonic()
            told.do("expand")
            result.facts["expand"] = f"{time.monotonic() - began:.2f}"
            with running(here, [told.new], result):
                time.sleep(here.size.seconds)
            if back:
                told.do("back")
                time.sleep(here.size.seconds / 4)
        if not back:
            with running(here, [told.new], result):
                told.do("contract")
                time.sleep(here.size.seconds / 2)
    if back:
        left = set(here.ask(_SHAPE)) ^ before
        result.facts["left"] = str(sum("schema_migrations" not in str(each) for each in left))
        result.facts["grown"] = f"{_bytes(here) / bytes_before:.1f}"
    result.wrong = wrong(here, told.old if back else told.new)
    result.rows = rows(here)
    return result


def _bytes(here: World) -> int:
    return int(
        str(
            here.ask(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE 'orders%' AND relkind = 'r'"
            )[0][0]
        )
    )


_HEAD = (
    "change", "tool", "transactions", "application errors", "wrong rows", "worst ms", "for the tool ms", "p99 ms", "ready after s",
    "rows/s", "after rollback: wrong rows", "objects left", "size, times",
)  # fmt: skip


def main() -> int:
    options, began = _options(), time.monotonic()
    size = Size(rows=options.rows, seconds=options.seconds, rate=50, clients=2, kills=0)
    print(_line(_HEAD), _line(["---"] * len(_HEAD)), sep="\n", flush=True)
    with fresh_server(options.major) as server:
        with world(server, replace(size, rows=100, seconds=0.1)) as once:
            lived(midair, once, CHANGES[0], back=False)  # so that Python has compiled midair
        for change in CHANGES:
            if options.only and change.name not in options.only:
                continue
            for tool in (midair, pgroll):
                print(_row(change, tool, partial(world, server, size), size), flush=True)
    print(f"\n{options.rows:,} rows, {time.monotonic() - began:.0f} s in all", file=sys.stderr)
    return 0


def _row(
    change: Change,
    tool: Callable[[World, Change, Result], Told],
    fresh: Callable[[], AbstractContextManager[World]],
    size: Size,
) -> str:
    results: list[Result] = []
    for back in (False, True):
        with fresh() as here:
            results.append(lived(tool, here, change, back=back))
    forth, home = results
    both = summed(results)
    states = Counter(each.split(" ")[1] for each in both.errors)
    for each in (*dict.fromkeys(both.errors), *both.broken):
        print(f"  {change.name}, {tool.__name__}: {each}", file=sys.stderr)
    if both.lock_by:
        print(
            f"  {change.name}, {tool.__name__}: {both.lock_ms:.0f} ms behind {both.lock_by}", file=sys.stderr
        )
    took = float(forth.facts["expand"])
    errors = (
        f"{len(both.errors)} ({', '.join(f'{count} × {state}' for state, count in states.items())})"
        if states
        else "0"
    )
    return _line([
        change.name, tool.__name__, len(both.felt), errors, forth.wrong, f"{max(both.waits) * 1000:.0f}", f"{both.lock_ms:.0f}",
        f"{share(both.waits, 0.99) * 1000:.0f}", f"{took:.1f}", f"{size.rows / took:,.0f}" if change.fills else "–", home.wrong,
        home.facts["left"], home.facts["grown"],
    ])  # fmt: skip


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(each) for each in cells)} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pgroll", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", nargs="*", default=[], help="names of changes")
    parser.add_argument("--major", type=int)
    options = parser.parse_args()
    if unknown := set(options.only) - {each.name for each in CHANGES}:
        parser.error(
            f"no change is named {', '.join(sorted(unknown))}; there are {', '.join(each.name for each in CHANGES)}"
        )
    if not PGROLL.exists():
        parser.error(f"{PGROLL} is not there: scripts/install_peers.sh brings it")
    return options


if __name__ == "__main__":
    sys.exit(main())
