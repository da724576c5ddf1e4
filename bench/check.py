#!/usr/bin/env python3
"""How long `midair check` takes, beside squawk on the same SQL files.

Whole processes, as a user starts them: projects of 100, 1 000 and 10 000 statements, ten to a file, and ten files
that git says are new in a project of a hundred.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import projects
from measure import MIDAIR, Failed, Measured, Sample, environment, machine, peer, sample, version_of

FOUND_SOMETHING = (0, 1)


@dataclass(frozen=True, slots=True)
class Linter:
    """A program and the command that checks a whole project, or some new files of it."""

    name: str
    program: Path
    whole: tuple[str, ...]
    new: tuple[str, ...]
    names_files: bool

    def command(self, files: Sequence[str], new: Sequence[str] = ()) -> list[str]:
        words = self.new if new else self.whole
        return [str(self.program), *words, *((new or files) if self.names_files else ())]


def main() -> int:
    arguments = read_arguments()
    sizes = [100, 1000] if arguments.quick else [int(size) for size in arguments.sizes.split(",")]
    repeat = arguments.repeat or (3 if arguments.quick else 5)
    wanted = linters()
    print(f"machine: {machine()}; {repeat} runs each")
    for linter in wanted:
        print(f"  {linter.name}: {version_of(linter.program)}")
    with tempfile.TemporaryDirectory() as scratch:
        found = {size: measure_size(wanted, Path(scratch), size, repeat) for size in sizes}
        changed = measure_changed(wanted, Path(scratch), repeat)
    for size, results in found.items():
        show(f"{size} statements", results, size)
    show("ten new files in a project of 100", changed, 100)
    for linter in wanted:
        show_growth(linter.name, {size: results[linter.name] for size, results in found.items()})
    print(f"machine at the end: {machine()}")
    return 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="100 and 1000 statements, three runs each")
    parser.add_argument(
        "--sizes", default="100,1000,10000", help="numbers of statements (default: %(default)s)"
    )
    parser.add_argument("--repeat", type=int, help="runs of each (default: 5)")
    return parser.parse_args()


def linters() -> list[Linter]:
    """midair, and squawk when it is installed; what is not is named on standard error."""
    quiet = ("--no-input", "-q", "-f", "json")
    found = [
        Linter("midair", MIDAIR, ("check", *quiet), ("check", "--since", "HEAD~1", *quiet), names_files=False)
    ]
    squawk = peer("squawk")
    if squawk is None:
        print("not installed, left out: squawk", file=sys.stderr)
        return found
    words = ("--assume-in-transaction", "--reporter", "json")
    return [Linter("squawk", squawk, words, words, names_files=True), *found]


def measure_size(
    wanted: Sequence[Linter], scratch: Path, size: int, repeat: int
) -> dict[str, tuple[Sample, ...]]:
    """Every linter `repeat` times in turn on a project of so many statements."""
    folder = scratch / f"whole-{size}"
    files = projects.statement_files(folder, size)
    return _measured({each.name: each.command(files) for each in wanted}, folder, repeat)


def measure_changed(wanted: Sequence[Linter], scratch: Path, repeat: int) -> dict[str, tuple[Sample, ...]]:
    """The same on a branch that adds the last ten of a hundred files."""
    folder = scratch / "changed"
    files = projects.statement_files(folder, 1000)
    new = files[-10:]
    _git(folder, "init", "-q")
    _git(folder, "add", "flyway.conf", *files[:-10])
    _git(folder, "commit", "-q", "-m", "before")
    _git(folder, "add", "sql")
    _git(folder, "commit", "-q", "-m", "new files")
    return _measured({each.name: each.command(files, new) for each in wanted}, folder, repeat)


def _git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
    subprocess.run(["git", *who, *words], cwd=folder, env=environment({}), check=True)


def _measured(commands: dict[str, list[str]], folder: Path, repeat: int) -> dict[str, tuple[Sample, ...]]:
    """A linter that fails stops the run: its figure would say nothing."""
    found: dict[str, list[Sample]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            try:
                found[name].append(sample(command, folder, {}, FOUND_SOMETHING))
            except Failed as failure:
                raise SystemExit(f"{name} failed: {failure}") from failure
    return {name: tuple(samples) for name, samples in found.items()}


def show(title: str, results: dict[str, tuple[Sample, ...]], statements: int) -> None:
    """A table; ratios are to squawk where it is there."""
    base = next(iter(results.values()))
    print(f"\n{title}; ratio to {next(iter(results))}")
    print(f"  {'':10}{'smallest':>11}{'median':>11}{'ratio':>8}{'cpu':>10}{'memory':>11}{'statements/s':>15}")
    for name, samples in results.items():
        each = Measured(samples)
        ratio = each.smallest_s / Measured(base).smallest_s
        print(
            f"  {name:10}{each.smallest_s:>9.3f} s{each.median_s:>9.3f} s{ratio:>8.2f}{each.cpu_s:>8.3f} s"
            f"{each.memory_mib:>7.0f} MiB{statements / each.smallest_s:>15,.0f}"
        )


def show_growth(name: str, results: dict[int, tuple[Sample, ...]]) -> None:
    """Processor time of one more statement between each two sizes: the same number twice is linear growth."""
    sizes = sorted(results)
    for small, large in itertools.pairwise(sizes):
        more_s = Measured(results[large]).cpu_s - Measured(results[small]).cpu_s
        each_us = more_s / (large - small) * 1e6
        print(f"growth of {name}, {small} → {large}: {each_us:,.0f} µs of processor time a statement")


if __name__ == "__main__":
    raise SystemExit(main())
