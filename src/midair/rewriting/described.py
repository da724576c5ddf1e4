"""What a column has besides its values: comment, rights, options, said again for another."""

from midair.dialects.postgresql.attached import AttachedColumn
from midair.dialects.postgresql.changes.names import literal


def described(table: str, column: str, facts: AttachedColumn) -> list[str]:
    """The statements that give a column what another has."""
    made: list[str] = []
    if facts.comment:
        made.append(f"COMMENT ON COLUMN {table}.{column} IS {literal(facts.comment)}")
    if facts.target is not None and facts.target >= 0:
        made.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {facts.target}")
    if facts.options:
        made.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET ({', '.join(facts.options)})")
    for each in facts.grants:
        more = " WITH GRANT OPTION" if each.grantable else ""
        made.append(f"GRANT {each.right} ({column}) ON TABLE {table} TO {each.to}{more}")
    return made
