"""`check` on folders as teams have them: which migrations it looks at, on which schema, and where it points."""

from pathlib import Path

import pytest
from tests.pipeline.checked import high, looked, revisions
from tests.support.folders import committed, git, written
from tests.support.listening import Remembering

import midair
from midair.analysis.options import Options
from midair.database import Session
from midair.errors import LoginRefused, NoGit, UnknownRevision, Unreachable, Unsupported
from midair.model.address import Secret
from midair.model.finding import AllowedBy, Risk
from midair.model.statement import Sql
from midair.pipeline.baseline import read_baseline, write_baseline
from midair.pipeline.check import Question, check, unknown_rules
from midair.pipeline.fix import Fixed, fix

PAIRS = {
    "migrations/1_orders.up.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\nCREATE INDEX orders_id ON orders (id);\n",
    "migrations/1_orders.down.sql": "DROP TABLE orders;\n",
    "migrations/2_note.up.sql": "ALTER TABLE orders ADD COLUMN note text;\n",
    "migrations/2_note.down.sql": "ALTER TABLE orders DROP COLUMN note;\n",
    "migrations/3_index.up.sql": "CREATE INDEX orders_total ON orders (total);\n",
    "migrations/3_index.down.sql": "DROP INDEX orders_total;\n",
}
INDEX = ("3", "MA101", "migrations/3_index.up.sql:1")


def test_without_a_database_every_migration_is_looked_at_and_earlier_ones_teach_the_schema(
    tmp_path: Path,
) -> None:
    found = looked(written(tmp_path, PAIRS))
    assert revisions(found) == ["1", "2", "3"]
    assert high(found) == [INDEX]  # the index of the migration that made the table harms nobody
    assert found.catalog is None
    assert found.lines["migrations/3_index.up.sql", 1] == "CREATE INDEX orders_total ON orders (total);"


def test_a_database_says_what_is_pending_and_how_large_the_tables_are(
    tmp_path: Path, url: Secret, session: Session
) -> None:
    root = written(tmp_path, PAIRS)
    midair.apply(midair.Request(root, url=url), Remembering(), "2")
    small = looked(root, url=url)
    assert revisions(small) == ["3"]
    assert high(small) == []
    assert [each.risk for each in small.findings if each.code == "MA101"] == [Risk.MEDIUM]
    session.run(
        [Sql("INSERT INTO orders SELECT i, i FROM generate_series(1, 20000) AS i"), Sql("ANALYZE orders")],
        atomic=False,
    )
    large = looked(root, url=url)
    assert high(large) == [INDEX]
    assert next(each for each in large.findings if each.code == "MA101").rows == 20_000
    assert large.server_version is not None
    assert large.server_version >= 13
    assert str(large.catalog) == str(session.address)


def test_checking_writes_nothing_to_the_database(tmp_path: Path, url: Secret, session: Session) -> None:
    looked(written(tmp_path, PAIRS), url=url)
    assert session.query("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [
        (0,)
    ]
    assert session.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'midair'") == [(0,)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("3",), ["3"]),
        (("migrations/3_index.up.sql",), ["3"]),
        (("migrations/3_index.down.sql",), ["3"]),
        (("2..3",), ["2", "3"]),
        (("2..",), ["2", "3"]),
        (("..1",), ["1"]),
        (("+1",), ["1"]),
        (("head",), ["3"]),
        (("1", "3"), ["1", "3"]),
    ],
    ids=str,
)
def test_migrations_are_named_by_revision_file_and_range(
    tmp_path: Path, names: tuple[str, ...], expected: list[str]
) -> None:
    assert revisions(looked(written(tmp_path, PAIRS), *names)) == expected


def test_a_file_of_no_migration_is_passed_over_with_a_warning_and_an_unknown_name_is_an_error(
    tmp_path: Path,
) -> None:
    root = written(tmp_path, {**PAIRS, "README.md": "about"})
    found = looked(root, "README.md", "3")
    assert revisions(found) == ["3"]
    assert found.warnings == ("README.md belongs to no migration of this project; it was passed over",)
    with pytest.raises(UnknownRevision, match="31"):
        looked(root, "31")


def test_a_named_migration_that_is_applied_is_judged_on_the_schema_before_it(
    tmp_path: Path, url: Secret
) -> None:
    root = written(tmp_path, PAIRS)
    midair.apply(midair.Request(root, url=url), Remembering())
    assert revisions(looked(root, url=url)) == []
    assert high(looked(root, "3", url=url)) == [INDEX]


def test_since_means_files_added_or_changed_where_the_branches_parted(tmp_path: Path) -> None:
    root = written(tmp_path, {name: text for name, text in PAIRS.items() if "3_" not in name})
    committed(root)
    git(root, "checkout", "-q", "-b", "work")
    written(root, {"migrations/2_note.up.sql": "ALTER TABLE orders ADD COLUMN note varchar(9);\n"})
    committed(root)
    written(root, {name: text for name, text in PAIRS.items() if "3_" in name})
    found = looked(root, since="main")
    assert revisions(found) == ["2", "3"]
    assert found.unapplied == {"3"}  # the other file is older than the branch: it may be applied somewhere
    assert revisions(looked(root, since="HEAD")) == ["3"]
    with pytest.raises(NoGit, match="rev-parse"):
        looked(root, since="no-such-branch")


def test_since_in_a_subfolder_and_outside_a_repository(tmp_path: Path) -> None:
    root = written(tmp_path / "service one", PAIRS)
    with pytest.raises(NoGit):
        looked(root, since="main")
    written(tmp_path, {"README": "top"})
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "README")
    git(tmp_path, "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-q", "-m", "first")
    assert revisions(looked(root, since="main")) == ["1", "2", "3"]


def test_a_commit_cannot_be_an_option_of_git(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    committed(root)
    with pytest.raises(NoGit):
        looked(root, since="--output=stolen")
    assert not (root / "stolen").exists()


def test_a_project_that_begins_with_tables_somebody_else_made_is_not_told_they_do_not_exist(
    tmp_path: Path,
) -> None:
    root = written(
        tmp_path,
        {
            "migrations/1_a.up.sql": "ALTER TABLE legacy ADD COLUMN a int;",
            "migrations/2_b.up.sql": "ALTER TABLE legacy ADD COLUMN b int;",
        },
    )
    assert "MA416" not in {each.code for each in looked(root).findings}


def test_the_newest_migration_that_names_what_no_other_made_is_refused(tmp_path: Path) -> None:
    root = written(tmp_path, {**PAIRS, "migrations/4_typo.up.sql": "ALTER TABLE ordesr ADD COLUMN a int;"})
    assert ("4", "MA416", "migrations/4_typo.up.sql:1") in high(looked(root))


def test_a_file_that_cannot_be_read_is_a_finding_and_the_others_are_looked_at(tmp_path: Path) -> None:
    root = written(tmp_path, {**PAIRS, "migrations/2_note.up.sql": "ALTER TABLE orders ADD COLUMN 'note;\n"})
    found = looked(root)
    assert ("2", "MA721") in [(revision_, code) for revision_, code, _ in high(found)]
    assert INDEX in high(found)
    (broken,) = (each for each in found.findings if each.code == "MA721")
    assert "migrations/2_note.up.sql:1" in broken.message


def test_an_applied_file_that_was_edited_is_found_by_the_journal(tmp_path: Path, url: Secret) -> None:
    root = written(tmp_path, PAIRS)
    midair.apply(midair.Request(root, url=url), Remembering())
    written(root, {"migrations/2_note.up.sql": "ALTER TABLE orders ADD COLUMN note varchar(9);\n"})
    assert [(revision_, code) for revision_, code, _ in high(looked(root, url=url))] == [("2", "MA709")]


def test_what_the_settings_say_is_in_the_findings(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    ignored = looked(root, options=Options(ignore=("MA101",))).findings
    assert [each.allowed_by for each in ignored if each.code == "MA101"] == [AllowedBy.SETTINGS]
    by_path = looked(root, options=Options(per_path={"migrations/3*": ("index-without-concurrently",)}))
    assert high(by_path) == []
    rated = looked(root, options=Options(risks={"MA1": Risk.HIGH, "MA101": Risk.LOW})).findings
    assert [(each.risk, each.own_risk) for each in rated if each.code == "MA101"] == [(Risk.LOW, Risk.HIGH)]


def test_a_baseline_holds_what_is_known_and_only_new_findings_count(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    known = tmp_path / "known.json"
    assert write_baseline(known, looked(root).findings) == len(looked(root).findings)
    again = looked(root, options=Options(baseline=read_baseline(known)))
    assert {each.allowed_by for each in again.findings} == {AllowedBy.BASELINE}
    written(root, {"migrations/4_more.up.sql": "\n\nCREATE INDEX orders_note ON orders (note);\n"})
    new = looked(root, options=Options(baseline=read_baseline(known)))
    assert high(new) == [("4", "MA101", "migrations/4_more.up.sql:3")]


def mended(root: Path, url: Secret, *names: str) -> Fixed:
    """`check --fix`, as the command does it."""
    request, question = midair.Request(root, url=url), Question(names, must_answer=True)
    return fix(request, question, check(request, question))


def test_fix_rewrites_what_is_certain_in_pending_files_and_leaves_applied_ones_alone(
    tmp_path: Path, url: Secret
) -> None:
    older = "CREATE TABLE t (id bigint PRIMARY KEY, a int);\r\n"
    newer = "-- önly this line\r\nCREATE INDEX t_a ON t (a);\r\n"
    root = written(tmp_path, {"migrations/1_t.up.sql": older, "migrations/2_a.up.sql": newer})
    midair.apply(midair.Request(root, url=url), Remembering(), "1")
    assert mended(root, url).statements == {"migrations/2_a.up.sql": 1}
    assert (root / "migrations/1_t.up.sql").read_bytes() == older.encode()
    assert (root / "migrations/2_a.up.sql").read_bytes().decode() == (
        "-- önly this line\r\nCREATE INDEX CONCURRENTLY t_a ON t USING btree (a);\r\n"
    )
    assert high(looked(root, url=url)) == []
    midair.apply(midair.Request(root, url=url), Remembering())
    assert mended(root, url, "2").statements == {}


def test_fix_gives_a_file_back_that_its_tool_runs_in_a_transaction(tmp_path: Path, url: Secret) -> None:
    text = "CREATE INDEX t_a ON t (a);\nALTER TABLE t ADD COLUMN b int;\n"
    root = written(
        tmp_path,
        {
            "migrations/1_t.up.sql": "CREATE TABLE t (id bigint PRIMARY KEY, a int);\n",
            "migrations/2_a.up.sql": text,
        },
    )
    midair.apply(midair.Request(root, url=url), Remembering(), "1")
    done = mended(root, url)
    assert (done.statements, done.kept) == ({}, ("migrations/2_a.up.sql",))
    assert (root / "migrations/2_a.up.sql").read_text() == text


def test_a_database_that_was_named_must_answer_and_one_of_the_project_need_not(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    nowhere = Secret("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises((Unreachable, LoginRefused)):
        looked(root, url=nowhere)
    found = check(midair.Request(root, url=nowhere), Question())
    assert len(found.candidates) == 3
    assert [each.startswith("the database was not asked") for each in found.warnings] == [True]


def test_another_product_is_refused_in_words(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    with pytest.raises(Unsupported, match="knows PostgreSQL"):
        looked(root, url=Secret(f"sqlite:///{tmp_path / 'app.db'}"))
    assert not (tmp_path / "app.db").exists()


def test_flyway_placeholders_repeatables_and_undo_files_are_understood(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        {
            "flyway.toml": '[flyway]\nlocations = ["filesystem:sql"]\n[flyway.placeholders]\ntable = "orders"\n',
            "sql/V1__make.sql": "CREATE TABLE ${table} (id bigint PRIMARY KEY, total int);\n",
            "sql/V2__index.sql": "SELECT 1;\n\nCREATE INDEX total ON ${table} (total);\n",
            "sql/R__view.sql": "CREATE OR REPLACE VIEW totals AS SELECT total FROM ${table};\n",
        },
    )
    found = looked(root)
    assert high(found) == [("2", "MA101", "sql/V2__index.sql:3")]
    assert "MA701" not in {each.code for each in found.findings}  # this project writes no ways back
    assert len(found.candidates) == 3


def test_rules_are_known_by_code_family_and_name() -> None:
    assert unknown_rules(["MA101", "ma1", "index-without-concurrently"]) == ()
    assert unknown_rules(["MA999", "index"]) == ("MA999", "index")


def test_a_finding_names_the_rewrite_that_the_plan_really_uses(tmp_path: Path, url: Secret) -> None:
    files = {
        "migrations/1_t.up.sql": "CREATE TABLE t (id bigint PRIMARY KEY, a int, b int);\n",
        "migrations/2_a.up.sql": "CREATE INDEX t_a ON t (a);\nALTER TABLE t DROP COLUMN b;\n",
    }
    root = written(tmp_path, files)
    unknown = {each.code: each.recipe for each in looked(root).findings}
    assert (unknown["MA101"], unknown["MA201"]) == ("index-concurrently", None)
    midair.apply(midair.Request(root, url=url), Remembering(), "1")
    small = {each.code: each.recipe for each in looked(root, url=url).findings}
    assert small["MA101"] is None  # the table is empty: the plan runs it as written


def test_on_a_large_table_the_rewrite_is_in_the_plan_and_in_the_finding(
    tmp_path: Path, url: Secret, session: Session
) -> None:
    root = written(
        tmp_path,
        {
            "migrations/1_t.up.sql": "CREATE TABLE t (id bigint PRIMARY KEY, a int, b text);\n"
            "CREATE TABLE u (id bigint PRIMARY KEY);\n",
            "migrations/2_a.up.sql": "ALTER TABLE u ADD COLUMN c int;\nCREATE INDEX t_a ON t (a);\n"
            "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'k') THEN"
            " ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u; END IF; END $$;\n",
        },
    )
    midair.apply(midair.Request(root, url=url), Remembering(), "1")
    session.run(
        [
            Sql("INSERT INTO t SELECT i, i, repeat('x', 200) FROM generate_series(1, 60000) AS i"),
            Sql("ANALYZE t"),
        ],
        atomic=False,
    )
    found = {each.code: each.recipe for each in looked(root, url=url).findings}
    assert found["MA101"] == "index-concurrently"
    assert found["MA503"] == "own-transaction"
    assert found["MA105"] == "foreign-key-in-two-steps"  # in a block that the plan takes apart
    plan = midair.plan(midair.Request(root, url=url, strategy="online"))
    assert "index-concurrently" in {step.rewrite for step in plan.steps}
