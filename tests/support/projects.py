"""Small golang-migrate projects, written where a test wants them."""

from pathlib import Path


def numbered_project(root: Path, count: int) -> Path:
    """`count` migrations of all the kinds that matter to a crash: every fifth cannot be in a transaction."""
    folder = root / "migrations"
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        up, down = _pair(number)
        (folder / f"{number:06d}_m{number}.up.sql").write_text(up)
        (folder / f"{number:06d}_m{number}.down.sql").write_text(down)
    return root


def _pair(number: int) -> tuple[str, str]:
    if number % 5 == 0:
        table = f"t{number - 1}"
        return f"CREATE INDEX CONCURRENTLY i{number} ON {table} (note);\n", f"DROP INDEX i{number};\n"
    if number % 5 == 3:
        return (
            f"BEGIN;\nCREATE TABLE t{number} (id int PRIMARY KEY, note text);\nCOMMIT;\n"
            f"BEGIN;\nINSERT INTO t{number} VALUES (1, 'it''s; here');\nCOMMIT;\n",
            f"DROP TABLE t{number};\n",
        )
    return (
        f"CREATE TABLE t{number} (id int PRIMARY KEY, note text);\n"
        f"INSERT INTO t{number} SELECT i, 'row ' || i FROM generate_series(1, 20) AS i;\n",
        f"DROP TABLE t{number};\n",
    )
