"""What the real Liquibase made of our changelogs: `golden/`, whose results are versions 4.3.3's and 4.29.0's own."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from midair.sources.tools.liquibase.changelog import read_changelog
from midair.sources.tools.liquibase.files import ChangeFiles, SearchPath
from midair.sources.tools.liquibase.model import Changeset, Runtime
from midair.sources.tools.liquibase.verify import Sums

GOLDEN = Path(__file__).parent / "golden"
ROOTS = {"edge": "master.xml", "shapes": "master.xml"}
CONTEXTS = {"shapes": ("other", "c1")}
DATABASES = ("postgresql", "mariadb", "sqlite")


def golden(path: str) -> Any:
    """One golden file, read."""
    return json.loads((GOLDEN / path).read_text())


def recorded(kind: str) -> list[tuple[str, str, str]]:
    """Version, database and project of every golden file of this kind."""
    return sorted(
        (path.parts[-4], path.parts[-3], path.parts[-2]) for path in GOLDEN.glob(f"v*/*/*/{kind}.json")
    )


@cache
def read(project: str, dbms: str) -> tuple[dict[tuple[str, str, str], Changeset], Sums]:
    """The changesets of a golden project by path, id and author, and their checksums."""
    folder = GOLDEN / "projects" / project
    search = SearchPath((folder,), folder)
    runtime = Runtime(dbms=dbms, contexts=CONTEXTS.get(project, ()), search_path=(folder,), root=folder)
    changelog = read_changelog(ROOTS.get(project, "changelog.xml"), runtime, search)
    found = {(each.path, each.id, each.author): each for each in changelog.changesets}
    return found, Sums(ChangeFiles(search, "UTF-8"), runtime)


def laid_out(project: str, root: Path) -> None:
    """A writable copy of a golden project in a folder that exists."""
    shutil.copytree(GOLDEN / "projects" / project, root, copy_function=shutil.copyfile, dirs_exist_ok=True)
