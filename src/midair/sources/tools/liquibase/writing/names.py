"""Identifiers quoted as each of Liquibase's strategies quotes them (liquibase.md §2.2)."""

import re
from dataclasses import dataclass
from pathlib import Path


def _words(name: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(name).read_text("ascii").split())


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_POSTGRESQL = _words("postgresql_words.txt")
"""What PostgreSQL reserves (manual, appendix C), functions and types included."""
_MYSQL = _words("mysql_words.txt")


@dataclass(frozen=True, slots=True)
class Quoting:
    """One strategy on one database."""

    dbms: str
    strategy: str = "LEGACY"

    def __call__(self, name: str) -> str:
        """The identifier as it goes into SQL; one that is quoted already stays."""
        mark = "`" if self.dbms in ("mysql", "mariadb") else '"'
        if len(name) > 1 and name[0] == name[-1] == mark:
            return name
        if self.strategy == "QUOTE_ALL_OBJECTS" or self._needs(name):
            return mark + name.replace(mark, mark * 2) + mark
        return name

    def _needs(self, name: str) -> bool:
        if not _PLAIN.fullmatch(name):
            return True
        if self.dbms == "postgresql":
            mixed = self.strategy == "LEGACY" and name.lower() != name != name.upper()
            return mixed or name.lower() in _POSTGRESQL
        return self.dbms in ("mysql", "mariadb") and name.lower() in _MYSQL
