"""Reports as text, JSON and Markdown; events as lines."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import midair.reporting.formats as formats
from midair.model.address import Secret
from midair.model.event import (
    Event,
    LockWaited,
    Noticed,
    RunFinished,
    RunStarted,
    SegmentDone,
    SegmentStarted,
    StepDone,
    StepStarted,
    Waiting,
)
from midair.model.migration import Applied, Direction, Migration, RevisionId, Standing, State
from midair.model.plan import Phase, Plan, RecordRevision, RunStatement, Segment, Step, StepId
from midair.model.statement import Span, Sql, Statement
from midair.registry import members
from midair.reporting.events import json_line
from midair.reporting.format import Format, Look
from midair.reporting.names import NAMES
from midair.reporting.progress import line_of
from midair.reporting.report import Failure, HistoryPayload, PlanPayload, Report, RunLine, StatusPayload
from midair.reporting.style import length_of_time, plain, table
from midair.reporting.write import written

_NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_STATEMENT = Statement("CREATE TABLE a (x text DEFAULT 'it''s')", Span("V1__a.sql", 3))
_STEPS = (
    Step(StepId("1:up:0:aa"), RevisionId("1"), Direction.UP, Phase.EXPAND, "CREATE TABLE a", RunStatement(_STATEMENT)),
    Step(
        StepId("1:up:1:bb"), RevisionId("1"), Direction.UP, Phase.EXPAND, "record 1",
        RecordRevision((Sql("INSERT INTO h VALUES (%s, %s, %s)", ("o'clock", None, True)),)),
    ),
)  # fmt: skip
_SEGMENT = Segment(_STEPS, True, "1 is one transaction")
_PLAN = Plan(
    "flyway",
    Direction.UP,
    (_SEGMENT,),
    (RevisionId("1"),),
    prepare=(Sql("CREATE TABLE h ()"),),
    notes=("one note",),
)


def _report(payload: object) -> Report:
    return Report("plan", payload, _NOW, environment="prod", next=("midair apply",))  # type: ignore[arg-type]


def test_every_module_of_the_folder_is_a_format_that_can_be_named() -> None:
    found = members("midair.reporting.formats", "FORMAT", Format)
    assert {each.name for each in found} == set(NAMES)
    assert {path.stem for path in Path(formats.__path__[0]).glob("*.py")} - {"__init__"} == set(NAMES)


def test_a_plan_as_text_shows_transactions_places_and_digest() -> None:
    assert written(_report(PlanPayload(_PLAN, "d1", (("1", "a table"),))), "text", Look()) == (
        "apply 1 flyway migration, strategy direct: 2 steps in 1 transaction or lone step\n"
        "  1 is one transaction\n"
        "    1  a table\n"
        "       1  V1__a.sql:3  CREATE TABLE a\n"
        "       2  record 1\n"
        "  note  one note\n"
        "  plan d1\n"
        "  next  midair apply\n"
    )


def test_a_plan_as_a_script_is_sql_alone_with_values_quoted() -> None:
    assert written(_report(PlanPayload(_PLAN, "d1")), "text", Look(sql=True)) == (
        "-- plan d1\n\n-- the tool's history table\nCREATE TABLE h ();\n\n-- 1 is one transaction\nBEGIN;\n"
        "-- 1: V1__a.sql:3  CREATE TABLE a\nCREATE TABLE a (x text DEFAULT 'it''s');\n"
        "-- 1: record 1\nINSERT INTO h VALUES ('o''clock', NULL, true);\nCOMMIT;\n"
    )


def test_an_empty_plan_says_so_in_every_format() -> None:
    empty = _report(PlanPayload(replace(_PLAN, segments=(), revisions=()), "d2"))
    assert "nothing to do" in written(empty, "text", Look())
    assert "Nothing to do." in written(empty, "markdown", Look())
    assert json.loads(written(empty, "json", Look()))["payload"]["plan"]["segments"] == []


def test_markdown_escapes_what_would_break_its_tables() -> None:
    standing = Standing(
        RevisionId("1"), State.PENDING, Migration(RevisionId("1"), "a | b\n<i>", Span("x", 1))
    )
    text = written(_report(StatusPayload("flyway", ".", None, None, False, (standing,))), "markdown", Look())
    assert "| `1` | pending | a \\| b &lt;i> |" in text


def test_status_hides_old_applied_migrations_until_details_are_asked_for() -> None:
    standings = tuple(
        Standing(RevisionId(str(n)), State.APPLIED, Migration(RevisionId(str(n)), f"m{n}", Span("x", 1)))
        for n in range(1, 9)
    )
    payload = StatusPayload("flyway", ".", "postgresql:///x", "PostgreSQL 18.6", True, standings)
    text = written(_report(payload), "text", Look())
    assert "… 5 applied before" in text
    assert "m1" not in text
    assert "m1" in written(_report(payload), "text", Look(details=True))


def test_a_failure_lists_every_problem_with_state_and_next_step() -> None:
    inner = Failure("ME301", "could not lock orders\nheld by pid 1", 6, "nothing half-done", "midair resume")
    text = written(
        _report(Failure("ME114", "2 settings are wrong", 2, problems=(inner, inner))), "text", Look()
    )
    assert text.startswith(
        "ME301 could not lock orders\n      held by pid 1\n  state  nothing half-done\n  try    midair resume\nME301"
    )
    assert "ME114" not in text


def test_history_shows_runs_and_rows() -> None:
    payload = HistoryPayload(
        "flyway", "flyway_schema_history",
        (RunLine("8c1e", "done", "up", "direct", 2, _NOW, 1.25, "ana", "ci"),),
        (Applied(RevisionId("1"), 1, "a", applied_at=_NOW, applied_by="app", duration_ms=14),),
    )  # fmt: skip
    text = written(_report(payload), "text", Look())
    assert "8c1e" in text
    assert "ana@ci" in text
    assert "14 ms" in text


def test_json_never_shows_a_secret() -> None:
    text = written(
        replace(_report(PlanPayload(_PLAN, "d1")), environment=str(Secret("hunter2"))), "json", Look()
    )
    assert "hunter2" not in text
    assert "•••" in text


_EVENTS: tuple[Event, ...] = (
    RunStarted("r", "d", 1), SegmentStarted(_SEGMENT, 1), StepStarted(_STEPS[0]), StepDone(_STEPS[0], 0.2),
    SegmentDone(_SEGMENT, 1, 0.3), LockWaited(_SEGMENT, 2, 0.05, ("pid 7",)), Waiting("another run", 1.0),
    Noticed(RevisionId("1"), "NOTICE", "hello"), RunFinished("r", "done", 1.0, 1),
)  # fmt: skip


@pytest.mark.parametrize("event", _EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_is_one_line_of_json_without_sql(event: Event) -> None:
    line = json_line(event, _NOW)
    assert line.count("\n") == 1
    assert json.loads(line)["event"]
    assert "DEFAULT" not in line


def test_events_as_lines_for_people() -> None:
    lines = [line_of(event, Look()) for event in _EVENTS]
    assert lines == [
        None, None, None, "✓ 1  CREATE TABLE a  200 ms", "✓ 1  CREATE TABLE a  300 ms",
        "● 1  waiting for a lock: try 2, 50 ms; blocked by pid 7", "● waiting for another run, 1.0 s", "  notice: hello", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0 ms"),
        (0.18, "180 ms"),
        (3.14, "3.1 s"),
        (12, "12 s"),
        (220, "3 min 40 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert length_of_time(seconds) == text


@given(st.text())
def test_ascii_is_ascii_whatever_comes(text: str) -> None:
    assert plain(text, Look(ascii=True)).isascii()


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=("C", "Z"))), min_size=1, max_size=4), max_size=5
    ),
    st.integers(40, 100),
)
def test_a_table_has_a_line_per_row(rows: list[list[str]], width: int) -> None:
    assert len(table(rows, Look(width=width))) == len(rows)
