"""Alembic: revisions are Python programs, run by the project's own interpreter and `env.py`.

Takes a folder, gives the revision graph (read, not run), the statements of each revision (recorded
while it runs on a scratch database), and the table of heads as data. May import: `sources` (its
seams), `dialects`, `database`, `model`, `errors`. Must not know: another tool. `worker` is a
program for the project's own Python and imports nothing of midair.

Its parts are imported when they are first called: every command asks every tool whether a folder is its own.
"""

from pathlib import Path

from midair.model.intent import Declared
from midair.sources.source import LiveRun, Options, Project, Scratch, Scripts, Source, Work
from midair.sources.tools.alembic.history import compare
from midair.sources.tools.alembic.project import read, recognises


def _scripts(project: Project, work: Work, scratch: Scratch, options: Options) -> Scripts:
    from midair.sources.tools.alembic.capture import scripts

    return scripts(project, work, scratch, options)


def _new(project: Project, description: str, options: Options) -> tuple[Path, ...]:
    from midair.sources.tools.alembic.new import new

    return new(project, description, options)


def _live(run: LiveRun) -> None:
    from midair.sources.tools.alembic.live import live

    live(run)


def _unexecuted(project: Project, work: Work) -> Scripts:
    from midair.sources.tools.alembic.unexecuted import unexecuted

    return unexecuted(project, work)


def _declared(text: str, path: str) -> tuple[Declared, ...]:
    from midair.sources.tools.alembic.info import declared

    return declared(text, path)


SOURCE = Source(
    tool="alembic",
    recognises=recognises,
    read=read,
    compare=compare,
    scripts=_scripts,
    new=_new,
    live=_live,
    unrun=_unexecuted,
    declared=_declared,
)
