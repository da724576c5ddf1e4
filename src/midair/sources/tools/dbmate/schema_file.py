"""The text of `db/schema.sql` as dbmate writes it after a run; who runs pg_dump is not decided here.

Source: other-tools.md §3, "Schema file".
"""

from collections.abc import Sequence

from midair.database.session import Session
from midair.errors import ExecutionError
from midair.model.address import Product
from midair.sources.numbered import current_schema, yes
from midair.sources.source import Dump, Project

DUMP_ARGUMENTS = ("--format=plain", "--encoding=UTF8", "--schema-only", "--no-privileges", "--no-owner")
"""What dbmate asks pg_dump for; one `--schema NAME` follows for each schema of the URL's search_path."""
RESTRICT_KEY = "--restrict-key=dbmate"
"""Goes with them where pg_dump knows it (15.14, 16.10, 17.6 and later): else each dump has a key of its own."""


def after_run(project: Project, session: Session, dump: Dump) -> None:
    """Writes the schema file, as dbmate does after every run that did something.

    SQLite: left alone; dbmate asks the `sqlite3` program, whose text differs between its versions.
    """
    if yes(project.settings.get("no_dump_schema")) or session.product is not Product.POSTGRESQL:
        return
    schema, _, name = project.history.table.rpartition(".")
    named = schema or current_schema(session) or "public"
    table = session.query("SELECT quote_ident(%s) || '.' || quote_ident(%s)", (named, name))[0][0]
    versions = [each.revision for each in project.history.read(session)]
    try:
        text = dump((*DUMP_ARGUMENTS, "--exclude-schema=midair", RESTRICT_KEY))
    except ExecutionError:  # an older pg_dump does not know the key
        text = dump((*DUMP_ARGUMENTS, "--exclude-schema=midair"))
    path = project.root / project.settings.get("schema_file", "db/schema.sql")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(schema_file(text, table, versions), encoding="utf-8")


def schema_file(dump: str, table: str, versions: Sequence[str], product: Product = Product.POSTGRESQL) -> str:
    """The file's content for a schema dump and the versions in the history.

    `table` is the history table as the server quotes it (`quote_ident` of both parts: quotes only
    where they are needed; SQLite: always quoted).
    """
    lines = (dump + _versions(table, versions, product)).split("\n")
    if lines[-1] == "":
        lines.pop()
    # Leading comments tell server and client versions, which differ from machine to machine.
    start = next(
        (number for number, line in enumerate(lines) if line and not line.startswith("--")), len(lines)
    )
    return "".join(f"{line.rstrip()}\n" for line in lines[start:])


def _versions(table: str, versions: Sequence[str], product: Product) -> str:
    head, indent = "\n--\n-- Dbmate schema migrations\n--\n\n", "    "
    if product is Product.SQLITE:
        head, indent = "-- Dbmate schema migrations\n", "  "
    if not versions:
        return head
    rows = f",\n{indent}".join(f"('{version.replace(chr(39), chr(39) * 2)}')" for version in sorted(versions))
    return f"{head}INSERT INTO {table} (version) VALUES\n{indent}{rows};\n"
