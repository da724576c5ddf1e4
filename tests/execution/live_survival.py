"""Live programs of every kind in one run, to be cut off anywhere: what runs apart, what stays, what is sent row by row."""

import random
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.conftest import url_of
from tests.rewriting.conftest import Rig
from tests.rewriting.survival import Means, Reference
from tests.sources.alembic.projects import revision
from tests.support.fly import Flying
from tests.support.listening import Remembering
from tests.support.live_shop import by_the_tool, request_for, shop

import midair
from midair.model.address import Address
from midair.rehearsal.server import Server

WATCHED = """conn = op.get_bind()
rows = conn.execute(sa.text("SELECT id, name, n FROM users WHERE n % 500 = 0 ORDER BY id")).fetchall()
op.add_column('users', sa.Column('slug', sa.Text))
for id, name, n in rows:
    conn.execute(sa.text("UPDATE users SET slug = :slug, n = n + 1 WHERE id = :id"), {"slug": f"{name}%{n}", "id": id})
op.execute("UPDATE users SET slug = lower(name) || id, n = n + 1 WHERE slug IS NULL")
if conn.execute(sa.text("SELECT count(*) FROM users WHERE slug IS NULL")).scalar() == 0:
    op.create_index('users_slug', 'users', ['slug'], unique=True)
    op.alter_column('users', 'slug', nullable=False)
op.create_table('teams', sa.Column('id', sa.Integer, primary_key=True), sa.Column('lead', sa.Integer))
op.execute("INSERT INTO teams SELECT DISTINCT id % 10, id % 10 + 1 FROM users")
op.create_foreign_key('teams_lead', 'teams', 'users', ['lead'], ['id'])
op.add_column('users', sa.Column('team', sa.Integer))
op.execute("UPDATE users SET team = id % 10")
for (team,) in conn.execute(sa.text("SELECT id FROM teams ORDER BY id LIMIT 3")).fetchall():
    conn.execute(sa.text("UPDATE teams SET lead = lead + 100 WHERE id = :team"), {"team": team})
op.create_foreign_key('users_team', 'users', 'teams', ['team'], ['id'])
op.create_check_constraint('users_counted', 'users', 'n > 0')
op.execute("DELETE FROM users WHERE id > 2900")"""
"""It adds one to `n` of every row: what is done twice shows."""
WHOLE = """conn = op.get_bind()
ids = [each[0] for each in conn.execute(sa.text("SELECT id FROM users ORDER BY id LIMIT 20"))]
op.create_table('marks', sa.Column('id', sa.Integer))
with conn.begin_nested():
    for id in ids:
        conn.execute(sa.text("INSERT INTO marks VALUES (:id)"), {"id": id})
conn.execute(sa.text("UPDATE users SET n = n + 1 WHERE id < 10"))"""
PLAIN = "op.create_index('users_name', 'users', ['name'])\nop.add_column('users', sa.Column('mail', sa.Text))"
OUTSIDE = """most = op.get_bind().execute(sa.text("SELECT max(id) FROM users")).scalar()
with op.get_context().autocommit_block():
    op.create_index('users_mail', 'users', ['mail'], postgresql_concurrently=True)
op.execute(f"UPDATE users SET n = n + 1 WHERE id = {most or 0}")
op.create_index('users_n', 'users', ['n'])"""


MORE = (("c", "b", WHOLE), ("d", "c", PLAIN), ("e", "d", OUTSIDE))


@contextmanager
def live_reference_on(
    server: Server, root: Path, more: Sequence[tuple[str, str, str]] = MORE
) -> Generator[Reference]:
    """The project in `root`, and what the real tool comes to with it on this server. `more` are the revisions after the first one."""
    folder, fresh = shop(root / "p", server, WATCHED)
    for name, before, body in more:
        (folder / "migrations" / "versions" / f"{name}.py").write_text(revision(name, f"'{before}'", body))
    expected = by_the_tool(folder, server, fresh())
    heard = Remembering()
    began = time.monotonic()
    midair.apply(replace(request_for(folder, fresh()), scratch_url=url_of(server.admin)), heard)
    took = time.monotonic() - began
    yield Reference(Rig(server), folder, expected, len(heard.events), took, fresh, server.admin)


_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = %s AND pid <> pg_backend_pid() AND ((application_name LIKE 'midair%%' AND application_name NOT LIKE 'midair program%%') = %s OR %s)
"""


def cut(reference: Reference, chance: random.Random) -> Means:
    """`pg_terminate_backend` on midair's sessions, on the program's, or on all of them."""

    def strike(process: Flying, address: Address) -> None:
        whose = chance.choice((True, False, None))
        with reference.rig.session(reference.rig.server.admin) as admin:
            count = "SELECT 1 FROM pg_stat_activity WHERE datname = %s"
            while not admin.query(count, (address.database,)) and not process.over():
                time.sleep(0.002)
            admin.query(_CUT, (address.database, whose is not False, whose is None))

    return Means("pg_terminate_backend", strike, (0, 4, 6))
