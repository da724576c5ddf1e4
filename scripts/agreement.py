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
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY / each) for each in ("tests/analysis", "tests/dialects", "bench")]

from effects_rows import EXCEPTIONS, Row, disagreement, predicted, rows  # noqa: E402
from measure import peer  # noqa: E402
from measured import NOT_LONG, Called, Known, blocks_long, called, performed  # noqa: E402

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

FAMILIES = {
    "MA1": "locks",
    "MA2": "data or structure is lost",
    "MA3": "the running application breaks",
    "MA4": "the statement fails on existing rows or is refused",
    "MA5": "transactions and sessions",
    "MA6": "many rows are changed in one statement",
}


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--servers", action="store_true", help="perform the rows too; some minutes")
    show_table()
    if arguments.parse_args().servers:
        perform()
    for known in Known:
        show_calls(known, [called(row, known) for row in performed()])
    show_squawk()
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
    long = [each for each in found if each.long]
    light = [each for each in found if not each.long]
    seen = [each for each in long if each.high]
    loud = [each for each in light if each.high_for_blocking]
    print(f"\ncheck, {_SAID[known]}")
    print(f"  measured to block for long: {_of(len(seen), len(long))} called high")
    print(f"  measured light: {_of(len(loud), len(light))} called high for blocking")
    other = Counter(
        FAMILIES.get(each.high[0][:3], each.high[0])
        for each in light
        if each.high and not each.high_for_blocking
    )
    for reason, count in other.most_common():
        print(f"    and {count} high for another reason: {reason}")
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


def _same_text_elsewhere(loud: Sequence[Called], found: Sequence[Called]) -> int:
    long = {each.row.sql for each in found if each.long}
    return sum(1 for each in loud if each.row.sql in long)


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.1%})"


def show_squawk() -> None:
    program = peer("squawk")
    if program is None:
        print("\nsquawk: not installed (scripts/install_peers.sh)")
        return
    every = performed()
    flagged = {version: _flagged(program, version) for version in (15, 18)}
    long = [each for each in every if blocks_long(each)]
    light = [each for each in every if not blocks_long(each) and each.id not in NOT_LONG]
    seen = [each for each in long if flagged[each.version].get(each.id, set()) & SQUAWK_BLOCKING]
    loud = [each for each in light if flagged[each.version].get(each.id, set()) & SQUAWK_BLOCKING]
    print("\nsquawk, its rules about locks (it knows no catalog and has no degrees)")
    print(f"  measured to block for long: {_of(len(seen), len(long))} flagged")
    print(f"  measured light: {_of(len(loud), len(light))} flagged")
    said = Counter(rule for each in loud for rule in flagged[each.version][each.id] & SQUAWK_BLOCKING)
    print(f"    by rule: {', '.join(f'{rule} {count}' for rule, count in said.most_common())}")


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
