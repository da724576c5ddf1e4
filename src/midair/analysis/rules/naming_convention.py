"""The name does not follow the project's convention.

Names that can be foretold save every reader a look, and a later migration that drops an unnamed thing its
guess. The patterns are those of `[rules.names]`; without them, names are lower-case words joined by
underscores. Only new objects are looked at.

## Avoid

```sql
CREATE TABLE "OrderLines" (id bigint PRIMARY KEY, "unitPrice" numeric); -- finds MA822
```

## Prefer

```sql
CREATE TABLE order_lines (id bigint PRIMARY KEY, unit_price numeric);
```

Source: safety-rules.md 5.8.
"""

import re
from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import (
    AddColumn,
    AddConstraint,
    Constraint,
    CreateIndex,
    CreateTable,
    CreateView,
    RenameColumn,
    RenameTable,
)
from midair.model.finding import Remedy, Risk
from midair.model.schema import bare_name

_USUAL = "[a-z][a-z0-9_]*"
_Named = CreateTable | CreateView | CreateIndex | AddColumn | AddConstraint | RenameColumn | RenameTable


@rule(
    "MA822",
    "naming-convention",
    Risk.LOW,
    CreateTable,
    CreateView,
    CreateIndex,
    AddColumn,
    AddConstraint,
    RenameColumn,
    RenameTable,
    default=False,
)
def naming_convention(change: _Named, context: Context) -> Iterator[Concern]:
    patterns = context.options.names
    outside: list[tuple[str, str, str]] = []
    for kind, name in _names(change):
        pattern = patterns.get(kind) if patterns else _USUAL
        plain = bare_name(name).strip('"')
        if pattern is not None and not re.fullmatch(pattern, plain):
            outside.append((kind.replace("_", " "), plain, pattern))
    if outside:
        said = ", ".join(f"the {kind} {name} is not {pattern}" for kind, name, pattern in outside)
        yield Concern(
            said,
            Remedy(
                "follow the convention while the name is new",
                write=tuple(f"{_plain(name)}    (not {name})" for _, name, _ in outside),
            ),
        )


def _names(change: _Named) -> Iterator[tuple[str, str]]:
    """Kind and name of everything the change names anew; names the server chose are not the author's."""
    match change:
        case CreateTable():
            yield "table", change.table
            yield from (("column", each.name) for each in change.columns)
            yield from _constraints(change.constraints)
        case CreateView(view=name):
            yield "view", name
        case CreateIndex():
            if change.named:
                yield "index", change.index.name
        case AddColumn():
            yield "column", change.column.name
            yield from _constraints(change.constraints)
        case AddConstraint():
            yield from _constraints((change.constraint,))
        case RenameColumn(new_name=name):
            yield "column", name
        case RenameTable(new_name=name, kind=kind):
            yield kind.replace(" ", "_"), name


def _constraints(made: tuple[Constraint, ...]) -> Iterator[tuple[str, str]]:
    yield from ((each.kind.replace(" ", "_"), each.name) for each in made if each.named)


def _plain(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name)
    return words.strip("_").lower()
