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

Its parts are imported when they are first called: every command asks every tool whether a folder is its own.
"""

from collections.abc import Sequence
from pathlib import Path

from midair.database.session import Session
from midair.model.migration import Applied, Standing
from midair.model.statement import Sql
from midair.sources.source import Found, Options, Project, Scratch, Scripts, Source, Work
from midair.sources.tools.flyway.recognise import recognises


def _read(found: Found, options: Options) -> Project:
    from midair.sources.tools.flyway.project import read

    return read(found, options)


def _compare(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    from midair.sources.tools.flyway.validate import compare

    return compare(project, applied)


def _judge(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    from midair.sources.tools.flyway.validate import judge

    return judge(project, applied)


def _scripts(project: Project, work: Work, scratch: Scratch, options: Options) -> Scripts:
    from midair.sources.tools.flyway.scripts import scripts

    return scripts(project, work, scratch, options)


def _new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    from midair.sources.tools.flyway.new import new

    return new(project, description, options)


def _baseline(session: Session, project: Project) -> tuple[Sql, ...]:
    from midair.sources.tools.flyway.rows import baseline

    return baseline(session, project)


def _repair(session: Session, project: Project, applied: Sequence[Applied]) -> tuple[tuple[str, Sql], ...]:
    from midair.sources.tools.flyway.rows import repair

    return repair(session, project, applied)


SOURCE = Source(
    tool="flyway",
    recognises=recognises,
    read=_read,
    compare=_compare,
    scripts=_scripts,
    new=_new,
    baseline=_baseline,
    repair=_repair,
    judge=_judge,
)
