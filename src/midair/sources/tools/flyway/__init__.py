"""Flyway: SQL files named by version, read byte for byte as Flyway reads them.

Takes a folder with `flyway.toml`, `flyway.conf`, Spring Boot, Quarkus, Maven or Gradle settings, or
just `V…__….sql` files; gives its migrations and its history table as data. May import: `dialects`,
`database`, `model`, `errors`. Must not know: rules, steps, another tool.

Revisions: a versioned migration's is its version as Flyway shows it (`1.2`), a baseline file's
`B:<version>`, a repeatable's `R:<description>`.

`[tools.flyway]` in `midair.toml` takes every key of Flyway's own by its own name
(`locations = "filesystem:sql"`, `outOfOrder = "true"`, `placeholders.env = "dev"`), and besides
`environment` (of `flyway.toml`), `profiles` (of Spring), `configFiles`, and `undo = "true"` for a `U` file with
each new migration.
"""

from midair.sources.source import Source
from midair.sources.tools.flyway.new import new
from midair.sources.tools.flyway.project import read
from midair.sources.tools.flyway.recognise import recognises
from midair.sources.tools.flyway.rows import baseline, repair
from midair.sources.tools.flyway.scripts import scripts
from midair.sources.tools.flyway.validate import compare, judge

SOURCE = Source(
    tool="flyway",
    recognises=recognises,
    read=read,
    compare=compare,
    scripts=scripts,
    new=new,
    baseline=baseline,
    repair=repair,
    judge=judge,
)
