"""A wire between midair and the server that can be cut at COMMIT."""

import selectors
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from midair.model.address import Address


@dataclass
class Wire:
    """`cut_at` counts COMMITs seen, from 1; `forward`: the server still gets that one, only its answer is lost."""

    address: Address
    cut_at: int
    forward: bool
    refuses: bool = False
    seen: int = 0
    """After the cut nobody is let in any more, when `refuses`."""


@contextmanager
def wire_to(
    server: Address, folder: Path, *, cut_at: int, forward: bool, refuses: bool = False
) -> Generator[Wire]:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / ".s.PGSQL.5432"))
    listener.listen()
    address = Address(server.product, server.database, str(folder), user=server.user)
    wire = Wire(address, cut_at, forward, refuses)
    threading.Thread(target=_accept, args=(listener, server, wire), daemon=True).start()
    try:
        yield wire
    finally:
        listener.close()


def _accept(listener: socket.socket, server: Address, wire: Wire) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            if wire.refuses and wire.seen >= wire.cut_at:
                client.close()
                continue
            threading.Thread(target=_carry, args=(client, server, wire), daemon=True).start()


def _carry(client: socket.socket, server: Address, wire: Wire) -> None:
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(f"{server.host}/.s.PGSQL.5432")
    with selectors.DefaultSelector() as selector, client, upstream, suppress(OSError):
        selector.register(client, selectors.EVENT_READ)
        selector.register(upstream, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                data = key.fileobj.recv(1 << 20)
                if not data:
                    return
                if key.fileobj is upstream:
                    client.sendall(data)
                    continue
                wire.seen += data.count(b"COMMIT")
                if data.count(b"COMMIT") and wire.seen == wire.cut_at:
                    if wire.forward:
                        upstream.sendall(data)
                        upstream.recv(1)  # the server answers only after it has committed
                    return
                upstream.sendall(data)
