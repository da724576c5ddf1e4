"""What a change keeps in midair's schema until its contract is there for whatever looks at a copy meanwhile."""

from pathlib import Path

import pytest

import midair
from midair.rehearsal.server import Server
from tests.sources.alembic.projects import revision
from tests.support.listening import Remembering
from tests.support.live_shop import request_for, shop

LATER = revision(
    "c", "'b'", "op.create_table('notes', sa.Column('at', sa.Integer))", "op.drop_table('notes')"
)
CHANGES = {
    "a change of type": "op.alter_column('users', 'n', type_=sa.BigInteger())",
    "a renamed table": "op.rename_table('users', 'people')",
    "a dropped column": "op.drop_column('users', 'n')",
    "a renamed column by a copy": "op.execute('-- midair: strategy = duplicate\\nALTER TABLE users RENAME COLUMN n TO m')",
    "a copied table": "op.execute('-- midair: strategy = shadow\\nALTER TABLE users ALTER COLUMN n TYPE bigint')",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_next_revision_is_planned_rehearsed_and_applied_while_one_waits_for_its_contract(
    tmp_path: Path, server: Server, change: str
) -> None:
    root, fresh = shop(tmp_path, server, change)
    address = fresh()
    request = request_for(root, address)
    midair.apply(request, Remembering())
    assert len(midair.gates(request)) == 1
    (root / "migrations" / "versions" / "c_.py").write_text(LATER)
    assert midair.plan(request).revisions == ("c",)
    rehearsed = midair.rehearse(request, midair.Trial())
    assert rehearsed.passed, rehearsed.findings
    assert midair.apply(request, Remembering()).revisions == 1
    midair.contract(request, Remembering(), force=True)
    assert midair.gates(request) == ()
