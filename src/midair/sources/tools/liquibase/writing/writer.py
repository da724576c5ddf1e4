"""What every family of changes writes with: names, types and literals of one database (liquibase.md §2.1)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from midair.database.session import Session
from midair.errors import BadMigration
from midair.sources.tools.liquibase.files import ChangeFiles
from midair.sources.tools.liquibase.model import Change, Part
from midair.sources.tools.liquibase.writing.literals import DEFAULTS, default_literal, plain_literal
from midair.sources.tools.liquibase.writing.names import Quoting
from midair.sources.tools.liquibase.writing.types import sql_type

_NOW = re.compile(
    r"(?i)^(now\s*\(\s*\)|current_timestamp(\s*\(\s*\d*\s*\))?|current_datetime(\s*\(\s*\d*\s*\))?|now\s*\(\s*\d+\s*\))$"
)


@dataclass(frozen=True, slots=True)
class Writer:
    """One changeset's way of writing SQL. `column_types` tells a table's column types where the changelog made it."""

    dbms: str
    quoting: Quoting
    default_schema: str | None
    files: ChangeFiles
    column_types: Callable[[str], Mapping[str, str]] = field(default=lambda _: {})
    shadow: Session | None = None
    """SQLite: a database with the schema as it is when the changeset's turn comes."""

    @property
    def is_postgresql(self) -> bool:
        return self.dbms == "postgresql"

    @property
    def is_sqlite(self) -> bool:
        return self.dbms == "sqlite"

    @property
    def is_mysql(self) -> bool:
        return self.dbms in ("mysql", "mariadb")

    def name(self, name: str) -> str:
        """An identifier."""
        return self.quoting(name)

    def names(self, text: str) -> str:
        """A comma list of identifiers."""
        return ", ".join(self.name(each.strip()) for each in text.split(",") if each.strip())

    def folded(self, name: str) -> str:
        """A name as PostgreSQL's catalog has it: in lower case, unless it is one that gets quotes."""
        return name if self.name(name) != name else name.lower()

    def qualified(self, name: str, schema: str | None) -> str:
        """An object's name with its schema; the default one is written too, as Liquibase does."""
        schema = schema or self.default_schema
        if self.is_sqlite or not schema:
            return self.name(name)
        if "." in name and not name.startswith('"'):
            return ".".join(self.name(each) for each in name.split("."))
        return f"{self.name(schema)}.{self.name(name)}"

    def of(self, change: Change, key: str = "tableName", schema: str = "schemaName") -> str:
        """The object a change names, qualified.

        Raises:
            BadMigration: it names none.
        """
        catalog = schema.replace("Schema", "Catalog").replace("schema", "catalog")
        return self.qualified(
            required(change, key), change.get(schema) or (change.get(catalog) if self.is_mysql else None)
        )

    def type(self, text: str) -> str:
        """A data type."""
        return sql_type(text, self.dbms)

    def text(self, value: str) -> str:
        """A text literal."""
        escaped = value.replace("'", "''")
        return "'" + (escaped.replace("\\", "\\\\") if self.is_mysql else escaped) + "'"

    def boolean(self, value: str) -> str:
        """A boolean literal."""
        true = value == "true"
        return ("TRUE" if true else "FALSE") if self.is_postgresql else ("1" if true else "0")

    def computed(self, expression: str) -> str:
        """An expression, with any spelling of the current time as the database's own."""
        if not _NOW.match(expression.strip()):
            return "NULL" if expression.upper() == "NULL" else expression
        return "CURRENT_TIMESTAMP" if self.is_sqlite else "NOW()"

    def date(self, value: str) -> str:
        """A date literal of what the checksum calls it."""
        return f"'{value.replace('T', ' ')}'"

    def sequence(self, verb: str, name: str, schema: str | None) -> str:
        """`nextval('public.q')`."""
        full = name if "." in name else self.qualified(name, schema)
        return f"{verb}('{full}')"

    def value(self, part: Part, schema: str | None = None) -> str | None:
        """A column's value as SQL; `None` when it has none at all."""
        if (text := part.get("value")) is not None:
            return "NULL" if text.upper() == "NULL" else self._plain(text)
        if (number := part.get("valueNumeric")) is not None:
            return number
        if (truth := part.get("valueBoolean")) is not None:
            return self.boolean(truth)
        if (moment := part.get("valueDate")) is not None:
            return self.date(moment)
        if (expression := part.get("valueComputed")) is not None:
            return self.computed(expression)
        if (name := part.get("valueSequenceNext")) is not None:
            return self.sequence("nextval", name, schema)
        if (name := part.get("valueSequenceCurrent")) is not None:
            return self.sequence("currval", name, schema)
        if (file := part.get("valueClobFile")) is not None:
            return self.text(self._clob(part, file))
        return None

    def _clob(self, part: Part, file: str) -> str:
        change = Change(
            "valueClobFile",
            {"path": file, **({"encoding": e} if (e := part.get("encoding")) else {})},
            part.span,
            "",
        )
        return self.files.text(change, "path")

    def is_now(self, text: str) -> bool:
        """Whether a text is one of the spellings of the current time."""
        return _NOW.match(text.strip()) is not None

    def _plain(self, text: str) -> str:
        now = "CURRENT_TIMESTAMP" if self.is_sqlite else "NOW()"
        return text if text.upper() == now or text.lower().startswith("to_date(") else self.text(text)

    def default(self, part: Part | Change, type_name: str | None, schema: str | None = None) -> str | None:
        """A column's default as SQL; `None` when it has none."""
        for kind in DEFAULTS:
            if (text := part.get(kind)) is not None:
                if isinstance(part, Change):
                    return plain_literal(kind, text, self)
                return default_literal(kind, text, type_name, part.span, self)
        if (expression := part.get("defaultValueComputed")) is not None:
            return self.computed(expression)
        if (name := part.get("defaultValueSequenceNext")) is not None:
            return self.sequence("nextval", name, schema)
        return None


def required(change: Change, key: str) -> str:
    """A parameter a change cannot do without.

    Raises:
        BadMigration: it is not set.
    """
    value = change.get(key)
    if value is None or not value.strip():
        raise BadMigration(f"{change.span} {key} is required for {change.name}", hint=f"set {key}")
    return value
