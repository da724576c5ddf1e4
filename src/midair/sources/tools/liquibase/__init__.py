"""Liquibase: changelogs in XML, YAML, JSON and formatted SQL, read and written without a JVM.

Takes a folder with a root changelog or a `liquibase.properties`; gives its changesets as migrations, and
DATABASECHANGELOG as data. May import: `sources` (its seams and `numbered`), `dialects`, `database`,
`model`, `errors`. Must not know: rules, steps, another tool.

Revisions: `path::id::author`. Tags of tagDatabase are labels of their migration, so that a target can be
a tag. `[tools.liquibase]` in `midair.toml` takes Liquibase's own keys (`settings.OPTIONS`).
"""

from midair.sources.source import Source
from midair.sources.tools.liquibase.compare import compare, judge
from midair.sources.tools.liquibase.mend import repair, tag
from midair.sources.tools.liquibase.new import new
from midair.sources.tools.liquibase.reading import read
from midair.sources.tools.liquibase.recognise import recognises
from midair.sources.tools.liquibase.scripts import scripts
from midair.sources.tools.liquibase.turn import live

SOURCE = Source(
    tool="liquibase",
    recognises=recognises,
    read=read,
    compare=compare,
    scripts=scripts,
    new=new,
    live=live,
    judge=judge,
    repair=repair,
    tag=tag,
)
