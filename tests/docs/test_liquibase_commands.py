"""The table from Liquibase's commands to ours: all of Liquibase's are there, and all of ours exist as they are written."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from midair.cli.main import overview
from tests.peers.commands import run
from tests.peers.places import peer

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "liquibase.md"
COMMANDS = frozenset(
    [
        "calculate-checksum",
        "changelog-sync",
        "changelog-sync-sql",
        "changelog-sync-to-tag",
        "changelog-sync-to-tag-sql",
        "clear-checksums",
        "db-doc",
        "diff",
        "diff-changelog",
        "drop-all",
        "execute-sql",
        "future-rollback-count-sql",
        "future-rollback-from-tag-sql",
        "future-rollback-sql",
        "generate-changelog",
        "history",
        "init",
        "list-locks",
        "lpm",
        "mark-next-changeset-ran",
        "mark-next-changeset-ran-sql",
        "release-locks",
        "rollback",
        "rollback-count",
        "rollback-count-sql",
        "rollback-sql",
        "rollback-to-date",
        "rollback-to-date-sql",
        "snapshot",
        "snapshot-reference",
        "status",
        "tag",
        "tag-exists",
        "unexpected-changesets",
        "update",
        "update-count",
        "update-count-sql",
        "update-sql",
        "update-testing-rollback",
        "update-to-tag",
        "update-to-tag-sql",
        "validate",
    ]
)
"""What 5.0.4 lists; 4.29.0 lists the same without `lpm`."""


def rows() -> Iterator[tuple[str, str]]:
    for line in PAGE.read_text().partition("| Liquibase | midair |")[2].splitlines()[2:]:
        if not line.startswith("|"):
            return
        _, theirs, ours, _ = line.split("|")
        yield theirs, ours


def named() -> list[list[str]]:
    """Every midair command line of the page, in the table and out of it."""
    text = PAGE.read_text()
    inline = re.findall(r"`midair ([^`]+)`", text)
    shown = "\n".join(text.split("```")[1::2])
    blocks = [line.split("#")[0] for line in shown.splitlines() if line.startswith("midair ")]
    return [shlex.split(each) for each in (*inline, *(line.removeprefix("midair ") for line in blocks))]


def test_every_command_of_the_real_tool_is_in_the_table_once() -> None:
    listed = [each.split()[0] for theirs, _ in rows() for each in re.findall(r"`([^`]+)`", theirs)]
    assert sorted(set(listed)) == sorted(COMMANDS)
    assert [each for each in COMMANDS if listed.count(each) > 1] == []


@pytest.mark.parametrize("words", named(), ids=" ".join)
def test_every_command_of_ours_on_the_page_is_one_that_midair_understands(words: list[str]) -> None:
    top = overview()
    with click.Context(top, info_name="midair") as context:
        name, command, rest = top.resolve_command(context, words)
        assert command is not None
        made = command.make_context(name, rest, parent=context)
        assert made.info_name == words[0]
        assert made.args == []


def test_an_option_that_does_not_exist_would_be_noticed() -> None:
    top = overview()
    with click.Context(top, info_name="midair") as context:
        name, command, rest = top.resolve_command(context, ["plan", "--no-such-option"])
        assert command is not None
        with pytest.raises(click.NoSuchOption):
            command.make_context(name, rest, parent=context)


@pytest.mark.peers
def test_the_real_tool_lists_these_very_commands() -> None:
    text = run(peer("liquibase5"), "--help", folder=PAGE.parent, variables={}, limit_s=60).ok().text
    listed = re.findall(r"^  ([a-z][a-z-]+)(?: |$)", text.partition("\nCommands")[2], re.MULTILINE)
    assert set(listed) == COMMANDS
