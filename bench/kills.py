"""How many interruptions a run of every rewrite survives: kill -9, cut connections, server restarts, at random instants.

    python bench/kills.py                 300 in all, a third by each means
    python bench/kills.py --live          of a run of Alembic programs that read rows, cut off between their statements
    python bench/kills.py --live --every 0-99
                                          at each event instead, the run stopped there; in parts, for it takes long
    python bench/kills.py --count 30 --busy 2

After each it must resume to the very schema and rows of an uninterrupted run, with nothing left over. The
first that does not ends it with exit code 1 and all that is known. `--busy` runs polite processes beside
it that only burn time, because what depends on timing shows on a machine with too much to do.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.execution.live_survival import cut, live_reference_on
from tests.rewriting.survival import busy, kill, reference_on, restart, survive, survive_every, terminate
from tests.support.restarts import restartable_server

_BUSY_AT_MOST_S = 3600.0


def main() -> int:
    arguments = read_arguments()
    began = time.monotonic()
    survived = 0
    with (
        tempfile.TemporaryDirectory() as root,
        restartable_server() as own,
        (live_reference_on if arguments.live else reference_on)(own.server, Path(root)) as reference,
        busy(arguments.busy, _BUSY_AT_MOST_S),
    ):
        print(f"one run takes {reference.took_s:.2f} s and tells {reference.events} events", flush=True)
        cutting = cut(reference, random.Random(arguments.seed)) if arguments.live else terminate(reference)
        for number, means in enumerate((kill(), cutting, restart(own))):
            count = arguments.count // 3 + (number < arguments.count % 3)
            if means.name.split()[0] not in arguments.only.split(",") and arguments.only:
                continue
            if arguments.every is not None:
                there = [each for each in arguments.every if each < reference.events]
                ended = survive_every(reference, means, there, tell)
            else:
                ended = survive(reference, means, count, random.Random(arguments.seed + number), tell)
            survived += ended["cut off"]
            print(f"{means.name}: {dict(ended)}", flush=True)
    print(f"{survived} interruptions survived in {time.monotonic() - began:.0f} s (seed {arguments.seed})")
    return 0


def tell(text: str) -> None:
    """Each interruption, for whoever wants to look on."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def events(text: str) -> range:
    """`3-31`, both of them too; `3-31/4` is every fourth of them."""
    span, _, step = text.partition("/")
    first, _, last = span.partition("-")
    return range(int(first), int(last or first) + 1, int(step or 1))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--live", action="store_true", help="live programs in place of rewrites")
    parser.add_argument(
        "--every", type=events, metavar="FIRST-LAST[/STEP]", help="at these events, from 0 on"
    )
    parser.add_argument("--count", type=int, default=300, help="interruptions in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=20261121, help="of the instants (default: %(default)s)")
    parser.add_argument("--busy", type=int, default=0, help="processes that burn time (default: none)")
    parser.add_argument("--only", default="", help="kill, pg_terminate_backend, restart; several with commas")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
