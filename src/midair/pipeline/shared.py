"""One rehearsal for several processes of a test run: whoever comes first makes it, the others wait for it."""

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path

from midair.model.trace import Rehearsed


def shared(folder: Path | None, make: Callable[[], Rehearsed]) -> Rehearsed:
    """What the first of them found. `folder` is theirs alone; `None` where there is only one process.

    One that fails leaves nothing, and the next tries for itself: it then fails with the same words.
    """
    if folder is None:
        return make()
    kept = folder / "midair-rehearsal.pickle"
    with (folder / "midair-rehearsal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            # Written a moment ago by a process of the same run, into a folder that only its user can enter.
            return pickle.loads(kept.read_bytes())
        found = make()
        kept.write_bytes(pickle.dumps(found))
        return found
