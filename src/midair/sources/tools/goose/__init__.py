"""goose: annotated SQL files, numbered, and a table with a row a version and a row 0.

Takes a folder, gives its migrations and the table as data. May import: `sources` (its seams and
`numbered`), `dialects`, `database`, `model`, `errors`. Must not know: another tool.
"""

from midair.sources.source import Source
from midair.sources.tools.goose.history import compare
from midair.sources.tools.goose.project import new, read, recognises
from midair.sources.tools.goose.scripts import scripts

SOURCE = Source(tool="goose", recognises=recognises, read=read, compare=compare, scripts=scripts, new=new)
