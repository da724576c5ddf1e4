"""Settings: where values come from, which one wins, and what is said about wrong ones."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from midair.errors import BadSetting, NotSet, SeveralProblems
from midair.settings import Flags, Settings, load, shown
from midair.settings.load import check_all


def _load(
    folder: Path,
    text: str | None = None,
    variables: Mapping[str, str] | None = None,
    flags: Flags | None = None,
) -> Settings:
    if text is not None:
        (folder / "midair.toml").write_text(text)
    return load(flags or Flags(), variables or {}, folder)


def _messages(folder: Path, text: str, variables: Mapping[str, str] | None = None) -> list[str]:
    (folder / "midair.toml").write_text(text)
    return [
        f"{error.code} {error.message}; {error.hint}" for error in check_all(Flags(), variables or {}, folder)
    ]


def test_without_any_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = _load(tmp_path)
    assert (settings.lock_wait_s, settings.lock_budget_s, settings.strategy, settings.protected) == (
        0.05,
        600.0,
        None,
        False,
    )
    assert settings.root == tmp_path


_FILE = """
lock_wait = "40ms"
[environments.prod]
url = "postgresql://prod/shop"
lock_wait = "30ms"
"""


@pytest.mark.parametrize(
    ("environment", "variables", "values", "expected"),
    [
        (None, {}, {}, 0.04),
        ("prod", {}, {}, 0.03),
        ("prod", {"MIDAIR_LOCK_WAIT": "20ms"}, {}, 0.02),
        ("prod", {"MIDAIR_LOCK_WAIT": "20ms"}, {"lock_wait": "10ms"}, 0.01),
    ],
    ids=["top level", "environment table", "variable", "flag"],
)
def test_the_nearest_place_wins(
    tmp_path: Path,
    environment: str | None,
    variables: dict[str, str],
    values: dict[str, str],
    expected: float,
) -> None:
    assert _load(tmp_path, _FILE, variables, Flags(environment, values=values)).lock_wait_s == expected


def test_every_value_is_shown_with_its_origin_and_secrets_are_not(tmp_path: Path) -> None:
    rows = {row.name: row for row in shown(_load(tmp_path, _FILE, {"MIDAIR_WAIT": "5s"}, Flags("prod")))}
    assert (rows["lock_wait"].value, rows["lock_wait"].origin) == ("30ms", "midair.toml:5")
    assert (rows["url"].value, rows["url"].origin) == ("•••", "midair.toml:4")
    assert (rows["wait"].value, rows["wait"].origin) == ("5s", "MIDAIR_WAIT")
    assert rows["lock_budget"].origin == "default"


def test_the_environment_comes_from_flag_then_variable_then_file(tmp_path: Path) -> None:
    text = 'default_env = "a"\n[environments.a]\n[environments.b]\n[environments.c]\n'
    assert _load(tmp_path, text).environment == "a"
    assert _load(tmp_path, text, {"MIDAIR_ENV": "b"}).environment == "b"
    assert _load(tmp_path, text, {"MIDAIR_ENV": "b"}, Flags("c")).environment == "c"


def test_an_unknown_environment_is_answered_with_the_closest(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="prdo is not an environment") as raised:
        _load(tmp_path, _FILE, flags=Flags("prdo"))
    assert raised.value.hint == "did you mean prod?"


def test_all_problems_are_listed_at_once_with_their_lines(tmp_path: Path) -> None:
    text = """
lock_wait = 50
colour = true
[environments.prod]
url = "${NO_SUCH}"
lock_timout = "50ms"
strategy = "offline"
"""
    assert _messages(tmp_path, text) == [
        'ME110 midair.toml:2 lock_wait: 50 is not a duration; write a number and a unit in quotes, as in "50ms"; None',
        "ME110 midair.toml:3 colour is not a setting; docs/reference/settings.md lists them all",
        "ME110 midair.toml:6 environments.prod.lock_timout is not a setting; did you mean lock_wait?",
        "ME110 midair.toml:7 environments.prod.strategy: 'offline' cannot be chosen here; one of: online, direct; None",
        "ME111 midair.toml:5 url: ${NO_SUCH} is not set; set NO_SUCH, or write ${NO_SUCH:-default}",
    ]


def test_loading_raises_all_problems_as_one(tmp_path: Path) -> None:
    with pytest.raises(SeveralProblems) as raised:
        _load(tmp_path, 'lock_wait = "fast"\nwait = "soon"\n')
    assert len(raised.value.problems) == 2


def test_environments_that_are_not_meant_need_not_be_complete(tmp_path: Path) -> None:
    text = '[environments.dev]\nurl = "sqlite:dev.db"\n[environments.prod]\nurl = "${NOT_HERE}"\n'
    settings = _load(tmp_path, text, flags=Flags("dev"))
    assert settings.url is not None
    assert settings.url.reveal() == "sqlite:dev.db"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("${HOST}", "db"),
        ("a${HOST}b", "adbb"),
        ("${NONE:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("$${HOST}", "${HOST}"),
        ("$HOST", "$HOST"),
        ("${file:secret}", "from file"),
    ],
)
def test_expansions(tmp_path: Path, written: str, meant: str) -> None:
    (tmp_path / "secret").write_text("from file\n")
    settings = _load(tmp_path, f'url = "{written}"', {"HOST": "db", "EMPTY": ""})
    assert settings.url is not None
    assert settings.url.reveal() == meant


def test_an_optional_url_that_is_not_set_counts_as_none(tmp_path: Path) -> None:
    assert _load(tmp_path, 'url = "${DATABASE_URL:-}"').url is None


def test_a_missing_secret_file_is_an_error_naming_setting_and_path(tmp_path: Path) -> None:
    with pytest.raises(NotSet, match=r"midair.toml:1 password_file: .*/none cannot be read"):
        _load(tmp_path, 'password_file = "none"')


def test_password_and_address_files_named_by_variables(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("s3cret\n")
    (tmp_path / "u").write_text("postgresql://h/d\n")
    settings = _load(tmp_path, None, {"MIDAIR_PASSWORD_FILE": "p", "MIDAIR_URL_FILE": "u"})
    assert settings.password is not None
    assert settings.url is not None
    assert (settings.password.reveal(), settings.url.reveal()) == ("s3cret", "postgresql://h/d")
    assert "s3cret" not in repr(settings)


def test_discovery_climbs_to_the_repository_root_and_no_further(tmp_path: Path) -> None:
    (tmp_path / "midair.toml").write_text('wait = "1s"')
    repository = tmp_path / "repository"
    inner = repository / "services" / "shop"
    inner.mkdir(parents=True)
    (repository / ".git").mkdir()
    assert load(Flags(), {}, inner).file is None
    (repository / "midair.toml").write_text('wait = "2s"')
    assert load(Flags(), {}, inner).wait_s == 2.0


def test_pyproject_is_read_when_it_has_the_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.midair]\nwait = "3s"\n')
    settings = _load(tmp_path)
    assert settings.wait_s == 3.0
    assert str(settings.origins["wait"]) == "pyproject.toml:4"


def test_both_files_in_one_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.midair]\n")
    with pytest.raises(BadSetting, match="both there"):
        _load(tmp_path, 'wait = "1s"')


def test_a_file_that_is_not_toml_is_named_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"midair.toml is not TOML: .*line 2"):
        _load(tmp_path, "a = 1\nb = = 2\n")


def test_several_projects_are_chosen_by_name_or_path(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "crm").mkdir()
    text = '[[projects]]\npath = "shop"\nname = "s"\ntool = "flyway"\n[[projects]]\npath = "crm"\n'
    assert _load(tmp_path, text, flags=Flags(project="s")).root == tmp_path / "shop"
    assert _load(tmp_path, text, flags=Flags(project="s")).tool == "flyway"
    assert _load(tmp_path, text, flags=Flags(project="crm")).root == tmp_path / "crm"
    with pytest.raises(BadSetting, match="none is not a folder"):
        _load(tmp_path, text, flags=Flags(project="none"))


def test_tool_options_become_flat_strings_with_expansions(tmp_path: Path) -> None:
    text = '[tools.flyway]\noutOfOrder = true\nlocations = ["a", "b"]\n[tools.flyway.placeholders]\nowner = "${WHO}"\n'
    settings = _load(tmp_path, text, {"WHO": "ana"})
    assert settings.tool_options == {
        "flyway": {"outOfOrder": "true", "locations": "a,b", "placeholders.owner": "ana"}
    }


def test_a_dotenv_file_counts_only_when_named_and_beneath_the_process(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    assert _load(tmp_path, 'url = "${A:-none}"').variables == {}
    settings = _load(tmp_path, 'env_file = ".env"\nurl = "${A}${B}"', {"A": "process"})
    assert settings.url is not None
    assert settings.url.reveal() == "processfile"


def test_a_variable_midair_does_not_read_is_reported_by_the_check(tmp_path: Path) -> None:
    assert _messages(tmp_path, "", {"MIDAIR_LOCKWAIT": "1s"}) == [
        "ME110 MIDAIR_LOCKWAIT is not a variable midair reads; did you mean MIDAIR_LOCK_WAIT?"
    ]


def test_one_of_several_projects_has_options_of_its_own(tmp_path: Path) -> None:
    text = "\n".join(
        f'[[projects]]\npath = "."\nname = "{name}"\ntool = "alembic"\noptions = {{ database = "{name}" }}'
        for name in ("orders", "people")
    )
    for name in ("orders", "people"):
        settings = _load(tmp_path, text, flags=Flags(project=name))
        assert settings.tool_options == {"alembic": {"database": name}}


def test_options_that_say_no_tool_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"midair.toml:3 .*does not say for which tool"):
        _load(tmp_path, '[[projects]]\npath = "."\noptions = { database = "orders" }\n')


def test_the_size_of_a_small_table_comes_from_the_file_and_may_be_nothing(tmp_path: Path) -> None:
    assert _load(tmp_path, "").small_table_mb == 1
    assert _load(tmp_path, "small_table_mb = 0\n").small_table_mb == 0
    per_environment = "[environments.prod]\nsmall_table_mb = 0.25\n"
    assert _load(tmp_path, per_environment, flags=Flags(environment="prod")).small_table_mb == 0.25
    assert any(">= 0" in each for each in _messages(tmp_path, "small_table_mb = -1\n"))


def test_the_pace_of_batches_comes_from_file_and_flag(tmp_path: Path) -> None:
    text = 'workers = 4\nthrottle = false\nbatch_time = "10ms"\n'
    settings = _load(tmp_path, text, flags=Flags(values={"workers": "2"}))
    assert (settings.workers, settings.batch_time_s, settings.throttle) == (2, 0.01, False)
    assert any("<= 32" in each for each in _messages(tmp_path, "workers = 99\n"))
