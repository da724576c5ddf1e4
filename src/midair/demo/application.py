"""The shop's application, in the two versions that its five migrations lie between."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from midair.demo.load import Client, Request
from midair.model.statement import Sql

USERS = 5_000


@dataclass(frozen=True, slots=True)
class Version:
    """One version. Before the migrations mail is called `mail`, and orders carry a legacy note."""

    name: str
    mail: str
    legacy_note: bool


OLD = Version("shop 1.0", "mail", legacy_note=True)
NEW = Version("shop 2.0", "email", legacy_note=False)


def clients(version: Version, rows: int, rate: float) -> tuple[Client, ...]:
    """Readers and writers of a version that send `rate` requests a second between them."""
    kinds = (_looking_up, _buying, _paying, _moving)
    return tuple(
        Client(version.name, rate / len(kinds), kind(version, rows, random.Random(number)))
        for number, kind in enumerate(kinds)
    )


def filling(rows: int) -> Sequence[Sql]:
    """What puts the shop's rows in: users, and orders of which one in twenty has no total."""
    return (
        Sql(
            "INSERT INTO users (mail) SELECT 'user' || n || '@example.com' FROM generate_series(1, %s) AS n",
            (USERS,),
        ),
        Sql(
            "INSERT INTO orders (user_id, total, note, legacy_note, placed_at)"
            " SELECT 1 + mod(n, %s), nullif(mod(n, 20), 0) * 100, 'order ' || n, 'old ' || n,"
            " timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, %s) AS n",
            (USERS, rows),
        ),
        Sql("ANALYZE"),
    )


def _looking_up(version: Version, rows: int, chance: random.Random) -> Request:
    """Somebody looks at an order and whose it is."""
    note = ", o.legacy_note" if version.legacy_note else ""
    text = f"SELECT o.total, u.{version.mail}{note} FROM orders o JOIN users u ON u.id = o.user_id WHERE o.id = %s"
    return lambda _: (Sql(text, (chance.randint(1, rows),)),)


def _buying(version: Version, rows: int, chance: random.Random) -> Request:
    """Somebody buys."""
    columns, values = (", legacy_note", ", 'none'") if version.legacy_note else ("", "")
    text = f"INSERT INTO orders (user_id, total, note{columns}) VALUES (%s, %s, 'bought'{values})"
    return lambda turn: (Sql(text, (chance.randint(1, USERS), 100 + turn)),)


def _paying(version: Version, rows: int, chance: random.Random) -> Request:
    """An order's total changes, in the transaction that reads whose it is."""
    change = "UPDATE orders SET total = coalesce(total, 0) + 1 WHERE id = %s"
    look = f"SELECT u.{version.mail} FROM users u JOIN orders o ON o.user_id = u.id WHERE o.id = %s"

    def request(_: int) -> tuple[Sql, ...]:
        order = chance.randint(1, rows)
        return Sql(change, (order,)), Sql(look, (order,))

    return request


def _moving(version: Version, rows: int, chance: random.Random) -> Request:
    """Somebody has a new address."""
    text = f"UPDATE users SET {version.mail} = %s WHERE id = %s"
    return lambda turn: (Sql(text, (f"moved{turn}@example.com", chance.randint(1, USERS))),)
