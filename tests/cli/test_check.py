"""`midair check` as its users call it: formats, exit codes, files beside, settings, and a project under git."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from midair.model.address import Address
from tests.cli import in_process
from tests.cli.in_process import Ran
from tests.conftest import url_of
from tests.sources.alembic.projects import revision, write_project
from tests.support.folders import committed, git, written

PAIRS = {
    "migrations/1_orders.up.sql": "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n",
    "migrations/1_orders.down.sql": "DROP TABLE orders;\n",
    "migrations/2_index.up.sql": "CREATE INDEX orders_total ON orders (total);\n",
    "migrations/2_index.down.sql": "DROP INDEX orders_total;\n",
}
ALLOWED = "-- midair: allow MA101 because orders has 12 rows\n" + PAIRS["migrations/2_index.up.sql"]


def midair(folder: Path, *words: str, variables: Mapping[str, str] | None = None) -> Ran:
    return in_process.midair(folder, "check", *words, variables=variables)


def as_json(folder: Path, *words: str, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    return json.loads(midair(folder, *words, "-f", "json", variables=variables).stdout)["payload"]


def counted(payload: dict[str, Any]) -> list[str]:
    return [each["code"] for each in payload["findings"] if each["suppressed"] is None]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 1),
        (("--fail-on", "never"), 0),
        (("--fail-on", "low"), 1),
        (("1",), 0),
        (("1", "--fail-on=low"), 0),
    ],
    ids=str,
)
def test_the_exit_code_is_the_answer_at_the_threshold(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    ran = midair(written(tmp_path, PAIRS), *words)
    assert (ran.returncode, ran.stderr) == (code, "")


def test_the_threshold_may_stand_in_the_settings_and_a_flag_wins(tmp_path: Path) -> None:
    root = written(tmp_path, {**PAIRS, "midair.toml": 'fail_on = "never"\n'})
    assert midair(root).returncode == 0
    assert midair(root, "--fail-on", "high").returncode == 1
    assert midair(root, variables={"MIDAIR_FAIL_ON": "high"}).returncode == 1
    wrong = midair(root, "--fail-on", "huge")
    assert wrong.returncode == 2
    assert "one of: low, medium, high, never" in wrong.stderr


def test_the_text_shows_place_statement_and_safe_sql(tmp_path: Path) -> None:
    said = midair(written(tmp_path, PAIRS)).stdout
    assert said.startswith("migrations/2_index.up.sql:1: high MA101 index-without-concurrently\n")
    assert (
        "  1 | CREATE INDEX orders_total ON orders (total);\n    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"
        in said
    )
    assert "\n      CREATE INDEX CONCURRENTLY orders_total ON orders USING btree (total);\n" in said
    assert "1 high in 2 migrations" in said
    assert said.endswith("  next  midair explain MA101\n")


def test_json_keeps_to_its_schema_on_success_and_on_failure(tmp_path: Path) -> None:
    root = written(tmp_path, {**PAIRS, "migrations/2_index.up.sql": ALLOWED})
    schema = json.loads(midair(root, "--schema").stdout)
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema)
    found = json.loads(midair(root, "-f", "json").stdout)
    failed = json.loads(midair(root, "nothing-of-this-name", "-f", "json").stdout)
    judge.validate(found)
    judge.validate(failed)
    assert found["payload"]["findings"][0]["allowed_by"] == "file"
    assert failed["payload"]["code"] == "ME206"
    del found["payload"]["findings"][0]["fingerprint"], found["payload"]["risk"]
    found["payload"]["findings"][0]["risk"] = "enormous"
    assert not judge.is_valid(found)


def test_one_run_writes_several_formats(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    ran = midair(root, "-o", "sarif=check.sarif", "-o", "markdown=comment.md", "-o", "junit=check.xml")
    assert "MA101" in ran.stdout
    assert json.loads((root / "check.sarif").read_text())["version"] == "2.1.0"
    assert (root / "comment.md").read_text().startswith("<!-- midair check -->\n## midair check: high risk")
    assert 'failures="1"' in (root / "check.xml").read_text()


def test_an_allowance_counts_with_its_reason_and_is_shown(tmp_path: Path) -> None:
    root = written(tmp_path, {**PAIRS, "migrations/2_index.up.sql": ALLOWED})
    ran = midair(root)
    assert ran.returncode == 0
    assert ran.stdout == "✓ nothing found in 2 migrations; 1 allowed in the files\n"
    assert "allowed: orders has 12 rows" in midair(root, "-v").stdout


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("-- midair: allow MA101", "MA722"),
        ("-- midair: allow MA101 because of a freeze (until 2020-02-29)", "MA722"),
        ("-- midair: allow MA101 because of a freeze (until 2020-02-31)", "MA722"),
        ("-- midair: allow MA104 because it is small", "MA723"),
        ("-- midair: allow MA999 because it is small", "MA723"),
    ],
    ids=str,
)
def test_an_allowance_that_does_not_count_or_hides_nothing_is_a_finding(
    tmp_path: Path, comment: str, code: str
) -> None:
    text = f"{comment}\n{PAIRS['migrations/2_index.up.sql']}"
    payload = as_json(written(tmp_path, {**PAIRS, "migrations/2_index.up.sql": text}))
    assert sorted(counted(payload)) == ["MA101", code]
    assert [each["span"]["line"] for each in payload["findings"] if each["code"] == code] == [1]
    assert [each["revision"] for each in payload["findings"]] == ["2", "2"]


def test_an_allowance_with_a_day_to_come_counts(tmp_path: Path) -> None:
    text = (
        f"-- midair: allow MA101 because of a freeze (until 9999-01-31)\n{PAIRS['migrations/2_index.up.sql']}"
    )
    payload = as_json(written(tmp_path, {**PAIRS, "migrations/2_index.up.sql": text}))
    assert counted(payload) == []
    assert payload["findings"][0]["suppressed"] == "of a freeze (until 9999-01-31)"


def test_the_settings_decide_which_rules_count_and_reports_say_so(tmp_path: Path) -> None:
    toml = '[rules]\nignore = ["MA3"]\n[rules.per-path]\n"migrations/2*" = ["index-without-concurrently"]\n'
    root = written(tmp_path, {**PAIRS, "midair.toml": toml})
    ran = midair(root)
    assert (ran.returncode, ran.stdout) == (
        0,
        "✓ nothing found in 2 migrations; 1 ignored by the settings\n",
    )
    written(root, {"midair.toml": '[rules.risk]\nMA101 = "low"\n'})
    ran = midair(root)
    assert ran.returncode == 0
    assert "the settings call this low; by itself it is high" in ran.stdout
    assert "1 low in 2 migrations; 1 with a risk from the settings" in ran.stdout


def test_settings_that_name_no_rule_are_all_listed_with_their_lines(tmp_path: Path) -> None:
    toml = '[rules]\nignore = ["MA101", "MA999"]\n[rules.risk]\nnonsense = "low"\n[rules.per-path]\n"a/*" = ["x"]\n'
    root = written(tmp_path, {**PAIRS, "midair.toml": toml})
    ran = midair(root)
    assert ran.returncode == 2
    for place in ("midair.toml:2 MA999", "midair.toml:4 nonsense", "midair.toml:6 x"):
        assert f"{place} is no rule" in ran.stderr
    checked = in_process.midair(root, "config", "check")
    assert checked.returncode == 2
    assert "midair.toml:2 MA999 is no rule" in checked.stdout + checked.stderr


def test_a_baseline_is_begun_kept_and_read_from_the_settings(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    begun = midair(root, "--baseline", "known.json", "--update-baseline")
    assert begun.returncode == 0
    assert "holds 1 known finding" in begun.stdout
    ran = midair(root, "--baseline", "known.json")
    assert (ran.returncode, ran.stdout) == (0, "✓ nothing found in 2 migrations; 1 in the baseline\n")
    written(
        root,
        {
            "midair.toml": '[rules]\nbaseline = "known.json"\n',
            "migrations/3_b.up.sql": "CREATE INDEX b ON orders (id, total);\n",
        },
    )
    assert midair(root).returncode == 1
    assert counted(as_json(root)).count("MA101") == 1
    assert midair(root, "--update-baseline").returncode == 0
    assert midair(root).returncode == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read"),
        ("{", "it is not JSON"),
        ("[]", "no table"),
        ('{"format_version": 9}', "format_version 1"),
    ],
    ids=["missing", "cut", "list", "newer"],
)
def test_a_baseline_that_cannot_be_read_is_an_error(tmp_path: Path, text: str | None, why: str) -> None:
    root = written(tmp_path, {**PAIRS, **({"known.json": text} if text is not None else {})})
    ran = midair(root, "--baseline", "known.json")
    assert ran.returncode == 2
    assert why in ran.stderr


def test_files_are_named_from_where_the_user_is(tmp_path: Path) -> None:
    root = written(tmp_path, PAIRS)
    inside = root / "migrations"
    ran = midair(inside, "-C", "..", "2_index.up.sql")
    assert "1 high in 1 migration\n" in ran.stdout
    assert midair(inside, "-C", "..", "1_orders.down.sql").stdout == "✓ nothing found in 1 migration\n"


def test_since_and_fix_on_a_branch(tmp_path: Path) -> None:
    root = written(tmp_path, {name: text for name, text in PAIRS.items() if "2_" not in name})
    committed(root)
    git(root, "checkout", "-q", "-b", "work")
    written(root, PAIRS)
    committed(root)
    refused = midair(root, "--fix")
    assert refused.returncode == 2
    assert "--since" in refused.stderr
    ran = midair(root, "--since", "main", "--fix")
    assert ran.returncode == 0
    assert "✓ migrations/2_index.up.sql: 1 statement rewritten" in ran.stdout
    assert "CONCURRENTLY" in (root / "migrations/2_index.up.sql").read_text()
    assert midair(root, "--since", "nowhere").returncode == 2


def test_against_a_database_and_an_environment(tmp_path: Path, database: Address) -> None:
    url = url_of(database).reveal()
    root = written(tmp_path, {**PAIRS, "midair.toml": '[environments.prod]\nurl = "${DB}"\n'})
    for words in (("--against", url), ("-e", "prod")):
        payload = as_json(root, *words, variables={"DB": url})
        assert payload["catalog"]
        assert payload["server_version"] >= 13
        assert len(payload["migrations"]) == 2
    gone = midair(root, "--against", "postgresql://nobody@127.0.0.1:1/none")
    assert gone.returncode == 4


def test_an_alembic_project_shows_python_lines_and_op_calls(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "a": revision(
                "a", "None", 'op.create_table("orders", sa.Column("id", sa.BigInteger(), primary_key=True))'
            ),
            "b": revision(
                "b",
                "'a'",
                'op.create_check_constraint("positive", "orders", "id > 0")',
                'op.drop_constraint("positive", "orders")',
            ),
        },
        url="postgresql+psycopg://nobody@127.0.0.1:1/none",
    )
    ran = midair(root, "--python", sys.executable)
    assert "migrations/versions/b.py:10: high MA106 check-without-not-valid" in ran.stdout
    assert (
        '  10 |     op.create_check_constraint("positive", "orders", "id > 0")\n     |     ^^' in ran.stdout
    )
    assert 'op.execute("ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0) NOT VALID")' in ran.stdout
    assert ran.stderr.startswith("warning: the database was not asked: ")


def test_a_folder_without_migrations_and_a_wrong_version_are_usage_errors(tmp_path: Path) -> None:
    assert midair(tmp_path).returncode == 2
    assert midair(written(tmp_path, PAIRS), "--server-version", "9").returncode == 2
