"""A throwaway PostgreSQL: ready in a quarter of a second, on a Unix socket only, gone afterwards.

`initdb` runs once per server version and is kept as a template in the cache; every server starts
on a copy. Durability is switched off: nothing in it is worth keeping.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from midair.database import Guard, Session, open_session
from midair.errors import ScratchError, Unreachable
from midair.model.address import Address, Product
from midair.model.frozen import frozen
from midair.model.statement import Sql, quoted
from midair.rehearsal.account import Account, account
from midair.rehearsal.binaries import server_binaries
from midair.rehearsal.extensions import control_path

_FAST = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "listen_addresses=",
    "shared_buffers=32MB",
    "autovacuum=off",
    "max_connections=50",
)
_START_TIMEOUT_S = 30.0
_FOLDER = "midair-pg-"
_NEW_S = 60.0


@frozen
class Server:
    """A running server: `admin` is its maintenance database, `bin` the folder of its programs."""

    admin: Address
    bin: Path
    process: subprocess.Popen[bytes]

    def at(self, database: str) -> Address:
        """One of its databases."""
        return Address(Product.POSTGRESQL, database, self.admin.host, user=self.admin.user)

    def create(self, database: str) -> Address:
        """A new, empty database on it."""
        session = open_session(self.admin, Guard(), "midair scratch")
        try:
            session.run([Sql(f"CREATE DATABASE {quoted(database)}")], atomic=False)
        finally:
            session.close()
        return self.at(database)


@contextmanager
def throwaway_server(
    major: int | None = None, variables: Mapping[str, str] | None = None, settings: tuple[str, ...] = ()
) -> Generator[Server]:
    """A server that lives as long as the context; `settings` are `name=value` and win over the fast ones.

    Raises:
        NoScratchServer: no server programs were found.
        ScratchError: the server did not start; the message holds the end of its log.
    """
    binaries = server_binaries(major, os.environ if variables is None else variables)
    who = account()
    programs = who.reachable(binaries)
    sweep(who.base)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=who.base))
    owned = _claimed(folder)
    try:
        data = folder / "data"
        shutil.copytree(_template(programs, who), data, copy_function=shutil.copyfile)
        data.chmod(0o700)
        who.own(folder)
        process = _start(programs, folder, who, (*control_path(who, programs), *settings))
        try:
            yield Server(_ready(process, folder), programs, process)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if owned is not None:
            os.close(owned)


def sweep(base: Path) -> tuple[Path, ...]:
    """Removes what runs that were killed left behind; folders of runs still alive hold a lock. Gives the removed."""
    gone: list[Path] = []
    for folder in base.glob(f"{_FOLDER}*"):
        owned = _claimed(folder, create=_is_forsaken(folder))
        if owned is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(owned)
            gone.append(folder)
    return tuple(gone)


def _is_forsaken(folder: Path) -> bool:
    """Empty for a minute: whoever made it was killed before it could say that it is theirs."""
    with suppress(OSError):
        return not any(folder.iterdir()) and time.time() - folder.stat().st_mtime > _NEW_S
    return False


def _claimed(folder: Path, *, create: bool = True) -> int | None:
    """A file held locked as long as this process lives; `None` when another holds it, or nothing can be locked here."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        descriptor = os.open(folder / "owner", os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _template(programs: Path, who: Account) -> Path:
    """A data directory fresh from `initdb`, made once per server build and account."""
    version = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    kept = who.base / f"template-{version.split()[2]}"
    if (kept / "PG_VERSION").exists():
        return kept
    fresh = Path(tempfile.mkdtemp(prefix="midair-init-", dir=who.base))
    who.own(fresh)
    command = [
        programs / "initdb",
        "-D",
        fresh / "data",
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    made = subprocess.run(
        [*command, "--no-sync"],
        capture_output=True,
        text=True,
        check=False,
        **who.rights,
    )
    if made.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ScratchError(f"initdb failed: {(made.stderr or made.stdout).strip()[-500:]}")
    with suppress(OSError):  # another process was quicker; its template is as good
        os.rename(fresh / "data", kept)
    shutil.rmtree(fresh, ignore_errors=True)
    return kept


def _start(programs: Path, folder: Path, who: Account, settings: tuple[str, ...]) -> subprocess.Popen[bytes]:
    options = [part for setting in (*_FAST, *settings) for part in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal is ours to handle, not the server's
            preexec_fn=_die_with_parent(),
            **who.rights,
        )


def _die_with_parent() -> Callable[[], None] | None:
    """Lets the kernel stop the server when midair dies, kill -9 included (Linux: prctl PR_SET_PDEATHSIG)."""
    if sys.platform != "linux":
        return None
    import ctypes

    # Loaded before the fork: the child is another user by then and may not read our files.
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(1, int(signal.SIGQUIT))


def _ready(process: subprocess.Popen[bytes], folder: Path) -> Address:
    admin = Address(Product.POSTGRESQL, "postgres", str(folder), user="postgres")
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            open_session(admin, Guard(), "midair scratch").close()
            return admin
        except Unreachable:
            time.sleep(0.01)
    raise ScratchError(
        f"the throwaway server did not start: {(folder / 'log').read_text(errors='replace')[-800:].strip()}"
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGQUIT)  # immediate: there is nothing to save
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class ThrowawayDatabases:
    """`sources.source.Scratch`: a server on first use, a fresh database per call; `close` ends it all.

    `fill` brings into each new database what its user must find there (the target's schema).
    `given` is a server of the user's own instead (the environment's `scratch` URL).
    """

    def __init__(
        self,
        major: int | None,
        variables: Mapping[str, str],
        fill: Callable[[Session], None],
        given: Address | None = None,
    ) -> None:
        self._major = major
        self._variables = variables
        self._fill = fill
        self._given = given
        self._running: AbstractContextManager[Server] | None = None
        self._server: Server | None = None

    @contextmanager
    def database(self, product: Product) -> Generator[Address]:
        """A copy of the target, without its rows, dropped when the context ends."""
        if product is Product.SQLITE:
            with tempfile.TemporaryDirectory(prefix="midair-sqlite-") as folder:
                address = Address(product, str(Path(folder) / "scratch.db"))
                self._filled(address)
                yield address
            return
        admin = self._given or self._admin()
        name = f"midair_scratch_{uuid4().hex[:12]}"
        session = open_session(admin, Guard(), "midair scratch")
        try:
            session.run([Sql(f"CREATE DATABASE {quoted(name)}")], atomic=False)
            try:
                address = replace(admin, database=name)
                self._filled(address)
                yield address
            finally:
                session.run([Sql(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")], atomic=False)
        finally:
            session.close()

    def close(self) -> None:
        """Stops the server, if one was started."""
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = self._server = None

    def _filled(self, address: Address) -> None:
        session = open_session(address, Guard(), "midair scratch")
        try:
            self._fill(session)
        finally:
            session.close()

    def _admin(self) -> Address:
        if self._server is None:
            self._running = throwaway_server(self._major, self._variables)
            self._server = self._running.__enter__()
        return self._server.admin
