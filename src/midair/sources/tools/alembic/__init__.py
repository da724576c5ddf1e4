"""Alembic: revisions are Python programs, run by the project's own interpreter and `env.py`.

Takes a folder, gives the revision graph (read, not run), the statements of each revision (recorded
while it runs on a scratch database), and the table of heads as data. May import: `sources` (its
seams), `dialects`, `database`, `model`, `errors`. Must not know: another tool. `worker.py` is a
program for the project's own Python and imports nothing of midair.
"""

from midair.sources.source import Source
from midair.sources.tools.alembic.capture import scripts
from midair.sources.tools.alembic.history import compare
from midair.sources.tools.alembic.info import declared
from midair.sources.tools.alembic.live import live
from midair.sources.tools.alembic.new import new
from midair.sources.tools.alembic.project import read, recognises
from midair.sources.tools.alembic.unexecuted import unexecuted

SOURCE = Source(
    tool="alembic",
    recognises=recognises,
    read=read,
    compare=compare,
    scripts=scripts,
    new=new,
    live=live,
    unrun=unexecuted,
    declared=declared,
)
