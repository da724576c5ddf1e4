"""The operating-system account a throwaway server runs under: PostgreSQL refuses to be root."""

import os
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TypedDict

from midair.model.frozen import frozen

_UNPRIVILEGED = "nobody"


class Rights(TypedDict, total=False):
    """The keywords of `subprocess` that change the account."""

    user: str
    extra_groups: list[str]


@frozen
class Account:
    """`user` is whom to become, or `None` for ourselves; `base` is where its data directories live."""

    user: str | None
    base: Path

    @property
    def rights(self) -> Rights:
        """What `subprocess` needs to become the user."""
        return {"user": self.user, "extra_groups": []} if self.user else {}

    def own(self, folder: Path) -> None:
        """Hands a folder and all in it to the user."""
        if self.user:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self.user)

    def reachable(self, binaries: Path) -> Path:
        """The programs where the user may run them: where they are, else a copy (a virtual environment under /root)."""
        if self.user is None or self._may_run(binaries / "postgres"):
            return binaries
        copy = (
            self.base
            / f"programs-{sha256(str(binaries.resolve()).encode()).hexdigest()[:12]}-{os.stat(binaries / 'postgres').st_mtime_ns:x}"
        )
        if not copy.exists():
            fresh = Path(tempfile.mkdtemp(dir=self.base))
            shutil.copytree(binaries.parent, fresh / "copy", symlinks=True)
            fresh.chmod(0o755)
            os.rename(fresh / "copy", copy)
            fresh.rmdir()
        return copy / binaries.name

    def _may_run(self, program: Path) -> bool:
        try:
            return (
                subprocess.run(
                    [program, "--version"], capture_output=True, check=False, **self.rights
                ).returncode
                == 0
            )
        except OSError:
            return False


def account() -> Account:
    """Ourselves with the user's cache folder; as root, `nobody` with a folder outside /root."""
    if os.name == "nt" or os.geteuid() != 0:
        # Here and not above: `status` imports this module and never needs it (dependencies.md, policy 3).
        from platformdirs import user_cache_path

        base = user_cache_path("midair", ensure_exists=True)
        return Account(
            None, base if len(str(base)) < 60 else Path(tempfile.gettempdir())
        )  # a socket's path has 107 bytes
    base = Path("/var/tmp/midair-root")
    base.mkdir(mode=0o755, exist_ok=True)
    base.chmod(0o755)
    shutil.chown(base, _UNPRIVILEGED)
    return Account(_UNPRIVILEGED, base)
