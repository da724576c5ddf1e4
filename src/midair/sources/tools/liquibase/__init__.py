"""Liquibase: changelogs in XML, YAML, JSON and formatted SQL, read and written without a JVM.

Takes a folder with a root changelog or a `liquibase.properties`; gives its changesets as migrations, and
DATABASECHANGELOG as data. May import: `sources` (its seams and `numbered`), `dialects`, `database`,
`model`, `errors`. Must not know: rules, steps, another tool.

Revisions: `path::id::author`. Tags of tagDatabase are labels of their migration, so that a target can be
a tag. `[tools.liquibase]` in `midair.toml` takes Liquibase's own keys (`settings.OPTIONS`).

Its parts are imported when they are first called: every command asks every tool whether a folder is its own,
and the forty modules here would cost all of them a tenth of their time.
"""

from collections.abc import Sequence
from pathlib import Path

from midair.database.session import Session
from midair.model.address import Product
from midair.model.migration import Applied, Standing
from midair.model.statement import Sql, Statement
from midair.sources.source import Found, LiveRun, Options, Project, Scratch, Scripts, Source, Work
from midair.sources.tools.liquibase.recognise import recognises


def _read(found: Found, options: Options) -> Project:
    from midair.sources.tools.liquibase.reading import read

    return read(found, options)


def _compare(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    from midair.sources.tools.liquibase.compare import compare

    return compare(project, applied)


def _judge(project: Project, applied: Sequence[Applied]) -> tuple[Standing, ...]:
    from midair.sources.tools.liquibase.compare import judge

    return judge(project, applied)


def _scripts(project: Project, work: Work, scratch: Scratch, options: Options) -> Scripts:
    if not work.migrations:
        return Scripts({})
    from midair.sources.tools.liquibase.scripts import scripts

    return scripts(project, work, scratch, options)


def _new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    from midair.sources.tools.liquibase.new import new

    return new(project, description, options)


def _generate(
    project: Project, description: str, statements: Sequence[Statement], options: Options
) -> tuple[Path, ...]:
    from midair.sources.tools.liquibase.new import generate

    return generate(project, description, statements, options)


def _live(run: LiveRun) -> None:
    from midair.sources.tools.liquibase.turn import live

    live(run)


def _repair(session: Session, project: Project, applied: Sequence[Applied]) -> tuple[tuple[str, Sql], ...]:
    from midair.sources.tools.liquibase.mend import repair

    return repair(session, project, applied)


def _tag(session: Session, project: Project, name: str) -> tuple[Sql, ...]:
    from midair.sources.tools.liquibase.mend import tag

    return tag(session, project, name)


SOURCE = Source(
    tool="liquibase",
    recognises=recognises,
    read=_read,
    compare=_compare,
    scripts=_scripts,
    new=_new,
    live=_live,
    judge=_judge,
    repair=_repair,
    generate=_generate,
    tag=_tag,
    products=frozenset(Product),  # MySQL's address may turn out to be MariaDB's: the session tells
)
