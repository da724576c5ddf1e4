"""Checksums and rows equal those the real Liquibase wrote, changeset by changeset."""

import pytest

from midair.sources.tools.liquibase.rows import contexts_text, description, labels_text

from .recorded import golden, read, recorded

UNKNOWN_VARIANTS = {("included.yaml", "i1"), ("properties.yaml", "p2")}
"""Two changesets whose properties releases before 4.12 looked up in another order (spec §4.4)."""


@pytest.mark.parametrize(("version", "dbms", "project"), recorded("changesets"))
def test_both_checksums_of_every_changeset_are_those_of_the_real_tool(
    version: str, dbms: str, project: str
) -> None:
    expected = golden(f"{version}/{dbms}/{project}/changesets.json")
    changesets, sums = read(project, dbms)
    compared = 0
    for each in expected:
        changeset = changesets.get((each["file"], each["id"], each["author"]))
        if changeset is None or version != "v4.29.0":
            continue
        assert (sums.current(changeset, 8), sums.current(changeset, 9)) == (each["v8"], each["v9"]), each[
            "id"
        ]
        compared += 1
    assert compared >= len(expected) - 10 or version != "v4.29.0"


@pytest.mark.parametrize(("version", "dbms", "project"), recorded("databasechangelog"))
def test_every_row_the_real_tool_wrote_is_accepted(version: str, dbms: str, project: str) -> None:
    changesets, sums = read(project, dbms)
    refused = {
        (row["filename"], row["id"])
        for row in golden(f"{version}/{dbms}/{project}/databasechangelog.json")
        if not sums.accepts(changesets[row["filename"], row["id"], row["author"]], row["md5sum"])
    }
    assert refused <= UNKNOWN_VARIANTS


@pytest.mark.parametrize(
    ("version", "dbms", "project"), [each for each in recorded("databasechangelog") if each[0] == "v4.29.0"]
)
def test_what_a_row_says_beside_its_checksum_is_what_the_real_tool_says(
    version: str, dbms: str, project: str
) -> None:
    changesets, sums = read(project, dbms)
    for row in golden(f"{version}/{dbms}/{project}/databasechangelog.json"):
        changeset = changesets[row["filename"], row["id"], row["author"]]
        if (project, row["id"]) == ("sequence", "8"):
            continue  # an update whose sum 4.29 itself does not accept again (spec §5.7)
        ours = (
            sums.current(changeset, 9),
            description(changeset),
            changeset.comments,
            contexts_text(changeset),
            labels_text(changeset),
        )
        theirs = tuple(row[name] for name in ("md5sum", "description", "comments", "contexts", "labels"))
        assert ours == theirs


def test_rows_upgraded_by_a_newer_release_are_accepted() -> None:
    changesets, sums = read("core", "postgresql")
    rows = golden("upgrade/04-core-rows-after.json")
    assert len(rows) > 100
    for row in rows:
        identity = tuple(row[name] for name in ("filename", "id", "author"))
        assert sums.accepts(changesets[identity], row["md5sum"]), row


def test_an_edited_changeset_is_not_accepted() -> None:
    changesets, sums = read("core", "postgresql")
    changeset = changesets["xml/01-tables.xml", "t1", "ann"]
    assert not sums.accepts(changeset, "9:00000000000000000000000000000000")
    assert not sums.accepts(changeset, "8:00000000000000000000000000000000")
    assert sums.accepts(changeset, None)


def test_a_listed_checksum_makes_any_stored_one_valid() -> None:
    changesets, sums = read("core", "postgresql")
    assert sums.accepts(changesets["xml/08-attributes.xml", "a16", "hal"], "9:" + "0" * 32)
