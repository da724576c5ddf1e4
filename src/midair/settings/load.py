"""Reads every place a setting may stand, and lets the nearest one win."""

from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import cast, overload

from msgspec.structs import fields

from midair.errors import BadSetting, ConfigurationError, NotSet, SeveralProblems
from midair.model.address import Secret
from midair.model.frozen import frozen
from midair.settings.check import Problems, checked, converted, suggestion
from midair.settings.discover import Document, discover, named
from midair.settings.duration import Duration
from midair.settings.expand import expanded, file_text
from midair.settings.rules import RuleSettings
from midair.settings.shape import Adjustable, ProjectEntry, Strategy, Threshold, TopLevel


@frozen
class Flags:
    """What the command line says; `None` and absent mean: nothing.

    `values` holds the text of each setting given as a flag, by the setting's own name.
    """

    environment: str | None = None
    project: str | None = None
    config: Path | None = None
    values: Mapping[str, str] = field(default_factory=dict[str, str])


@frozen
class Origin:
    """Where a value was found, for people: `--url`, `MIDAIR_URL`, `midair.toml:14`, `default`."""

    document: Document | None
    keys: tuple[str | int, ...]
    label: str = ""

    def __str__(self) -> str:
        return self.document.place(*self.keys) if self.document else self.label


@frozen
class Settings:
    """Every effective value. Durations in seconds; `None` means nobody said.

    `root` is the folder of the project. `tool_options` holds the strings of `[tools.NAME]`, by tool.
    `variables` is the process environment, with `env_file` beneath it.
    """

    root: Path
    variables: Mapping[str, str]
    file: Path | None = None
    environment: str | None = None
    environments: tuple[str, ...] = ()
    url: Secret | None = None
    password: Secret | None = None
    scratch: Secret | None = None
    protected: bool = False
    strategy: Strategy | None = None
    """`None`: what fits the database."""
    fail_on: Threshold = Threshold.HIGH
    rules: RuleSettings = field(default_factory=RuleSettings)
    lock_wait_s: float = 0.05
    lock_budget_s: float = 600.0
    terminate_blockers_s: float | None = None
    workers: int = 1
    batch_time_s: float = 0.01
    duty: float = 100.0
    health_sql: str | None = None
    slowdown: float = 1.5
    max_wal_mb: float | None = None
    throttle: bool = True
    small_table_mb: float = 1.0
    gate_age_s: float = 0.0
    gate_quiet_s: float = 1800.0
    archive_s: float | None = None
    statement_timeout_s: float = 0.0
    wait_s: float = 0.0
    python: str | None = None
    tool: str | None = None
    masks: tuple[str, ...] = ()
    """Columns whose values a rehearsal never reads."""
    tool_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    origins: Mapping[str, Origin] = field(default_factory=dict[str, Origin])
    """Only of values that somebody set."""


@frozen
class Layer:
    """One place settings come from, in order of precedence."""

    values: Mapping[str, object]
    origins: Mapping[str, Origin]


def load(flags: Flags, variables: Mapping[str, str], here: Path) -> Settings:
    """The effective settings for a command started in the folder `here`.

    Raises:
        BadSetting, NotSet: one thing is wrong.
        SeveralProblems: several are; all are listed.
    """
    start = (here / flags.project).resolve() if flags.project else here.resolve()
    config = flags.config or (Path(variables["MIDAIR_CONFIG"]) if variables.get("MIDAIR_CONFIG") else None)
    document = named(here / config) if config else discover(start if start.is_dir() else here.resolve())
    problems = Problems()
    top = checked(document, problems) if document else TopLevel()
    settings = _effective(flags, variables, here.resolve(), document, top, problems)
    raise_all(problems.errors)
    return settings


def check_all(flags: Flags, variables: Mapping[str, str], here: Path) -> tuple[ConfigurationError, ...]:
    """Everything that is wrong in any environment, offline; empty when all is well."""
    start = (here / flags.project).resolve() if flags.project else here.resolve()
    document = (
        named(here / flags.config) if flags.config else discover(start if start.is_dir() else here.resolve())
    )
    problems = Problems()
    top = checked(document, problems) if document else TopLevel()
    chosen = (flags.environment,) if flags.environment else (None, *(top.environments or {}))
    for name in chosen:
        each = Flags(name, flags.project, flags.config, flags.values)
        _effective(each, variables, here.resolve(), document, top, problems)
    _unknown_variables(variables, problems)
    return tuple({(type(error), error.message): error for error in problems.errors}.values())


def raise_all(errors: list[ConfigurationError]) -> None:
    """Raises what was collected: one error as itself, several as one that lists them."""
    distinct = list({error.message: error for error in errors}.values())
    if len(distinct) == 1:
        raise distinct[0]
    if distinct:
        raise SeveralProblems(tuple(distinct))


def _effective(
    flags: Flags,
    variables: Mapping[str, str],
    here: Path,
    document: Document | None,
    top: TopLevel,
    problems: Problems,
) -> Settings:
    folder = document.path.parent if document else here
    variables = _with_env_file(top, variables, folder, document, problems)
    environment, chosen_by = _environment(flags, variables, top, document, problems)
    layers = tuple(_layers(flags, variables, environment, top, document, problems))
    chosen = _Chosen(layers, variables, folder, here, problems)
    entry = _entry(flags, top)
    tools = {name: _strings(options, chosen, ("tools", name)) for name, options in (top.tools or {}).items()}
    tool = chosen.text("tool") or (entry.tool if entry else None)
    if entry and entry.options and tool:
        tools[tool] = {**tools.get(tool, {}), **_strings(entry.options, chosen, ("projects",))}
    return Settings(
        root=_root(flags, top, entry, folder, here),
        variables=variables,
        file=document.path if document else None,
        environment=environment,
        environments=tuple(top.environments or {}),
        url=chosen.url(),
        password=chosen.secret_file("password_file"),
        scratch=chosen.secret("scratch"),
        protected=chosen.value("protected") is True,
        strategy=cast("Strategy | None", chosen.value("strategy")),
        fail_on=cast("Threshold", chosen.value("fail_on") or Threshold.HIGH),
        rules=RuleSettings(top.rules, document) if top.rules else RuleSettings(),
        lock_wait_s=chosen.seconds("lock_wait", 0.05),
        lock_budget_s=chosen.seconds("lock_budget", 600.0),
        terminate_blockers_s=chosen.seconds("terminate_blockers_older_than", None),
        workers=cast("int", chosen.value("workers") or 1),
        batch_time_s=chosen.seconds("batch_time", 0.01),
        duty=cast("float", chosen.value("duty") or 100.0),
        health_sql=chosen.text("health_sql"),
        slowdown=cast("float", chosen.value("slowdown") or 1.5),
        max_wal_mb=cast("float | None", chosen.value("max_wal_mb")),
        throttle=chosen.value("throttle") is not False,
        small_table_mb=1.0 if (small := chosen.value("small_table_mb")) is None else cast("float", small),
        gate_age_s=chosen.seconds("gate_age", 0.0),
        gate_quiet_s=chosen.seconds("gate_quiet", 1800.0),
        archive_s=chosen.seconds("archive", None),
        statement_timeout_s=chosen.seconds("statement_timeout", 0.0),
        wait_s=chosen.seconds("wait", 0.0),
        python=chosen.text("python"),
        tool=tool,
        masks=tuple(top.rehearse.mask or ()) if top.rehearse else (),
        tool_options=tools,
        origins={"environment": chosen_by}
        | {name: layer.origins[name] for layer in reversed(layers) for name in layer.values},
    )


@frozen
class _Chosen:
    """Looks a setting up through the layers, and expands what it finds."""

    layers: tuple[Layer, ...]
    variables: Mapping[str, str]
    folder: Path
    here: Path
    problems: Problems

    def found(self, name: str) -> tuple[object, Origin] | None:
        return next(
            ((layer.values[name], layer.origins[name]) for layer in self.layers if name in layer.values), None
        )

    def value(self, name: str) -> object:
        found = self.found(name)
        return found[0] if found else None

    @overload
    def seconds(self, name: str, default: float) -> float: ...
    @overload
    def seconds(self, name: str, default: None) -> float | None: ...
    def seconds(self, name: str, default: float | None) -> float | None:
        value = self.value(name)
        return value.seconds if isinstance(value, Duration) else default

    def text(self, name: str) -> str | None:
        found = self.found(name)
        return self.expand(str(found[0]), f"{found[1]} {name}:") if found else None

    def expand(self, text: str, where: str) -> str | None:
        try:
            return expanded(text, self.variables, self.folder, where)
        except NotSet as error:
            self.problems.errors.append(error)
            return None

    def secret(self, name: str) -> Secret | None:
        text = self.text(name)
        return Secret(text) if text is not None else None

    def secret_file(self, name: str) -> Secret | None:
        found, path = self.found(name), self.text(name)
        if found is None or path is None:
            return None
        # A path in the settings file is relative to that file, any other to where the user is.
        base = self.folder if found[1].document else self.here
        try:
            return Secret(file_text(base / Path(path).expanduser(), f"{found[1]} {name}:"))
        except NotSet as error:
            self.problems.errors.append(error)
            return None

    def url(self) -> Secret | None:
        """The nearest of `url` and `url_file`; both at one place would leave it open which is meant."""
        for layer in self.layers:
            if "url" in layer.values and "url_file" in layer.values:
                self.problems.add(
                    str(layer.origins["url_file"]), "url and url_file are both set here", "keep one of them"
                )
            if "url" in layer.values:
                # Empty after `${NAME:-}`: left to the tool's own files.
                return self.secret("url") if self.text("url") else None
            if "url_file" in layer.values:
                return self.secret_file("url_file")
        return None


def _layers(
    flags: Flags,
    variables: Mapping[str, str],
    environment: str | None,
    top: TopLevel,
    document: Document | None,
    problems: Problems,
) -> Iterator[Layer]:
    names = tuple(field.name for field in fields(Adjustable))
    flag_texts = {name: (text, f"--{name.replace('_', '-')}") for name, text in flags.values.items()}
    variable_texts = {
        name: (variables[key], key) for name in names if variables.get(key := f"MIDAIR_{name.upper()}")
    }
    for texts in (flag_texts, variable_texts):
        values = {name: converted(text, name, f"{label}:", problems) for name, (text, label) in texts.items()}
        yield Layer(
            {name: value for name, value in values.items() if value is not None},
            {name: Origin(None, (), label) for name, (_, label) in texts.items()},
        )
    if environment and top.environments and environment in top.environments:
        yield _table_layer(top.environments[environment], names, document, ("environments", environment))
    yield _table_layer(top, names, document, ())


def _table_layer(
    table: Adjustable, names: tuple[str, ...], document: Document | None, path: tuple[str, ...]
) -> Layer:
    values: dict[str, object] = {name: value for name in names if (value := getattr(table, name)) is not None}
    return Layer(values, {name: Origin(document, (*path, name)) for name in values})


def _environment(
    flags: Flags, variables: Mapping[str, str], top: TopLevel, document: Document | None, problems: Problems
) -> tuple[str | None, Origin]:
    named_by = (
        (flags.environment, Origin(None, (), "--env")),
        (variables.get("MIDAIR_ENV") or None, Origin(None, (), "MIDAIR_ENV")),
        (top.default_env, Origin(document, ("default_env",))),
    )
    name, origin = next(
        ((name, origin) for name, origin in named_by if name), (None, Origin(None, (), "default"))
    )
    known = tuple(top.environments or {})
    if name is None or name in known:
        return name, origin
    listed = (
        f"the environments are: {', '.join(known)}"
        if known
        else "no [environments.NAME] is in any settings file"
    )
    problems.add(str(origin), f"{name} is not an environment", suggestion(name, known) or listed)
    return None, origin


def _with_env_file(
    top: TopLevel, variables: Mapping[str, str], folder: Path, document: Document | None, problems: Problems
) -> Mapping[str, str]:
    if top.env_file is None:
        return variables
    from dotenv import dotenv_values

    path = folder / top.env_file
    if not path.is_file():
        problems.add(
            document.place("env_file") if document else "env_file",
            f"{path} is not a file",
            "create it, or remove env_file",
        )
        return variables
    return {**{name: value for name, value in dotenv_values(path).items() if value is not None}, **variables}


def _entry(flags: Flags, top: TopLevel) -> ProjectEntry | None:
    entries = top.projects or []
    wanted = flags.project
    if wanted is None:
        return entries[0] if len(entries) == 1 else None
    return next((entry for entry in entries if wanted in (entry.name, entry.path)), None)


def _root(flags: Flags, top: TopLevel, entry: ProjectEntry | None, folder: Path, here: Path) -> Path:
    if entry:
        return (folder / entry.path).resolve()
    if flags.project:
        root = (here / flags.project).resolve()
        if not root.is_dir():
            known = [entry.name or entry.path for entry in top.projects or []]
            hint = f"the projects are: {', '.join(known)}" if known else "name a folder that exists"
            raise BadSetting(f"--project: {flags.project} is not a folder", hint=hint)
        return root
    return (folder / (top.project or ".")).resolve()


def _strings(
    options: Mapping[str, object], chosen: _Chosen, path: tuple[str, ...], prefix: str = ""
) -> dict[str, str]:
    """A tool's options as flat strings: tables by dotted names, lists joined by commas."""
    found: dict[str, str] = {}
    for name, value in options.items():
        if isinstance(value, dict):
            found |= _strings(cast("dict[str, object]", value), chosen, path, f"{prefix}{name}.")
            continue
        parts = cast("list[object]", value) if isinstance(value, list) else [value]
        text = ",".join(("false", "true")[part] if isinstance(part, bool) else str(part) for part in parts)
        found[prefix + name] = chosen.expand(text, f"{'.'.join(path)}.{prefix}{name}:") or ""
    return found


# Read elsewhere, or meaningful to the surface alone.
_OTHER_VARIABLES = ("MIDAIR_ENV", "MIDAIR_CONFIG", "MIDAIR_PG_BIN")


def _unknown_variables(variables: Mapping[str, str], problems: Problems) -> None:
    known = (*(f"MIDAIR_{field.name.upper()}" for field in fields(Adjustable)), *_OTHER_VARIABLES)
    for name in variables:
        if name.startswith("MIDAIR_") and name not in known:
            problems.add(name, "is not a variable midair reads", suggestion(name, known))
