"""Whether a stored checksum still fits a changeset, in whichever way some release computed it (liquibase.md §5.7, §5.9)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from midair.sources.tools.liquibase.checksum import NEWEST, Files, Way, checksum, ways
from midair.sources.tools.liquibase.expressions import has_labels, in_context, on_dbms
from midair.sources.tools.liquibase.files import ChangeFiles
from midair.sources.tools.liquibase.model import Changeset, Runtime, Visitor

_ANY = {"any", "all", "*"}


@dataclass(frozen=True, slots=True)
class Sums:
    """The checksums of one project's changesets on one database, each computed once."""

    files: ChangeFiles
    runtime: Runtime
    _known: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])

    def current(self, changeset: Changeset, version: int = NEWEST) -> str:
        """The sum a row written now gets."""
        key = (changeset.key, version)
        if key not in self._known:
            self._known[key] = self._sum(changeset, ways(version, changeset)[0])
        return self._known[key]

    def accepts(self, changeset: Changeset, stored: str | None) -> bool:
        """Whether a row with this sum still fits. No sum always does."""
        if stored is None:
            return True
        version = version_of(stored)
        if self.current(changeset, version) == stored:
            return True
        current = self.current(changeset, version)
        for listed in changeset.valid_sums:
            if listed in (stored, current) or listed.rpartition(":")[2].lower() in _ANY:
                return True
        return any(each == stored for each in self._variants(changeset, version))

    def _variants(self, changeset: Changeset, version: int) -> Iterator[str]:
        for way in ways(version, changeset)[1:]:
            yield self._sum(changeset, way)
        delimiter = changeset.source.get("rollbackEndDelimiter") if changeset.source else None
        if changeset.formatted and delimiter is not None and version < NEWEST:
            yield self._sum(changeset, Way(version, end_delimiter=delimiter))
        if changeset.flat is not None:
            flat = changeset.flat()
            yield from (self._sum(flat, way) for way in ways(version, flat))

    def _sum(self, changeset: Changeset, way: Way) -> str:
        files = Files(self.files.raw, self.files.text)
        return checksum(changeset, visitors_of(changeset, self.runtime), self.runtime.dbms, files, way)


def visitors_of(changeset: Changeset, runtime: Runtime) -> tuple[Visitor, ...]:
    """The entries of modifySql that apply to this database and run."""
    return tuple(
        each
        for each in changeset.visitors
        if on_dbms(each.dbms, runtime.dbms)
        and in_context(each.context, runtime.contexts)
        and has_labels((each.labels or "").split(",") if each.labels else (), runtime.label_filter)
    )


def version_of(stored: str) -> int:
    """The version a stored sum was computed in; one without a number is of the first."""
    head, colon, _ = stored.partition(":")
    return int(head) if colon and head.isdecimal() and len(head) < 4 else 1
