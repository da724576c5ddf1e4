"""Copies of a SQLite file in a temporary folder, one a trial; the file itself is only read, and once."""

import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from midair.database.session import Guard
from midair.database.sqlite import SqliteSession, copied
from midair.model.address import Address, Product, Secret
from midair.pipeline.opening import Opened, open_project, opening
from midair.pipeline.request import Request
from midair.rehearsal.clone import clone_schema

_WHOLE_AT_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Place:
    """A temporary folder with a file as the target is now, and as many copies of it as trials need."""

    request: Request
    folder: Path

    @property
    def base(self) -> Path:
        return self.folder / "target.db"

    def copy(self, source: str, *, masked: bool) -> tuple[str, list[str]]:
        """Where it came from in words, and what is to be known about it."""
        if not source or not Path(source).exists():
            return "an empty file", [f"{source} is not there yet"] if source else []
        if masked or Path(source).stat().st_size > _WHOLE_AT_MOST_BYTES:
            why = "columns are masked" if masked else "it is larger than 1 GiB"
            return self._schema(source, why)
        copied(source, str(self.base))
        return f"a copy of {source} with its rows", []

    def _schema(self, source: str, why: str) -> tuple[str, list[str]]:
        _, project = open_project(self.request)
        scratch = self.folder / "read.db"
        copied(source, str(scratch))
        with _session(scratch) as first, _session(self.base) as second:
            clone_schema(first, second, lambda arguments: "", project.history.table)
        scratch.unlink()
        return f"the schema of {source}", [f"rows are made up, because {why}"]

    @contextmanager
    def opened(self) -> Generator[Opened]:
        """A fresh copy, opened as a command would open the target; gone afterwards."""
        number = sum(1 for _ in self.folder.iterdir())
        path = self.folder / f"trial-{number}-{time.monotonic_ns()}.db"
        if self.base.exists():
            shutil.copyfile(self.base, path)
        request = replace(self.request, url=Secret(f"sqlite:///{path}"), password=None, strategy="direct")
        with opening(request) as opened:
            yield replace(opened, source=replace(opened.source, after_run=None))
        for left in self.folder.glob(f"{path.name}*"):
            left.unlink()


@contextmanager
def _session(path: Path) -> Generator[SqliteSession]:
    session = SqliteSession.open(Address(Product.SQLITE, str(path)), Guard())
    try:
        yield session
    finally:
        session.close()
