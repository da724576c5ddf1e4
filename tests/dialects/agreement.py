"""`python tests/dialects/agreement.py`: what `check` says beside what was measured, and squawk on the same statements.

The measured rows are 631 statements on PostgreSQL 15 and 18 (tests/dialects/ddl_effects.json). A statement is
heavy when it was measured to hold, for a time that grows with the table, a lock that stops readers or writers of
a table that was there before; it is light when it was measured to hold no such lock, or only for a moment. A light
statement may be high for another harm (DROP TABLE takes a moment, and the rows are gone), so what is called high
for its table locks (codes MA1…) is counted by itself: that is the figure to keep small.
squawk is looked for in $MIDAIR_PEERS/bin (scripts/install_peers.sh); without it, its columns are left out.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from effects_rows import EXCEPTIONS, Row, disagreement, predicted, rows, schema_for

from midair.analysis.analyse import Candidate, analyse
from midair.dialects.postgresql.split import split
from midair.model.finding import Finding, Risk
from midair.model.migration import Block, Migration, RevisionId, Script
from midair.model.schema import Schema
from midair.model.statement import Span

REPOSITORY = Path(__file__).resolve().parents[2]

LARGE = 5_000_000
"""Rows of every table of the catalog that `check` is given, unless it is empty: none is small enough to lower a risk."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A measured row with the risks that were given to it, and the codes behind the highest."""

    row: Row
    risk: Risk
    codes: tuple[str, ...]

    @property
    def about_locks(self) -> bool:
        """Some of the codes are about locks on tables."""
        return any(each.startswith("MA1") or each in SQUAWK_LOCKS for each in self.codes)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--list", action="store_true", help="name the statements that are rated otherwise than measured"
    )
    listing = parser.parse_args().list
    facts()
    of_18 = [each for each in rows() if each.version == 18 and each.risk != "fails"]
    judges: list[tuple[str, Callable[[Row], Judged]]] = [
        ("midair, with the catalog", lambda row: judged(row, large(schema_for(row)))),
        ("midair, from all migrations' files", lambda row: judged(row, schema_for(row))),
        ("midair, from the one statement alone", lambda row: judged(row, None)),
    ]
    squawk = peer("squawk")
    print(
        f"\n{'statements measured on PostgreSQL 18':40}{'heavy called high':>20}{'light called high':>20}{'for their locks':>18}"
    )
    for name, judge in judges:
        report(name, [judge(each) for each in of_18], listing)
    if squawk is not None:
        warned = {each.id: tuple(squawk_rules(squawk, each)) for each in of_18}
        report("squawk, any finding", [squawked(each, warned[each.id]) for each in of_18], listing)
    return 0


def facts() -> None:
    """Rows of the table of facts that equal the server, per version, and every exception with its reason."""
    for version in (15, 18):
        of_version = [each for each in rows() if each.version == version]
        differing = [each for each in of_version if disagreement(each, predicted(each), each.measured)]
        known = [each for each in differing if each.id in EXCEPTIONS]
        print(
            f"facts on PostgreSQL {version}: {len(of_version) - len(differing)} of {len(of_version)} equal the server;"
            f" {len(known)} exceptions, {len(differing) - len(known)} unexplained"
        )
        for each in known:
            print(f"    {each.id}: {EXCEPTIONS[each.id]}")


def report(name: str, found: Sequence[Judged], listing: bool) -> None:
    heavy = [each for each in found if each.row.risk == "high"]
    light = [each for each in found if each.row.risk != "high"]
    seen = [each for each in heavy if each.risk is Risk.HIGH]
    over = [each for each in light if each.risk is Risk.HIGH]
    locks = [each for each in over if each.about_locks]
    print(f"{name:40}{_share(seen, heavy):>20}{_share(over, light):>20}{_share(locks, light):>18}")
    if listing:
        for each in (*(each for each in heavy if each not in seen), *over):
            print(
                f"    {each.row.risk:8}{each.risk:8}{each.row.id}: {' '.join(each.codes)}  {'; '.join(each.row.sql)}"
            )


def _share(some: Sequence[object], whole: Sequence[object]) -> str:
    return f"{len(some)}/{len(whole)} {100 * len(some) / len(whole):.1f} %"


def large(schema: Schema) -> Schema:
    """The same schema with tables that are too large to lower a risk."""
    for each in tuple(schema.tables.values()):
        if not each.empty:
            schema = schema.put(replace(each, rows=LARGE, bytes=LARGE * 100))
    return schema


def judged(row: Row, schema: Schema | None) -> Judged:
    """The highest risk that `check` gives the row's statements in one migration, those that must stand alone by themselves."""
    text = ";\n".join((*_told(row), *row.sql)) + ";"
    script = Script((Block(split(text, "1.sql"), not row.alone),))
    found = analyse([Candidate(Migration(RevisionId("1"), "", Span("1.sql", 1)), script)], schema, 18)
    worst = max((each.risk for each in found), default=Risk.LOW)
    return Judged(row, worst, _codes(found, worst))


def _told(row: Row) -> tuple[str, ...]:
    """What the session had set when the row was measured, as far as it changes a cost."""
    return tuple(each for each in row.session if "timezone" in each.lower())


def _codes(found: Sequence[Finding], worst: Risk) -> tuple[str, ...]:
    return tuple(sorted({each.code for each in found if each.risk is worst}))


def peer(name: str) -> Path | None:
    """A tool that scripts/install_peers.sh brought."""
    path = Path(os.environ.get("MIDAIR_PEERS", REPOSITORY / ".peers")) / "bin" / name
    return path if path.exists() else None


def squawk_rules(squawk: Path, row: Row) -> Iterator[str]:
    """The rules squawk names, told that its files run in a transaction and that the server is 18."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "1.sql"
        file.write_text(";\n".join((*_told(row), *row.sql)) + ";\n")
        words = [str(squawk), "--reporter", "json", "--pg-version", "18.0", "--no-error-on-unmatched-pattern"]
        words += [] if row.alone else ["--assume-in-transaction"]
        ran = subprocess.run([*words, str(file)], capture_output=True, text=True, check=False)
        yield from sorted({each["rule_name"] for each in json.loads(ran.stdout or "[]")})


STYLE = {
    "prefer-robust-stmts", "prefer-text-field", "prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity",
    "prefer-timestamptz", "require-timeout-settings", "prefer-timestamp-tz", "require-lock-timeout",
    "require-statement-timeout",
}  # fmt: skip
"""squawk's advice about style and repetition, which says nothing about locks; and its request for timeouts, which every strong lock gets."""


SQUAWK_LOCKS = {
    "adding-field-with-default", "adding-foreign-key-constraint", "adding-not-nullable-field", "adding-serial-primary-key-field",
    "changing-column-type", "constraint-missing-not-valid", "disallowed-unique-constraint", "require-concurrent-index-creation",
    "require-concurrent-index-deletion", "require-concurrent-partition-attach", "require-concurrent-partition-detach",
    "require-concurrent-refresh-materialized-view", "require-concurrent-reindex", "adding-required-field",
}  # fmt: skip


def squawked(row: Row, names: Sequence[str]) -> Judged:
    """squawk has one level; what is about locks, rewrites, loss or breakage counts as high."""
    told = tuple(each for each in names if each not in STYLE)
    return Judged(row, Risk.HIGH if told else Risk.LOW, told)


if __name__ == "__main__":
    raise SystemExit(main())
