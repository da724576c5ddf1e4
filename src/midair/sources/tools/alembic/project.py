"""Recognises and reads Alembic projects from their own files; Python is asked only what no file says."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from midair.database.address import parse
from midair.errors import BadAddress, BadSetting, MidairError, NothingHere, Unsupported
from midair.model.address import Address, Product, Secret
from midair.model.frozen import frozen
from midair.model.migration import Migration, RevisionId
from midair.model.statement import Span
from midair.sources.source import Found, Options, Project
from midair.sources.tools.alembic.env_file import EnvFile, env_file
from midair.sources.tools.alembic.graph import ordered
from midair.sources.tools.alembic.history import Table, history_of
from midair.sources.tools.alembic.interpreter import environments, interpreter, site_packages
from midair.sources.tools.alembic.program import Program, asked
from midair.sources.tools.alembic.revisions import Computed, Revision, description_of, files_of, revision_of
from midair.sources.tools.alembic.settings import Settings, has_tool_table, sections_of, settings_of

OPTIONS = {
    "name": "The section of alembic.ini, as in `-n`.",
    "x": "Arguments for env.py separated by blanks, as in `-x key=value`.",
    "database": "Which of the databases, where env.py migrates several (the `multidb` template).",
    "version_table": "The version table, where env.py computes its name.",
    "version_table_schema": "Its schema, where env.py computes it.",
    "transaction_per_migration": "true where env.py computes it.",
    "autogenerate": "true: `new` compares the models with the database that env.py connects to.",
    "head": "What a new revision follows, as in `--head`.",
    "version_path": "Where a new revision is written, as in `--version-path`.",
}
"""What `[tools.alembic]` may hold."""

_SKIPPED = {"node_modules", "venv", "__pycache__", "site-packages", "build", "dist"}


@frozen
class Layout:
    """Where a project's parts are, all resolved to folders that exist."""

    settings: Settings
    scripts: Path
    locations: tuple[Path, ...]


# ── recognising


def recognises(folder: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    """Projects with an alembic.ini or a `[tool.alembic]`, then bare script folders (`env.py` beside `versions/`)."""
    known: set[Path] = set()
    for place in _places(folder):
        for found in _configured(folder, place, variables):
            known.add(found.folder.resolve())
            yield found
    for place in _places(folder):
        if place.resolve() not in known and _is_script_folder(place):
            yield Found("alembic", folder, place, ("env.py beside versions/",))


def _is_script_folder(place: Path) -> bool:
    """`env.py` beside `versions/`; without Alembic's name in it, a folder of this shape is somebody else's."""
    env = place / "env.py"
    return env.is_file() and (place / "versions").is_dir() and b"alembic" in env.read_bytes()


def _places(folder: Path) -> list[Path]:
    with os.scandir(folder) as entries:
        below = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    return [folder, *(folder / name for name in below if name not in _SKIPPED)]


def _configured(root: Path, place: Path, variables: Mapping[str, str]) -> Iterator[Found]:
    ini = place / "alembic.ini"
    named = variables.get("ALEMBIC_CONFIG")
    if named and place == root and Path(named).name != "pyproject.toml":
        ini = root / named
    try:
        if ini.is_file() and (sections := sections_of(ini)):
            for section in sections:
                scripts = _scripts(settings_of(ini.parent, ini, section), variables)
                mark = f"{ini.name} [{section}]"
                yield Found("alembic", root, scripts or ini.parent, (mark,), ini)
        elif has_tool_table(place):
            config = ini if ini.is_file() else None
            scripts = _scripts(settings_of(place, config), variables)
            mark = "pyproject.toml [tool.alembic]"
            yield Found("alembic", root, scripts or place, (mark,), config or place / "pyproject.toml")
    except MidairError:
        # Recognised by its name; `read` tells what is wrong with it.
        yield Found("alembic", root, place, (ini.name,), ini if ini.is_file() else place / "pyproject.toml")


def _scripts(settings: Settings, variables: Mapping[str, str], python: Path | None = None) -> Path | None:
    """The folder of `script_location`, or `None` when it is in a package that is in no known place."""
    return _folder(settings, settings.script_location or "", variables, python)


def _folder(
    settings: Settings, location: str, variables: Mapping[str, str], python: Path | None
) -> Path | None:
    if ":" not in location or Path(location).is_absolute():
        return settings.cwd / location
    package, _, inner = location.partition(":")
    relative = Path(*package.split("."), inner)
    pythons = [python] if python else list(environments(settings.cwd, variables))
    homes = [settings.cwd, settings.cwd / "src", *(settings.cwd / each for each in settings.prepend)]
    homes += [folder for each in pythons for folder in site_packages(each)]
    return next((home / relative for home in homes if (home / relative).is_dir()), None)


# ── reading


def read(found: Found, options: Options) -> Project:
    """The revisions in an order in which they can run; only computed identifiers need the project's Python.

    Raises:
        BadSetting: the configuration makes no sense.
        BadMigration, BrokenHistory, DuplicateRevision: the revision files do not.
        ProgramFailed: Python had to be asked and failed.
    """
    made = layout(found, options)
    env = env_file(made.scripts / "env.py")
    migrations = ordered(_migrations(found, made, options))
    address, origin = _address(found, made.settings, env, options)
    product = options.product or (address.product if address else None)
    per_migration = flag(options, "transaction_per_migration", default=env.transaction_per_migration)
    return Project(
        tool="alembic",
        root=found.root,
        folder=made.scripts,
        migrations=migrations,
        history=history_of(
            _table(env, options),
            migrations,
            # On SQLite Alembic ends a transaction after every revision, whatever env.py asks for.
            run_is_one_transaction=not per_migration and product is not Product.SQLITE,
        ),
        address=address,
        origin=origin,
        warnings=tuple(_warnings(env, options)),
        product=product,
        settings=_kept(found, made),
    )


def layout(found: Found, options: Options) -> Layout:
    """Where everything is.

    Raises:
        BadSetting, UnreadableFile: the configuration is broken.
        NothingHere: the script folder is nowhere.
    """
    settings = _settings(found, options)
    if settings.script_location is None:
        return Layout(settings, found.folder, (found.folder / "versions",))
    python = Path(options.python) if options.python and os.sep in options.python else None
    scripts = _scripts(settings, options.variables, python) or _asked_for_folder(found, settings, options)
    if not scripts.is_dir():
        raise NothingHere(
            f"script_location is {settings.script_location!r}, and {scripts} is no folder",
            hint=f"correct it in {settings.ini or settings.toml}; a relative one starts at {settings.cwd}",
        )
    locations = tuple(
        _folder(settings, each, options.variables, python) or settings.cwd / each
        for each in settings.version_locations
    )
    return Layout(settings, scripts, locations or (scripts / "versions",))


def _settings(found: Found, options: Options) -> Settings:
    if found.config is None:
        return Settings(found.root, None, None, "alembic", None)
    ini = found.config if found.config.name != "pyproject.toml" else None
    section = options.tool.get("name")
    if section is None and ini and has_several(ini):
        section = next(
            (
                each
                for each in sections_of(ini)
                if _scripts(settings_of(ini.parent, ini, each), options.variables) == found.folder
            ),
            None,
        )
    made = settings_of(found.config.parent, ini, section, options.tool.get("database"))
    if made.script_location is None:
        raise BadSetting(
            f"{found.config} has no script_location in [{made.section}]", hint="Alembic needs one"
        )
    return made


def has_several(ini: Path) -> bool:
    """Whether the sections of an ini are other than `[alembic]` alone."""
    return sections_of(ini) not in (("alembic",), ())


def program_for(project: Project, options: Options) -> Program:
    """How the Alembic of a project that was read is run.

    Raises:
        ProgramFailed: no Python with Alembic was found.
    """
    config = Path(project.settings["config"]) if project.settings["config"] else None
    found = Found("alembic", project.root, project.folder, (), config)
    tool = {**options.tool, "name": project.settings["section"]}
    settings = _settings(found, Options(options.variables, tool)) if config else _settings(found, options)
    return program_of(project.root, Layout(settings, project.folder, ()), options)


def program_of(root: Path, made: Layout, options: Options) -> Program:
    """How the project's own Alembic is run.

    Raises:
        ProgramFailed: no Python with Alembic was found.
        Unsupported: no program of the project may be run.
    """
    if not options.may_run:
        raise Unsupported(
            f"what {made.scripts} holds is computed by its own program, and --no-exec runs none",
            hint="write revision ids and folders as plain text, or check without --no-exec",
        )
    settings = made.settings
    return Program(
        python=interpreter(settings.cwd, options.variables, options.python),
        root=root,
        cwd=settings.cwd,
        variables=options.variables,
        ini=settings.ini,
        toml=settings.toml,
        section=settings.section,
        arguments=tuple(options.tool.get("x", "").split()),
        script_location=None if settings.script_location else str(made.scripts),
        database=options.tool.get("database"),
    )


def _asked_for_folder(found: Found, settings: Settings, options: Options) -> Path:
    unknown = Layout(settings, found.folder, ())
    answers = asked(program_of(found.root, unknown, options), {"task": "graph"})
    return next(Path(str(each["path"])) for each in answers if each["kind"] == "folder")


def _migrations(found: Found, made: Layout, options: Options) -> tuple[Migration, ...]:
    files = [
        file for location in made.locations for file in files_of(location, recursive=made.settings.recursive)
    ]
    try:
        if made.settings.sourceless:
            raise Computed("revision")
        return tuple(_migration(revision_of(file, found.root)) for file in files)
    except Computed:
        return tuple(_told(found, made, options))


def _migration(revision: Revision) -> Migration:
    return Migration(
        revision=RevisionId(revision.revision),
        description=revision.description,
        span=revision.span,
        parents=tuple(RevisionId(each) for each in revision.downs),
        depends_on=tuple(RevisionId(each) for each in revision.depends_on),
        checksum=revision.checksum,
        reversible=revision.reversible,
        kind="merge" if len(revision.downs) > 1 else "PYTHON",
        labels=revision.labels,
    )


def _told(found: Found, made: Layout, options: Options) -> Iterator[Migration]:
    """The graph as Alembic in the project's Python understands it, in the order of the files' names."""
    from hashlib import sha256

    answers = asked(program_of(found.root, made, options), {"task": "graph"})
    for each in sorted(
        (each for each in answers if each["kind"] == "known"), key=lambda each: str(each["path"])
    ):
        path = Path(str(each["path"]))
        yield Migration(
            revision=RevisionId(str(each["revision"])),
            description=description_of(str(each["description"] or "")),
            span=Span(Path(os.path.relpath(path, found.root)).as_posix(), 1),
            parents=tuple(RevisionId(str(parent)) for parent in each["downs"]),
            depends_on=tuple(RevisionId(str(needed)) for needed in each["depends_on"]),
            checksum=sha256(path.read_bytes()).hexdigest(),
            kind="PYTHON",
            labels=tuple(str(label) for label in each["labels"]),
        )


# ── what else the files say


def _table(env: EnvFile, options: Options) -> Table:
    return Table(
        options.tool.get("version_table") or env.version_table,
        options.tool.get("version_table_schema") or env.version_table_schema,
        env.version_table_pk,
    )


def flag(options: Options, name: str, *, default: bool = False) -> bool:
    """A yes or no of `[tools.alembic]`."""
    match options.tool.get(name, "").lower():
        case "":
            return default
        case "true" | "yes" | "1" | "on":
            return True
        case "false" | "no" | "0" | "off":
            return False
        case other:
            raise BadSetting(f"{name} under [tools.alembic] is {other!r}", hint="write true or false")


def _warnings(env: EnvFile, options: Options) -> Iterator[str]:
    for name in env.unclear:
        if name not in options.tool:
            yield f"env.py computes {name}; set it under [tools.alembic] in midair.toml if it is not the default"


def _address(
    found: Found, settings: Settings, env: EnvFile, options: Options
) -> tuple[Address | None, str | None]:
    """The variable that env.py reads its URL from, else the ini's URL unless env.py sets another."""
    for name in env.variables:
        if (value := options.variables.get(name)) and (address := _parsed(value, settings.cwd)):
            return address, f"{name}, which env.py reads"
    if (
        settings.url
        and env.uses_ini_url
        and not env.sets_url
        and (address := _parsed(settings.url, settings.cwd))
    ):
        ini = Path(os.path.relpath(settings.ini, found.root)).as_posix() if settings.ini else ""
        return address, f"{ini} [{settings.section}] sqlalchemy.url"
    return None, None


def _parsed(url: str, cwd: Path) -> Address | None:
    if "://" not in url:
        return None
    try:
        address = parse(Secret(url))
    except BadAddress:
        return None  # `driver://user:pass@localhost/dbname`, as the template leaves it
    if address.product is Product.SQLITE and address.database != ":memory:":
        return Address(Product.SQLITE, str(cwd / address.database))
    return address


def _kept(found: Found, made: Layout) -> dict[str, str]:
    """What capturing needs to find the project again without asking for the options anew."""
    return {
        "config": str(found.config or ""),
        "scripts": str(made.scripts),
        "section": made.settings.section,
    }
