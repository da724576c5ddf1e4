"""Runs the scenarios and prints what each measured; exit code 1 when a limit was not kept."""

import argparse
import sys
import time
from dataclasses import replace

from bench.scenarios import found
from bench.scenarios.world import FULL, SHORT, Result, Scenario, fresh_server, world

_HEAD = "| scenario | transactions | errors | wrong rows | of rows | worst ms | p50 | p99 | p99.9 | kills | took | limits |"


def main() -> int:
    options = _options()
    size = FULL if options.full else SHORT
    size = replace(
        size, rows=options.rows or size.rows, kills=options.kills if options.kills is not None else size.kills
    )
    print(_HEAD, "|" + " --- |" * 12, sep="\n")
    broken: list[str] = []
    with fresh_server(options.major) as server:
        for scenario in found(options.only):
            began = time.monotonic()
            with world(server, size) as here:
                result = scenario.run(here)
            print(_row(scenario, result, time.monotonic() - began), flush=True)
            for name, fact in result.facts.items():
                print(f"|  {name}: {fact} |", file=sys.stderr, flush=True)
            broken += [f"{scenario.number} {scenario.name}: {each}" for each in result.broken]
            broken += [f"{scenario.number} {scenario.name}: {each}" for each in result.errors[:3]]
    print(*(f"NOT KEPT  {each}" for each in broken), sep="\n")
    return 1 if broken else 0


def _row(scenario: Scenario, result: Result, took_s: float) -> str:
    waits = [max(result.waits, default=0.0), *(result.share(part) for part in (0.5, 0.99, 0.999))]
    cells = [
        f"{scenario.number} {scenario.name}", len(result.waits), len(result.errors), result.wrong, result.rows,
        *(f"{each * 1000:.0f}" for each in waits), result.kills, f"{took_s:.0f} s", "not kept" if result.broken else "kept",
    ]  # fmt: skip
    return f"| {' | '.join(str(each) for each in cells)} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scenarios", description=__doc__)
    parser.add_argument("--full", action="store_true", help="a million rows, 60 kills a command")
    parser.add_argument("--rows", type=int, help="rows in the table")
    parser.add_argument("--kills", type=int, help="kills for each command of scenario 5")
    parser.add_argument("--only", nargs="*", default=[], help="numbers of scenarios")
    parser.add_argument("--major", type=int, help="PostgreSQL version of the throwaway server")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
