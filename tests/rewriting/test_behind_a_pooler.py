"""An application that comes in through a real PgBouncer in transaction mode notices nothing of a rename, a retype or a copy."""

import pytest
from bench.scenarios.pooled import CHANGES, pooled
from bench.scenarios.world import SHORT, world
from tests.database.test_pooling import PROGRAM

from midair.rehearsal.server import Server

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
LIVES = {
    f"{each.name}, {'back' if back else 'forth'}": (each, back) for each in CHANGES for back in (False, True)
}
QUICK = ("rename column, forth", "int to bigint, forth", "copy a table, back")


@pytest.mark.parametrize(
    "life", [pytest.param(each, marks=() if each in QUICK else pytest.mark.slow) for each in LIVES]
)
def test_nobody_notices_and_contract_waits_for_the_poolers_old_connections(
    own_server: Server, life: str
) -> None:
    change, back = LIVES[life]
    with world(own_server, SHORT) as here:
        result = pooled(here, change, back=back)
    assert result.broken == []
    assert result.errors == []
    assert result.wrong == 0
    assert result.felt
