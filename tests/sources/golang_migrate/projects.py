"""golang-migrate's projects, written where a test wants them."""

from pathlib import Path

from midair.sources.source import Project
from midair.sources.tools.golang_migrate import SOURCE
from tests.sources.reading import project_in

PAIRS = {
    "1_users.up.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
    "1_users.down.sql": "DROP TABLE users;\n",
    "2_orders.up.sql": "CREATE TABLE orders (id int PRIMARY KEY);\nINSERT INTO orders VALUES (1);\n",
    "2_orders.down.sql": "DROP TABLE orders;\n",
    "10_paid.up.sql": "ALTER TABLE orders ADD COLUMN paid boolean;\n",
}


def project_of(
    root: Path, files: dict[str, str], variables: dict[str, str] | None = None, **tool: str
) -> Project:
    """The project of these files in its folder `migrations`."""
    return project_in(
        root, SOURCE, {f"migrations/{name}": text for name, text in files.items()}, variables or {}, tool
    )
