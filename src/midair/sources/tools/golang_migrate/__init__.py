"""golang-migrate: pairs of numbered SQL files, and a table that holds one cursor.

Takes a folder, gives its migrations and the cursor table as data. May import: `sources` (its seams
and `numbered`), `dialects`, `database`, `model`, `errors`. Must not know: another tool.
"""

from midair.sources.source import Source
from midair.sources.tools.golang_migrate.history import compare, repair
from midair.sources.tools.golang_migrate.project import new, read, recognises
from midair.sources.tools.golang_migrate.scripts import scripts

SOURCE = Source(
    tool="golang_migrate",
    recognises=recognises,
    read=read,
    compare=compare,
    scripts=scripts,
    new=new,
    repair=repair,
)
