"""What was measured to hurt is called high, what was not is not; the figures with every row are scripts/agreement.py's."""

import pytest
from measured import LONG_BUT_NOT_IN_THE_ROW, NOT_LONG, Known, called, performed

LOUD = {
    "refresh-materialized-view-with-no-data": "quick, but readers fail until the next refresh",
    "add-fk-empty-child": "that the table is empty is known to a server only",
    "create-index-on-empty-table": "the same",
}
_ROWS = [each for each in performed() if each.version == 18]


@pytest.mark.parametrize("known", [Known.CATALOG, Known.FILES])
def test_every_statement_measured_to_block_for_long_is_high_and_hardly_a_light_one(known: Known) -> None:
    found = [called(row, known) for row in _ROWS]
    long = [each for each in found if each.long]
    light = [each for each in found if not each.long]
    loud = {each.row.id for each in light if each.high_for_blocking}
    assert [each.row.id for each in long if not each.high_for_blocking] == []
    assert loud <= set(LOUD)
    assert len(loud) <= len(light) * 0.05
    assert len(long) > 150
    assert len(light) > 380


def test_a_light_statement_is_high_only_for_a_reason_the_definition_of_risk_names() -> None:
    for each in (called(row, Known.CATALOG) for row in _ROWS):
        if not each.long and each.row.id not in LOUD:
            assert {code[:3] for code in each.high} <= {"MA2", "MA3", "MA4", "MA6"}, each.row.id


def test_the_corrections_of_measured_rows_are_rows() -> None:
    assert {*LONG_BUT_NOT_IN_THE_ROW, *NOT_LONG, *LOUD} <= {each.id for each in _ROWS}
