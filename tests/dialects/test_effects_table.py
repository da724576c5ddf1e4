"""The table of facts against what was measured."""

import pytest
from effects_rows import EXCEPTIONS, Row, disagreement, predicted, rows


@pytest.mark.parametrize(
    "row",
    [pytest.param(each, id=f"{each.id}-{each.version}") for each in rows() if each.id not in EXCEPTIONS],
)
def test_the_table_agrees_with_the_measured_row(row: Row) -> None:
    assert disagreement(row, predicted(row), row.measured) is None


def test_every_exception_still_is_one() -> None:
    left = {
        each.id
        for each in rows()
        if each.id in EXCEPTIONS and disagreement(each, predicted(each), each.measured)
    }
    assert left == set(EXCEPTIONS)


def test_no_statement_of_the_measured_ones_is_opaque() -> None:
    from midair.dialects.postgresql.changes import changes_of
    from midair.model.change import Opaque

    texts = {text for each in rows() for text in (*each.setup, *each.sql)}
    assert [
        text for text in sorted(texts) if any(isinstance(each, Opaque) for each in changes_of(text))
    ] == []
