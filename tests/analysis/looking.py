"""Migrations written down in a test."""

from midair.analysis.analyse import Candidate, Options, analyse
from midair.analysis.suppress import allowances_in
from midair.dialects.postgresql.split import split
from midair.dialects.postgresql.transactions import stands_alone
from midair.model.finding import Finding
from midair.model.migration import Block, Migration, RevisionId, Script, Standing
from midair.model.schema import Schema
from midair.model.statement import Span


def candidate(sql: str, path: str = "1.sql", *, down: str | None = None, pending: bool = True) -> Candidate:
    """A migration as a tool would read it: one transaction, unless a statement must stand alone."""
    migration = Migration(RevisionId(path), "", Span(path, 1))
    back = _script(down, path.replace(".sql", ".down.sql")) if down is not None else None
    return Candidate(migration, _script(sql, path), back, pending)


def _script(sql: str, path: str) -> Script:
    statements = split(sql, path, 1)
    return Script((Block(statements, not any(stands_alone(each) for each in statements)),))


def look(
    *sql: str, schema: Schema | None = None, version: int | None = 18, options: Options | None = None
) -> tuple[Finding, ...]:
    """Findings of migrations `1.sql`, `2.sql`, … with what their comments allow."""
    paths = [f"{number}.sql" for number in range(1, len(sql) + 1)]
    chosen = options or Options(
        allowances={path: allowances_in(text) for path, text in zip(paths, sql, strict=True)}
    )
    return analyse(
        [candidate(text, path) for path, text in zip(paths, sql, strict=True)], schema, version, chosen
    )


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [each.code for each in findings]


__all__ = ["Standing", "candidate", "codes", "look"]
