"""Two versions of an application at work all through a change, and what both of them must find at its end."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.rewriting.conftest import Rig, request_for
from tests.support.listening import Remembering
from tests.support.versions import Shop, Version, run

import midair
from midair.model.address import Address


def goes_forth(rig: Rig, root: Path, shop: Shop, old: Version, new: Version) -> None:
    """The new version joins the old one after expand, and the old one leaves before contract."""
    with shop.running(old):
        midair.apply(request_for(root, shop.address), Remembering())
        with shop.running(new):
            pass
    with shop.running(new):
        midair.contract(request_for(root, shop.address), Remembering())
    _nothing_is_wrong(rig, shop, new)


def goes_back(
    rig: Rig, root: Path, shop: Shop, old: Version, new: Version, before: Callable[[], object] = lambda: None
) -> None:
    """The new version comes after expand and leaves again, and the old one works on through the rollback.

    `before`: what is mended before it, while the old version works.
    """
    with shop.running(old):
        midair.apply(request_for(root, shop.address), Remembering())
        with shop.running(new):
            pass
        before()
        midair.rollback(request_for(root, shop.address), Remembering())
    _nothing_is_wrong(rig, shop, old)


def _nothing_is_wrong(rig: Rig, shop: Shop, version: Version) -> None:
    assert shop.errors() == []
    with rig.session(shop.address) as session:
        assert shop.wrong(session, version) == []


def raised_through(
    rig: Rig, address: Address, tables: Sequence[str], rounds: int, level: str = "read committed"
) -> tuple[int, list[str]]:
    """The balance of account 1 is raised by one through each table at once; how often, and what failed."""
    failed: list[str] = []
    done: list[int] = []

    def raise_it(table: str) -> None:
        with rig.session(address, f"shop {table}") as session:
            run(session, f"SET default_transaction_isolation = '{level}'")
            for _ in range(rounds):
                try:
                    run(session, f"UPDATE {table} SET balance = balance + 1 WHERE id = 1")
                    done.append(1)
                except midair.MidairError as error:
                    failed.append(error.message)

    threads = [threading.Thread(target=raise_it, args=(each,)) for each in tables]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return len(done), failed
