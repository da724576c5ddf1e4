"""dbmate: SQL files with an up and a down section, and a table with one row a version.

Takes folders, gives their migrations and the table as data. May import: `sources` (its seams and
`numbered`), `dialects`, `database`, `model`, `errors`. Must not know: another tool.
"""

from midair.sources.source import Source
from midair.sources.tools.dbmate.history import compare
from midair.sources.tools.dbmate.project import new, read, recognises
from midair.sources.tools.dbmate.schema_file import after_run
from midair.sources.tools.dbmate.scripts import scripts

SOURCE = Source(
    tool="dbmate",
    recognises=recognises,
    read=read,
    compare=compare,
    scripts=scripts,
    new=new,
    after_run=after_run,
)
