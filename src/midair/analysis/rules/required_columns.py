"""The table lacks a column that every table of the project has.

A project names those columns (`created_at`, a tenant's key) under `[rules]` as `required_columns`; without that there
is nothing to find.

Source: safety-rules.md 5.8.
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.analysis.wording import listed
from midair.model.change import CreateTable
from midair.model.finding import Remedy, Risk


@rule("MA832", "required-columns", Risk.LOW, CreateTable)
def required_columns(change: CreateTable, context: Context) -> Iterator[Concern]:
    wanted = context.options.required_columns
    inherits = (
        change.partition_of or change.inherits or change.like or change.of_type or change.reads is not None
    )
    if not wanted or inherits or change.persistence == "temporary":
        return
    has = {each.name for each in change.columns}
    missing = [name for name in wanted if name not in has]
    if missing:
        yield Concern(
            f"{change.table} lacks {listed(missing)}",
            Remedy(f"add {listed(missing)}, as every table of the project has", write=tuple(missing)),
        )
