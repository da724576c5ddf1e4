"""One SQL command as the user wrote it, and where it stands."""

from midair.model.frozen import frozen
from midair.model.intent import Intent


@frozen
class Span:
    """A place in a file of the project: lines and columns count from 1, columns in code points."""

    path: str
    """Relative to the project's root, with `/`, so that reports read the same on every machine."""
    line: int
    column: int = 1
    end_line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@frozen
class Statement:
    """One SQL command with its literals in place; `rows` is the data that follows `COPY … FROM STDIN`.

    `intent` is what its author declared about it beside the SQL.
    """

    sql: str
    span: Span
    rows: str | None = None
    intent: Intent | None = None


Parameter = str | int | float | bool | bytes | None


@frozen
class Sql:
    """A command midair itself wrote: `%s` marks a parameter, on every product.

    Identifiers are quoted by `quoted` before they get here; values travel only as parameters.
    """

    text: str
    parameters: tuple[Parameter, ...] = ()


def quoted(*names: str) -> str:
    """A qualified identifier as SQL: `quoted("app", "schema_migrations")` → `"app"."schema_migrations"`."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
