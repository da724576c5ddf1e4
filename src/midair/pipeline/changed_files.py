"""Which files git says were added or changed, for `--since`."""

import subprocess
from pathlib import Path

from midair.errors import NoGit
from midair.model.frozen import frozen


@frozen
class ChangedFiles:
    """Paths relative to the project. `added` are those that the older commit does not have at all."""

    added: frozenset[str]
    changed: frozenset[str]


def changed_files(root: Path, since: str) -> ChangedFiles:
    """What differs from where the branches parted: in commits, not yet committed, and not yet known to git.

    Deleted files are left out. Git is asked with its own program and told nothing but where to look.

    Raises:
        NoGit: git is not installed, `root` is in no repository, or it does not know the commit.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{since}^{{commit}}").strip()
    parted = _git(root, "merge-base", commit, "HEAD").strip()
    unknown = _paths(_git(root, "ls-files", "-z", "--others", "--exclude-standard"))
    return ChangedFiles(unknown | _differing(root, parted, "A"), _differing(root, parted, "d") - unknown)


def _differing(root: Path, commit: str, kinds: str) -> frozenset[str]:
    words = (
        "diff",
        "--name-only",
        "-z",
        "--relative",
        "--no-renames",
        f"--diff-filter={kinds}",
        commit,
        "--",
        ".",
    )
    return _paths(_git(root, *words))


def _paths(text: str) -> frozenset[str]:
    return frozenset(path for path in text.split("\0") if path)


def _git(root: Path, *words: str) -> str:
    try:
        ran = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=False, errors="replace"
        )
    except OSError as error:
        raise NoGit(
            f"--since needs git: {error.strerror}", hint="install git, or name the files to check"
        ) from error
    if ran.returncode:
        said = ran.stderr.strip().splitlines()
        raise NoGit(
            f"git {words[0]} failed in {root}" + (f": {said[-1]}" if said else ""),
            hint="name a commit or branch that is here; in CI, fetch the whole history (fetch-depth: 0)",
        )
    return ran.stdout
