"""Both versions read and write, with an oracle in the same transactions, while a table is copied, exchanged, and given up or taken back."""

import pytest
from bench.scenarios.copies import CHANGES, copied
from bench.scenarios.world import SHORT, world
from tests.rewriting.scenes import forth_and_back, harmed_nobody, slow_but_for

from midair.rehearsal.server import Server

LIVES = forth_and_back(CHANGES)
QUICK = ("a stored column, back", "partitioned, renamed first, forth", "types at once, forth")


@pytest.mark.parametrize("life", slow_but_for(QUICK, LIVES))
def test_nobody_fails_and_no_row_differs_from_the_oracle(own_server: Server, life: str) -> None:
    change, back = LIVES[life]
    with world(own_server, SHORT) as here:
        result = copied(here, change, back=back)
    harmed_nobody(result)
    assert result.felt
    assert result.kills > 0 or not change.kills
