"""Rules about whole migrations, whose findings stand on no statement."""

from dataclasses import replace

from looking import candidate, codes, look

from midair.analysis.analyse import Candidate, analyse
from midair.analysis.context import Refusal
from midair.model.migration import RevisionId
from midair.model.statement import Span


def _does_nothing(found: Candidate) -> bool:
    return "MA705" in codes(analyse([found]))


def test_a_migration_without_a_statement_is_said_to_do_nothing() -> None:
    assert _does_nothing(candidate("-- to be done"))
    assert not _does_nothing(candidate("SELECT 1"))


def test_a_merge_of_two_branches_may_be_empty() -> None:
    empty = candidate("")
    parents = (RevisionId("a"), RevisionId("b"))
    assert not _does_nothing(replace(empty, migration=replace(empty.migration, parents=parents)))


def test_of_a_migration_that_could_not_be_read_nobody_says_that_it_does_nothing() -> None:
    empty = candidate("")
    assert not _does_nothing(replace(empty, unseen="it is a program, and was not run"))
    assert not _does_nothing(replace(empty, refusal=Refusal("mixed", Span("1.sql", 1))))


def test_a_number_always_fits_a_text_as_long_as_its_longest_value() -> None:
    table = "CREATE TABLE notes (id bigint PRIMARY KEY, author integer);"
    assert "MA411" not in codes(look(table, "ALTER TABLE notes ALTER COLUMN author TYPE varchar(11);"))
    assert "MA411" in codes(look(table, "ALTER TABLE notes ALTER COLUMN author TYPE varchar(10);"))
