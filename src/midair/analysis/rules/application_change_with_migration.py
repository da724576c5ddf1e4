"""The same change holds the application's code and a migration that the running application does not survive.

Whichever of the two is deployed first, the other side meets a schema or a program it does not know. As two changes,
each can go out when the other is there. Looked at with `--since`, where git says what else changed.

## Fine when

The migration only adds, or midair applies it online: the old application then works until `midair contract`.

Source: safety-rules.md 5.7; zdm, "one change, one deploy".
"""

from collections.abc import Iterator
from pathlib import PurePath

from midair.analysis.context import Act, Line
from midair.analysis.rule import Concern, rule
from midair.analysis.safe_sql import new_migration
from midair.analysis.wording import counted
from midair.model.change import (
    AlterColumnType,
    DropColumn,
    DropTable,
    MoveTable,
    RenameColumn,
    RenameTable,
    SetNotNull,
)
from midair.model.finding import Remedy, Risk
from midair.model.schema import Schema

_PROGRAMS = frozenset(
    [
        "c",
        "cc",
        "clj",
        "cpp",
        "cs",
        "cshtml",
        "erb",
        "ex",
        "exs",
        "fs",
        "go",
        "groovy",
        "hs",
        "java",
        "js",
        "jsx",
        "kt",
        "mjs",
        "php",
        "py",
        "rb",
        "rs",
        "scala",
        "swift",
        "svelte",
        "ts",
        "tsx",
        "vb",
        "vue",
    ]
)
_BESIDE = frozenset(["test", "tests", "spec", "specs", "__tests__", "docs", "doc", "examples"])
"""Folders whose programs are not deployed."""


@rule("MA710", "application-change-with-migration", Risk.LOW, Line, default=False)
def application_change_with_migration(line: Line, version: int | None) -> Iterator[Concern]:
    own = {act.statement.span.path for story in line.stories for act in story.acts}
    own |= {each.migration.span.path for each in line.candidates}
    code = sorted(each for each in line.options.changed_files if each not in own and _is_program(each))
    if not code:
        return
    for story in line.stories:
        breaking = next((act for act in story.acts if _takes_away(act, story.before)), None)
        if breaking is not None:
            more = f" and {counted(len(code) - 1, 'more program')}" if len(code) > 1 else ""
            yield Concern(
                f"{code[0]}{more} changed with it, and it takes away what the running application has",
                Remedy(
                    "make two changes of it: what the application needs first, what it must no longer use later",
                    commands=new_migration("what the new application no longer uses"),
                ),
                span=breaking.statement.span,
                revision=story.candidate.migration.revision,
                sql=breaking.statement.sql,
            )


def _is_program(path: str) -> bool:
    parts = PurePath(path.lower())
    return parts.suffix.lstrip(".") in _PROGRAMS and not _BESIDE & set(parts.parts)


def _takes_away(act: Act, before: Schema) -> bool:
    return any(
        isinstance(
            each,
            AlterColumnType | DropColumn | DropTable | MoveTable | RenameColumn | RenameTable | SetNotNull,
        )
        and before.exists(each.table) is not False
        for each in act.changes
    )
