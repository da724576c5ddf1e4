"""`midair drift`: the target against its migrations, object by object, with SQL that mends either side."""

from pathlib import Path

import midair
from midair.database import Session
from midair.model.statement import Sql
from midair.rehearsal.server import Server
from tests.conftest import url_of
from tests.support.listening import Remembering
from tests.support.projects import numbered_project


def test_a_fresh_target_has_no_drift_and_each_manual_change_shows_with_sql_that_mends_it(
    tmp_path: Path, server: Server, session: Session
) -> None:
    root = numbered_project(tmp_path, 2)
    request = midair.Request(root, url=url_of(session.address), scratch_url=url_of(server.admin))
    midair.apply(request, Remembering())
    assert midair.drift(request).differences == ()

    by_hand = (
        "CREATE INDEX quick ON t1 (note)",
        "ALTER TABLE t1 ADD COLUMN extra integer",
        "ALTER TABLE t2 DROP CONSTRAINT t2_pkey",
        "COMMENT ON TABLE t1 IS 'by hand'",
        "ALTER TABLE t2 ALTER COLUMN note SET DEFAULT 'x'",
    )
    session.run([Sql(each) for each in by_hand], atomic=True)
    found = midair.drift(request).differences
    words = {str(each.difference.thing): each.difference.word for each in found}
    assert words == {
        "index quick": "new",
        "column t1.extra": "new",
        "comment table t1": "new",
        "column t2.note": "changed",
        "constraint t2.t2_pkey": "gone",
    }

    mends = [sql for each in found for sql in each.to_target]
    session.run([Sql(each) for each in dict.fromkeys(mends)], atomic=True)
    left = midair.drift(request).differences
    assert [str(each.difference.thing) for each in left] == ["column t1.extra"]  # dropping it would lose rows


def test_the_target_is_only_read(tmp_path: Path, server: Server, session: Session) -> None:
    root = numbered_project(tmp_path, 1)
    request = midair.Request(root, url=url_of(session.address), scratch_url=url_of(server.admin))
    midair.apply(request, Remembering())
    session.run(
        [Sql("ALTER DATABASE " + session.address.database + " SET default_transaction_read_only = on")],
        atomic=False,
    )
    assert midair.drift(request).differences == ()
    assert midair.rehearse(request, midair.Trial()).findings == ()
