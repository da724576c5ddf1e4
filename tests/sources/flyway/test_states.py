"""States, refusals and repairs, by the tables of Flyway's own rules."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from midair.errors import Dirty, HistoryDiverged, UnknownRevision
from midair.model.migration import Applied, RevisionId, State
from midair.sources.tools.flyway import SOURCE
from midair.sources.tools.flyway.checksum import checksum
from midair.sources.tools.flyway.local import FlywayProject
from midair.sources.tools.flyway.states import standings

from .projects import project_in

SELECT = "select 1;"


def project(root: Path, *names: str, conf: str = "") -> FlywayProject:
    return project_in(
        root, {"flyway.conf": conf, "sql/.keep": "", **{f"sql/{name}": SELECT for name in names}}
    )


def rows(*texts: str) -> tuple[Applied, ...]:
    """Rows written as `revision[:kind][!]`, `!` for a failed one; ranks in order, checksum and description fitting."""
    found: list[Applied] = []
    for rank, text in enumerate(texts, start=1):
        plain = text.removesuffix("!").removesuffix("~")
        revision, _, kind = plain.partition("/")
        hashed = (
            None if kind in ("BASELINE", "SCHEMA", "JDBC") else str(checksum(SELECT) + text.endswith("~"))
        )
        description = revision.removeprefix("R:") if revision.startswith("R:") else "x"
        found.append(
            Applied(
                RevisionId(revision),
                rank,
                description,
                hashed,
                success=not text.endswith("!"),
                kind=kind or "SQL",
            )
        )
    return tuple(found)


CASES = [
    ("nothing applied", "V1 V2", "", "", "1 Pending, 2 Pending"),
    ("one applied", "V1 V2", "1", "", "1 Success, 2 Pending"),
    ("late", "V1 V2 V3", "1 3", "*:ignored", "1 Success, 3 Success, 2 Ignored"),
    ("out of order pending", "V1 V2 V3", "1 3", "outOfOrder=true", "1 Success, 3 Success, 2 Pending"),
    ("out of order applied", "V1 V2 V3", "1 3 2", "", "1 Success, 3 Success, 2 Out of Order"),
    ("above target", "V1 V2 V3", "1", "target=2", "1 Success, 2 Pending, 3 Above Target"),
    ("target current", "V1 V2", "1", "target=current", "1 Success, 2 Above Target"),
    ("target next", "V1 V2 V3", "1", "target=next", "1 Success, 2 Pending, 3 Above Target"),
    ("missing ignored", "V2", "1 2", "*:missing", "1 Missing, 2 Success"),
    ("future", "V1", "1 2", "", "1 Success, 2 Future"),
    ("baseline row", "V1 V2 V3", "2/BASELINE", "", "1 Below Baseline, 2 Ignored (Baseline), 2 Baseline, 3 Pending"),
    ("deleted", "V2", "1 2 1/DELETE", "", "1 Deleted, 2 Success"),
    ("deleted and back", "V1 V2", "1 2 1/DELETE", "*:ignored", "1 Deleted, 2 Success, 1 Ignored"),
    ("undone", "V1 V2", "1 2 2/UNDO_SQL", "", "1 Success, 2 Undone, 2 Success, 2 Pending"),
    ("undone and again", "V1 V2", "1 2 2/UNDO_SQL 2", "", "1 Success, 2 Undone, 2 Success, 2 Success"),
    ("schema row", "V1", "<<x>>/SCHEMA", "", "<<x>> Success, 1 Pending"),
    ("baseline file on a fresh database", "V1 V2 B2 V3", "", "", "1 Below Baseline, 2 Ignored (Baseline), B:2 Pending, 3 Pending"),
    ("baseline file with history", "V1 B2 V3", "1", "", "B:2 Ignored (Baseline), 1 Success, 3 Pending"),
    ("baseline file applied", "V1 V2 B2 V3", "B:2/SQL_BASELINE", "", "1 Below Baseline, 2 Ignored (Baseline), B:2 Baseline, 3 Pending"),
    ("two baseline files", "B1 B2 V3", "", "", "B:1 Below Baseline, B:2 Pending, 3 Pending"),
    ("baseline file above target", "V1 B3 V4", "", "target=2?", "B:3 Ignored (Baseline), 1 Pending, 4 Above Target"),
    ("repeatable never run", "V1 R__a", "1", "", "1 Success, R:a Pending"),
    ("repeatable run", "V1 R__a", "1 R:a", "", "1 Success, R:a Success"),
    ("repeatable changed", "V1 R__a", "1 R:a~", "", "1 Success, R:a Outdated, R:a Pending"),
    ("repeatable run again", "V1 R__a", "1 R:a~ R:a", "", "1 Success, R:a Superseded, R:a Success"),
    ("repeatable gone", "V1", "1 R:a", "*:missing", "1 Success, R:a Missing"),
    ("repeatables run whatever the target", "V1 V2 R__a", "1", "target=current", "1 Success, 2 Above Target, R:a Pending"),
    ("validation off", "V2", "1 2", "validateOnMigrate=false", "1 Missing, 2 Success"),
    ("edited, validation off", "V1", "1~", "validateOnMigrate=false", "1 Success"),
]  # fmt: skip


def conf_of(text: str) -> str:
    settings = [
        f"ignoreMigrationPatterns=*:future,{part}" if part.startswith("*") else part for part in text.split()
    ]
    return "".join(f"flyway.{setting}\n" for setting in settings)


def names_of(text: str) -> list[str]:
    return [f"{name}.sql" if "__" in name else f"{name}__x.sql" for name in text.split()]


@pytest.mark.parametrize(
    ("files", "applied", "conf", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_every_migration_has_flyways_word(
    tmp_path: Path, files: str, applied: str, conf: str, expected: str
) -> None:
    read = project(tmp_path, *names_of(files), conf=conf_of(conf))
    judged = SOURCE.compare(read, rows(*applied.split()))
    assert ", ".join(f"{each.revision} {each.word}" for each in judged) == expected


@pytest.mark.parametrize(
    ("files", "applied", "word", "state"),
    [
        ("V1", "1", "Success", State.APPLIED),
        ("V1", "", "Pending", State.PENDING),
        ("V1 V2", "2", "Ignored", State.LATE),
        ("V2", "1 2", "Missing", State.MISSING),
        ("V1", "1 2", "Future", State.APPLIED),
        ("V1", "1!", "Failed", State.FAILED),
        ("V2", "1! 2", "Failed (Missing)", State.FAILED),
        ("V1", "1 2!", "Failed (Future)", State.FAILED),
        ("V1", "1~", "Success", State.CHANGED),
        ("R__a", "R:a~", "Outdated", State.APPLIED),
        ("V1 V2", "2/BASELINE", "Below Baseline", State.SKIPPED),
        ("V1 V2 V3", "1 3 2", "Out of Order", State.APPLIED),
    ],
)
def test_flyways_words_are_midairs_states(
    tmp_path: Path, files: str, applied: str, word: str, state: State
) -> None:
    judged = standings(project(tmp_path, *names_of(files)), rows(*applied.split()))
    assert (word, state) in {(each.word, each.state) for each in judged}


@pytest.mark.parametrize(
    ("files", "applied", "message"),
    [
        ("V1", "1~", r"Migration checksum mismatch for migration version 1 \(sql/V1__x\.sql, applied earlier\)\n-> Applied to database : -?\d+\n-> Resolved locally    : -?\d+"),
        ("V1__other", "1", r"Migration description mismatch for migration version 1 .*\n-> Applied to database : x\n-> Resolved locally    : other"),
        ("V2", "1 2", r"Detected applied migration not resolved locally: 1\."),
        ("V1", "1 R:a", r"Detected applied repeatable migration not resolved locally: a\."),
        ("V1 V2 V3", "1 3", r"Detected resolved migration not applied to database: 2\. \(sql/V2__x\.sql\)"),
        ("V1", "1/JDBC", r"Migration type mismatch for migration version 1 \(sql/V1__x\.sql\)\n-> Applied to database : JDBC\n-> Resolved locally    : SQL"),
    ],
)  # fmt: skip
def test_what_flyway_would_refuse_is_refused(tmp_path: Path, files: str, applied: str, message: str) -> None:
    with pytest.raises(HistoryDiverged, match=message) as refused:
        SOURCE.compare(project(tmp_path, *names_of(files)), rows(*applied.split()))
    assert refused.value.hint
    assert refused.value.state == "nothing was changed"


def test_all_problems_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(HistoryDiverged) as refused:
        SOURCE.compare(project(tmp_path, "V1__x.sql", "V2__x.sql"), rows("1~", "2~"))
    assert refused.value.message.count("checksum mismatch") == 2


@pytest.mark.parametrize(
    ("applied", "message"),
    [
        ("1!", r"Detected failed migration to version 1 \(x\)\. \(sql/V1__x\.sql\)"),
        ("1 R:a!", r"Detected failed repeatable migration: a\."),
    ],
)
def test_a_failed_row_stops_everything(tmp_path: Path, applied: str, message: str) -> None:
    with pytest.raises(Dirty, match=message) as refused:
        SOURCE.compare(project(tmp_path, "V1__x.sql", "R__a.sql"), rows(*applied.split()))
    assert len(refused.value.suspects) == 1


def test_below_a_baseline_nothing_is_compared(tmp_path: Path) -> None:
    judged = SOURCE.compare(
        project(tmp_path, "V1__x.sql", "V2__x.sql"), (*rows("2/BASELINE"), *_late_row("1", "999"))
    )
    assert [each.word for each in judged if each.revision == "1"] == ["Out of Order"]


def _late_row(revision: str, hashed: str) -> Sequence[Applied]:
    return (Applied(RevisionId(revision), 2, "x", hashed, kind="SQL"),)


def test_a_target_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownRevision, match="No migration with a target version 9 could be found"):
        SOURCE.compare(project(tmp_path, "V1__x.sql", conf="flyway.target=9\n"), ())


def test_a_java_row_without_a_source_is_no_reason_to_stop(tmp_path: Path) -> None:
    judged = SOURCE.compare(project(tmp_path, "V2__x.sql"), rows("1/JDBC", "2"))
    assert [(each.revision, each.word) for each in judged] == [("1", "Missing"), ("2", "Success")]


def test_the_switches_of_flyway_8_still_count(tmp_path: Path) -> None:
    read = project(tmp_path, "V2__x.sql", conf="flyway.ignoreMissingMigrations=true\n")
    assert [each.word for each in SOURCE.compare(read, rows("1", "2"))] == ["Missing", "Success"]


def test_a_file_that_should_not_execute_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql/V1__x.sql.conf").write_text("shouldExecute=false\n")
    judged = SOURCE.compare(project(tmp_path, "V1__x.sql"), ())
    assert [(each.word, each.state) for each in judged] == [("Ignored", State.SKIPPED)]
