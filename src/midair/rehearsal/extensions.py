"""Stand-ins for extensions that the embedded server lacks, found through PostgreSQL 18's `extension_control_path`."""

import os
import shutil
import tempfile
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path

from midair.errors import MidairError, MissingExtension
from midair.rehearsal.account import Account

STAND_INS = ("uuid-ossp",)
WAYS_ON = (
    "name a server that has it as `scratch` in midair.toml or with --scratch; or set MIDAIR_PG_BIN to the programs "
    "of such a server; or leave the extension out with --without NAME"
)
_UNDEFINED_FILE = "58P01"
_NOT_SUPPORTED = "0A000"


def control_path(who: Account, programs: Path) -> tuple[str, ...]:
    """The server setting that adds the stand-ins, where the server lacks them and understands the setting."""
    shared = programs.parent / "share"
    there = {each.stem for each in shared.rglob("*.control")}
    version = _major(programs)
    if version is None or version < 18 or all(each in there for each in STAND_INS):
        return ()
    kept = who.base / "stand-ins-1"
    if not kept.exists():
        fresh = Path(tempfile.mkdtemp(prefix="midair-stand-ins-", dir=who.base))
        with as_file(files("midair.rehearsal").joinpath("stand_ins")) as ours:
            shutil.copytree(ours, fresh / "copy")
        fresh.chmod(0o755)
        who.own(fresh)
        with suppress(OSError):  # another process was quicker; its copy is as good
            os.rename(fresh / "copy", kept)
        shutil.rmtree(fresh, ignore_errors=True)
    return (f"extension_control_path=$system:{kept}",)


def missing_extension(error: BaseException | None, message: str) -> MidairError | None:
    """The error to raise instead, when a statement failed because the throwaway server lacks an extension."""
    state = getattr(error, "sqlstate", None)
    if state in (_UNDEFINED_FILE, _NOT_SUPPORTED) and "extension" in str(error):
        return MissingExtension(message, hint=WAYS_ON, state="the target was not touched")
    return None


def _major(programs: Path) -> int | None:
    for header in ("pg_config.h", "postgresql/server/pg_config.h"):
        path = programs.parent / "include" / header
        if path.exists():
            for line in path.read_text(errors="replace").splitlines():
                if line.startswith("#define PG_MAJORVERSION_NUM"):
                    return int(line.split()[2])
    return None
