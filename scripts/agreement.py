#!/usr/bin/env python3
"""How far midair agrees with what was measured on PostgreSQL 15 and 18, and squawk on the same statements.

The table of facts beside the measured rows and, with --servers, performed anew on both servers; then what `check`
says of each statement. No figure is written down anywhere: each is counted when this runs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / each) for each in ("tests/analysis", "tests/dialects", "bench")]

from effects_rows import EXCEPTIONS, Row, disagreement, predicted, rows  # noqa: E402
from measure import peer  # noqa: E402
from measured import NOT_LONG, Called, Known, called, performed  # noqa: E402

SQUAWK_BLOCKING = frozenset(
    [
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-required-field",
        "adding-serial-primary-key-field",
        "ban-alter-domain-with-add-constraint",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
        "require-concurrent-partition-detach",
        "require-concurrent-reindex",
    ]
)
"""Its rules about locks; the others are about style, lost data, broken applications, or asked of every statement."""

SQUAWK_OTHER = {
    "ban-drop-column": "MA2",
    "ban-drop-database": "MA2",
    "ban-drop-table": "MA2",
    "ban-truncate-cascade": "MA2",
    "ban-drop-not-null": "MA3",
    "renaming-column": "MA3",
    "renaming-table": "MA3",
    "ban-concurrent-index-creation-in-transaction": "MA4",
    "identifier-too-long": "MA4",
    "transaction-nesting": "MA5",
    "ban-uncommitted-transaction": "MA5",
}
"""Its rules about what midair's families are about; the rest are style, or asked of every statement."""

REASONS = {
    "MA1": "for its locks: blocks while it works through rows",
    "MA6": "for rows it locks: many are changed in one statement",
    "MA2": "because data or structure is lost",
    "MA3": "because the running application breaks",
    "MA4": "because it fails on existing rows or is refused",
    "MA5": "because of its transaction or session",
}
"""Why a statement can be high by the definition of risk (design.md §9); the families of codes are these reasons."""


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--servers", action="store_true", help="perform the rows too; some minutes")
    show_table()
    if arguments.parse_args().servers:
        perform()
    found = {known: [called(row, known) for row in performed()] for known in Known}
    for known, calls in found.items():
        show_calls(known, calls)
    show_side_by_side(found)
    return 0


def show_table() -> None:
    print("Table of facts and measured rows")
    for version in (15, 18):
        mine = [each for each in rows() if each.version == version]
        wrong = [each for each in mine if disagreement(each, predicted(each), each.measured)]
        print(f"  PostgreSQL {version}: {len(mine) - len(wrong)} of {len(mine)} equal")
        for each in wrong:
            print(f"    {each.id}: {EXCEPTIONS.get(each.id, 'UNEXPLAINED')}")


def perform() -> None:
    print("Performed on the servers now")
    words = ("-q", "-s", "-p", "no:cacheprovider", "-m", "slow or not slow", "-k", "servers_do_what")
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "tests/dialects/test_effects_on_servers.py"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in answer.stdout.splitlines():
        if "rows agree" in line or "skipped" in line or ("failed" in line and answer.returncode):
            print(f"  {line.lstrip('.')}")
    if answer.returncode:
        raise SystemExit(answer.stdout[-3000:])


def show_calls(known: Known, found: Sequence[Called]) -> None:
    """Every long statement that is not high, and every light one that is high for its locks."""
    long = [each for each in found if each.long]
    light = [each for each in found if not each.long]
    loud = [each for each in light if each.high_for_blocking]
    print(f"\ncheck, {_SAID[known]}")
    print(
        f"  measured to block for long: {_of(sum(bool(each.high) for each in long), len(long))} called high"
    )
    print(f"  measured light: {_of(len(loud), len(light))} called high for its locks")
    if known is not Known.NOTHING:
        for each in [*(each for each in long if not each.high), *loud]:
            print(f"    {each.row.id} ({each.row.version}): {', '.join(each.high) or 'not high'}")
    else:
        hidden = _same_text_elsewhere(loud, found)
        print(
            f"    {hidden} of these have the very text of a statement that blocks for long on another schema"
        )


_SAID = {
    Known.CATALOG: "with the catalog: sizes, types, constraints",
    Known.FILES: "without a catalog: what the project's own migrations made",
    Known.NOTHING: "knowing nothing but the statement",
}


def show_side_by_side(found: Mapping[Known, Sequence[Called]]) -> None:
    """midair's highs and squawk's flags on the same statements, reason by reason; one may have several reasons.

    squawk has no degrees and knows no catalog: a flag of one of its rules of that kind is counted.
    """
    program = peer("squawk")
    flags = {version: _flagged(program, version) for version in (15, 18)} if program else {}
    counted = [each for each in found[Known.CATALOG] if each.row.id not in NOT_LONG]
    names = ["catalog", "files", "statement", *(["squawk"] if flags else [])]
    for title, long in (("measured to block for long", True), ("measured light", False)):
        rows_ = {each.row.id: each for each in counted if each.long is long}
        total = sum(each.long is long for each in counted)
        print(f"\n{title}: {total} statements; called high (squawk: flagged)")
        print(f"  {'':52}{''.join(f'{name:>16}' for name in names)}")
        sets = [
            [_families(each.high) for each in found[known] if each.row.id in rows_ and each.long is long]
            for known in Known
        ]
        if flags:
            sets.append(
                [
                    _squawk_families(flags[each.row.version].get(each.row.id, set()))
                    for each in counted
                    if each.long is long
                ]
            )
        for family, reason in REASONS.items():
            figures = [sum(family in each for each in one) for one in sets]
            if any(figures):
                print(f"  {reason:52}{''.join(_cell(figure, total) for figure in figures)}")
        figures = [sum(bool(each) for each in one) for one in sets]
        print(f"  {'for any reason':52}{''.join(_cell(figure, total) for figure in figures)}")
    if not flags:
        print("\nsquawk: not installed (scripts/install_peers.sh)")


def _families(codes: Iterable[str]) -> set[str]:
    return {each[:3] for each in codes}


def _squawk_families(names: set[str]) -> set[str]:
    blocking = {"MA1"} if names & SQUAWK_BLOCKING else set[str]()
    return blocking | {SQUAWK_OTHER[each] for each in names if each in SQUAWK_OTHER}


def _cell(part: int, whole: int) -> str:
    return f"{f'{part} ({part / whole:.1%})':>16}"


def _same_text_elsewhere(loud: Sequence[Called], found: Sequence[Called]) -> int:
    long = {each.row.sql for each in found if each.long}
    return sum(1 for each in loud if each.row.sql in long)


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})"


def _flagged(program: Path, version: int) -> dict[str, set[str]]:
    mine: list[Row] = [each for each in performed() if each.version == version]
    with tempfile.TemporaryDirectory() as folder:
        for each in mine:
            Path(folder, f"{each.id}.sql").write_text(";\n".join(each.sql) + ";\n")
        answer = subprocess.run(
            [
                program,
                "--reporter",
                "json",
                "--pg-version",
                str(version),
                *sorted(Path(folder).glob("*.sql")),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    found: dict[str, set[str]] = {}
    for each in json.loads(answer.stdout):
        found.setdefault(Path(each["file"]).stem, set()).add(each["rule_name"])
    return found


if __name__ == "__main__":
    raise SystemExit(main())
