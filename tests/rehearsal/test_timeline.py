"""The page's timeline: where bars begin and end, and what is said of a lock that an earlier statement took."""

import re

from midair.model.effects import LockLevel
from midair.model.finding import Risk
from midair.model.migration import RevisionId
from midair.model.trace import Proof, Size
from midair.reporting.html_timeline import timeline
from midair.reporting.markdown_rehearsal import rehearsal_markdown
from midair.reporting.rehearsal import LockLine, RehearsalPayload, RehearsedMigration, StepLine

BAR = re.compile(r"<i class='([a-z ]+)' style='left:([\d.]+)%;width:([\d.]+)%'>")
WRITES = LockLine("orders", str(LockLevel.SHARE), "writes")
ALL = LockLine("orders", str(LockLevel.ACCESS_EXCLUSIVE), "reads and writes")


def step(
    transaction: int, began_s: float, took_s: float, *locks: LockLine, held_s: float | None = None
) -> StepLine:
    sizes = (Size("orders", 7, 8192),) if held_s else ()
    level = locks[0].level if locks else "NONE"
    return StepLine(
        "2", "A STATEMENT", "2.sql:1", transaction, began_s, took_s, level, locks, locks, (), (), (), 0, False, sizes, held_s, "expand", None, (),
    )  # fmt: skip


def page(*steps: StepLine) -> str:
    one = RehearsedMigration("2", "a migration", Risk.LOW)
    payload = RehearsalPayload(
        "flyway", "nothing", "PostgreSQL 18", None, "", "direct", (one,), steps, (), (), (), (), 1
    )
    return "".join(timeline(payload))


def test_the_first_bar_begins_at_the_left_and_pauses_between_statements_take_no_room() -> None:
    bars = BAR.findall(page(step(1, 5.0, 0.25, WRITES), step(2, 9.0, 0.75, ALL)))
    assert bars == [("writes", "0.00", "25.00"), ("all", "25.00", "75.00")]


def test_a_lock_is_shown_until_its_transaction_ends_and_named_beside_the_statements_under_it() -> None:
    text = page(step(1, 0, 0.2, ALL), step(1, 1, 0.6), step(2, 3, 0.2))
    assert BAR.findall(text) == [
        ("held all", "0.00", "80.00"),
        ("all", "0.00", "20.00"),
        ("all", "20.00", "60.00"),
        ("free", "80.00", "20.00"),
    ]
    assert text.count("still under ACCESS EXCLUSIVE on orders") == 1
    assert text.count("no lock that could be felt") == 1


def test_the_column_about_the_target_is_there_when_its_sizes_are_known() -> None:
    assert "on the target" not in page(step(1, 0, 0.1, ALL))
    assert "≈ 3 min 40 s" in page(step(1, 0, 0.1, ALL, held_s=220))


def test_nothing_is_drawn_where_nothing_was_traced() -> None:
    assert page() == ""


def test_the_pull_requests_comment_has_the_verdict_first_and_a_mark_a_proof() -> None:
    proofs = (
        Proof("up", RevisionId("2"), True),
        Proof("down", RevisionId("2"), False),
        Proof("up", None, True),
    )
    one = RehearsedMigration("2", "a | b", Risk.LOW)
    payload = RehearsalPayload(
        "flyway", "nothing", "PostgreSQL 18", None, "", "direct", (one,), (step(1, 0, 1, ALL),), proofs, (), (), (), 1
    )  # fmt: skip
    lines = list(rehearsal_markdown(payload))
    assert lines[0] == "### ✅ midair rehearse: 1 migration rehearsed, nothing found"
    assert "| `2` a \\| b | low | ✓ | ✗ |" in lines
    assert "| all together | | ✓ |  |" in lines
    assert "| `A STATEMENT` | ACCESS EXCLUSIVE on `orders` | reads and writes |  |" in lines
