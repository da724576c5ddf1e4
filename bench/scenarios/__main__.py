"""Runs the scenarios and prints what each measured; exit code 1 when a limit was not kept."""

import argparse
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.scenarios import found
from bench.scenarios.world import FULL, SHORT, Result, Scenario, Size, fresh_server, share, summed, world

from midair.rehearsal.server import Server

_HEAD = (
    "scenario", "transactions", "errors", "wrong rows", "of rows", "worst ms", "for midair ms", "p50", "p99", "p99.9",
    "cut off", "took", "limits",
)  # fmt: skip


def main() -> int:
    options, began = _options(), time.monotonic()
    size = _size(options)
    print(_line(_HEAD), _line(["---"] * len(_HEAD)), sep="\n", flush=True)
    broken: list[str] = []
    results: list[Result] = []
    with fresh_server(options.major) as server:
        for scenario in found(options.only):
            result, took_s = _played(scenario, server, size)
            results.append(result)
            print(_row(f"{scenario.number} {scenario.name}", result, took_s), flush=True)
            for name, fact in (*result.facts.items(), *_phases(result)):
                print(f"    {name}: {fact}", file=sys.stderr, flush=True)
            broken += [
                f"{scenario.number} {scenario.name}: {each}" for each in (*result.broken, *result.errors[:3])
            ]
    print(_row("all", summed(results), time.monotonic() - began))
    print(*(f"NOT KEPT  {each}" for each in broken), sep="\n")
    return 1 if broken else 0


def _played(scenario: Scenario, server: Server, size: Size) -> tuple[Result, float]:
    """What came of it, an error of its own included, so that those after it are played all the same."""
    began = time.monotonic()
    try:
        with world(server, size) as here:
            result = scenario.run(here)
    except Exception:  # noqa: BLE001 - it is told as a limit that was not kept, and the exit code is 1
        result = Result(broken=[traceback.format_exc()])
    return result, time.monotonic() - began


def _row(name: str, result: Result, took_s: float) -> str:
    waits = [max(result.waits, default=0.0), *(share(result.waits, part) for part in (0.5, 0.99, 0.999))]
    worst, *shares = [f"{each * 1000:.0f}" for each in waits]
    kept = "not kept" if result.broken or result.errors else "kept"
    numbers = (
        len(result.felt),
        len(result.errors),
        result.wrong,
        result.rows,
        worst,
        f"{result.lock_ms:.0f}",
        *shares,
    )
    return _line([name, *numbers, result.kills, f"{took_s:.0f} s", kept])


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(str(each) for each in cells)} |"


def _phases(result: Result) -> Iterator[tuple[str, str]]:
    """Each phase's waits, of all its lives together, by version."""
    felt: dict[str, list[float]] = {}
    for name, late in result.phases():
        for each in late:
            felt.setdefault(f"{name}, {each.version}", []).append(each.by * 1000)
    for name, waits in felt.items():
        numbers = ", ".join(f"p{part * 100:g} {share(waits, part):.0f}" for part in (0.5, 0.99, 0.999))
        yield name, f"{len(waits)} transactions, worst {max(waits):.0f} ms, {numbers}"


def _size(options: argparse.Namespace) -> Size:
    size = FULL if options.full else SHORT
    given = {name: getattr(options, name) for name in ("rows", "kills", "soak_s")}
    return replace(size, **{name: value for name, value in given.items() if value is not None})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scenarios", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help=f"{FULL.rows:,} rows, and the limits on time hold"
    )
    parser.add_argument("--rows", type=int, help="rows in the table")
    parser.add_argument(
        "--kills", type=int, help=f"cuts for each change of scenario 5 (in full: {FULL.kills})"
    )
    parser.add_argument(
        "--soak",
        type=float,
        dest="soak_s",
        help=f"seconds a throttled backfill is watched (in full: {FULL.soak_s:.0f})",
    )
    parser.add_argument("--only", nargs="*", default=[], help="numbers of scenarios")
    parser.add_argument("--major", type=int, help="PostgreSQL version of the throwaway server")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
