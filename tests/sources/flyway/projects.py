"""Small Flyway projects written into a folder."""

from collections.abc import Mapping
from pathlib import Path

from midair.sources.source import Options
from midair.sources.tools.flyway import SOURCE
from midair.sources.tools.flyway.local import FlywayProject, flyway_project


def write(root: Path, files: Mapping[str, str]) -> Path:
    """The files, with their folders."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    return root


def project_in(root: Path, files: Mapping[str, str], options: Options | None = None) -> FlywayProject:
    """The one project recognised in a folder with these files."""
    write(root, files)
    found = list(SOURCE.recognises(root, {}))
    assert len(found) == 1, found
    return flyway_project(SOURCE.read(found[0], options or Options()))
