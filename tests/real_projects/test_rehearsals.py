"""`rehearse` on a public project: every migration by itself, from an empty database, with rows."""

from pathlib import Path

import pytest

import midair
from tests.peers.places import public_project

KNOWN = {
    ("4", "MA907"),  # joins texts to JSON, and a text may hold anything
    ("30", "MA907"),  # copies a 300-character text of an unbounded column into varchar(255)
    ("40", "MA907"),  # casts a text column to json that nothing keeps from holding other text
    ("50", "MA904"),  # a unique key over a column whose pairs nothing kept apart before
    ("80", "MA931"),  # times become timestamps of the day of the migration
    ("110", "MA907"),  # as 40
}
"""Harbor's own: each fails, or changes values, on rows that its schema before allows."""


@pytest.mark.real_projects
@pytest.mark.timeout(900)
def test_harbors_39_migrations_run_one_by_one_and_every_finding_is_explained(tmp_path: Path) -> None:
    folder = public_project("harbor") / "golang-migrate" / "migrations"
    (tmp_path / "migrations").symlink_to(folder, target_is_directory=True)
    found = midair.rehearse(midair.Request(tmp_path), midair.Trial(from_empty=True, each=True))
    assert len(found.revisions) == 39
    tried = {each.revision for each in found.proofs if each.name == "up" and each.revision}
    assert tried == {revision for revision, _ in found.revisions}
    assert {(str(each.revision), each.code) for each in found.findings} == KNOWN
    assert all(not step.surprises for step in found.steps)
