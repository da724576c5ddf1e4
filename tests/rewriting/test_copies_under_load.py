"""Both versions read and write, with an oracle in the same transactions, while a table is copied, exchanged, and given up or taken back."""

import pytest
from bench.scenarios.copies import CHANGES, copied
from bench.scenarios.world import SHORT, world

from midair.rehearsal.server import Server

LIVES = {
    f"{each.name}, {'back' if back else 'forth'}": (each, back) for each in CHANGES for back in (False, True)
}
QUICK = ("a stored column, back", "partitioned, renamed first, forth", "types at once, forth")


@pytest.mark.parametrize(
    "life", [pytest.param(each, marks=() if each in QUICK else pytest.mark.slow) for each in LIVES]
)
def test_nobody_fails_and_no_row_differs_from_the_oracle(own_server: Server, life: str) -> None:
    change, back = LIVES[life]
    with world(own_server, SHORT) as here:
        result = copied(here, change, back=back)
    assert result.broken == []
    assert result.errors == []
    assert result.wrong == 0
    assert result.felt
    assert result.kills > 0 or not change.kills
