"""What `check` says about the measured statements, held to the figures that were reached."""

from agreement import judged, large
from effects_rows import Row, rows, schema_for

from midair.model.finding import Risk

NOT_BLOCKING = {
    "validate-check-then-set-not-null-same-transaction": "the rows are read under SHARE UPDATE EXCLUSIVE, before the strong lock",
}
"""Measured as heavy, and not called high, each with its reason."""


def _of_18(*, heavy: bool) -> list[Row]:
    return [
        each
        for each in rows()
        if each.version == 18 and each.risk != "fails" and (each.risk == "high") is heavy
    ]


def test_every_statement_measured_to_block_for_long_is_called_high() -> None:
    found = [judged(each, large(schema_for(each))) for each in _of_18(heavy=True)]
    assert {each.row.id for each in found if each.risk is not Risk.HIGH} == set(NOT_BLOCKING)


def test_at_most_one_light_statement_in_twenty_is_called_high_for_its_locks() -> None:
    light = _of_18(heavy=False)
    found = [judged(each, large(schema_for(each))) for each in light]
    over = [each.row.id for each in found if each.risk is Risk.HIGH and each.about_locks]
    assert len(over) <= len(light) / 20, over
