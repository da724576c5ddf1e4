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
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.scenarios.application import Version, running, seed, wrong
from bench.scenarios.engine import done
from bench.scenarios.world import Result, Size, World, fresh_server, world

PEERS = Path(os.environ.get("MIDAIR_PEERS", Path(__file__).resolve().parent.parent / ".peers")).resolve()
_SCHEMA = "public_02_change"


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
           {"drop_column": {"table": "orders", "column": "note", "down": "''"}}, Version("new", note=None), fills=False),
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


def midair(here: World, change: Change, result: Result) -> tuple[Do, Version]:
    """How midair is told to expand, contract or roll back."""
    root = here.project(change.sql, back=change.down)
    words = {"expand": "apply", "contract": "contract", "back": "rollback"}

    def do(what: str) -> None:
        done(here, root, words[what], result)

    return do, change.new


def pgroll(here: World, change: Change, result: Result) -> tuple[Do, Version]:
    """How pgroll is; the new version finds its names in a schema of views."""
    file = here.folder / "02_change.json"
    file.write_text(json.dumps({"operations": [change.operation]}))
    words = {"expand": ("start", str(file)), "contract": ("complete",), "back": ("rollback",)}
    url = f"{here.url}&sslmode=disable"
    _told(url, result, "init")
    _told(url, result, "baseline", "01_base", str(here.folder), "--yes")

    def do(what: str) -> None:
        _told(url, result, *words[what])

    names = Version("new", note=change.new.note, total=change.new.total, search_path=_SCHEMA)
    return do, names


def _told(url: str, result: Result, *words: str) -> None:
    ran = subprocess.run(
        [PEERS / "bin" / "pgroll", *words, "--postgres-url", url], capture_output=True, text=True, check=False
    )
    result.expect(f"pgroll {words[0]}: {ran.stderr[-300:]}", holds=ran.returncode == 0)


def lived(
    tool: Callable[[World, Change, Result], tuple[Do, Version]], here: World, change: Change, *, back: bool
) -> Result:
    """The change with both versions at work, to its end or back."""
    seed(here, total="int", also="ALTER TABLE orders ADD COLUMN kind text DEFAULT 'k'")
    result = Result()
    do, new = tool(here, change, result)
    before = set(here.ask(_SHAPE))
    with running(here, [_OLD], result):
        began = time.monotonic()
        do("expand")
        result.facts["expand"] = f"{time.monotonic() - began:.1f}"
        with running(here, [new], result):
            time.sleep(here.size.seconds)
        if back:
            do("back")
    if back:
        result.facts["left"] = str(
            sum("schema_migrations" not in str(each) for each in set(here.ask(_SHAPE)) ^ before)
        )
        result.wrong = wrong(here, _OLD)
    else:
        with running(here, [new], result):
            do("contract")
            time.sleep(here.size.seconds / 2)
        result.wrong = wrong(here, new)
    return result


def main() -> int:
    options = _options()
    size = Size(rows=options.rows, seconds=options.seconds, rate=50, clients=2, kills=0)
    print(
        "| change | tool | transactions | errors | wrong rows | worst ms | p99 ms | expand s | rows/s | after rollback: wrong rows | objects left |"
    )
    print("|" + " --- |" * 11)
    with fresh_server(options.major) as server:
        for change in CHANGES:
            for tool in (midair, pgroll):
                print(_row(change, tool, partial(world, server, size), size), flush=True)
    return 0


def _row(
    change: Change,
    tool: Callable[[World, Change, Result], tuple[Do, Version]],
    fresh: Callable[[], object],
    size: Size,
) -> str:
    results: list[Result] = []
    for back in (False, True):
        with fresh() as here:  # type: ignore[attr-defined]
            results.append(lived(tool, here, change, back=back))
    forth, home = results
    took = float(forth.facts["expand"])
    for each in {*forth.errors, *home.errors, *forth.broken, *home.broken}:
        print(f"  {change.name}, {tool.__name__}: {each}", file=sys.stderr)
    cells = [
        change.name, tool.__name__, len(forth.waits) + len(home.waits), len(forth.errors) + len(home.errors), forth.wrong,
        f"{max(forth.waits + home.waits) * 1000:.0f}", f"{forth.share(0.99) * 1000:.0f}", f"{took:.1f}",
        f"{size.rows / took:.0f}" if change.fills else "–", home.wrong, home.facts["left"],
    ]  # fmt: skip
    return f"| {' | '.join(str(each) for each in cells)} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pgroll", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--major", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
