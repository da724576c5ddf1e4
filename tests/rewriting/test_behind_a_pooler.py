"""An application that comes in through a real PgBouncer in transaction mode notices nothing of a rename, a retype or a copy."""

import pytest
from bench.scenarios.pooled import CHANGES, pooled
from bench.scenarios.world import SHORT, world
from tests.database.test_pooling import PROGRAM
from tests.rewriting.scenes import forth_and_back, harmed_nobody, slow_but_for

from midair.rehearsal.server import Server

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
LIVES = forth_and_back(CHANGES)
QUICK = ("rename column, forth", "int to bigint, forth", "copy a table, back")


@pytest.mark.parametrize("life", slow_but_for(QUICK, LIVES))
def test_nobody_notices_and_contract_waits_for_the_poolers_old_connections(
    own_server: Server, life: str
) -> None:
    change, back = LIVES[life]
    with world(own_server, SHORT) as here:
        result = pooled(here, change, back=back)
    harmed_nobody(result)
    assert result.felt
