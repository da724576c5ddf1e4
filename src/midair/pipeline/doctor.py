"""What is wrong with a database right now, each with the command that mends it."""

from midair.database import Session
from midair.dialects.postgresql.health import ailments_of
from midair.errors import Unsupported
from midair.journal import Journal
from midair.model.address import Product
from midair.model.ailment import Ailment
from midair.pipeline.opening import address_of, connected, open_project
from midair.pipeline.request import Request


def doctor(request: Request) -> tuple[Ailment, ...]:
    """Everything that keeps the server, or the next migration, from working; nothing is written.

    Raises:
        Unsupported: the database is SQLite; or MariaDB, where midair left nothing half done and nothing else is asked.
    """
    source, project = open_project(request)
    address = address_of(request, project)
    if address.product is Product.SQLITE:
        raise Unsupported(f"doctor has no questions for {address.product} yet")
    session = connected(request, source, address)
    try:
        if session.product is not Product.POSTGRESQL:
            return _only_unfinished(session)
        return (*_unfinished(Journal(session)), *ailments_of(session))
    finally:
        session.close()


def _only_unfinished(session: Session) -> tuple[Ailment, ...]:
    found = _unfinished(Journal(session))
    if not found:
        raise Unsupported(
            f"doctor has no questions for {session.product}; midair itself left nothing half done there"
        )
    return found


def _unfinished(journal: Journal) -> tuple[Ailment, ...]:
    begun: dict[str, list[str]] = {}
    for each in journal.open_steps():
        begun.setdefault(str(each.revision), []).append(
            f"  {'running when it was cut off' if each.running else 'done'}: {each.title}"
        )
    return tuple(
        Ailment(
            "half done",
            f"{revision} was begun and is not recorded",
            ("midair resume",),
            tuple(dict.fromkeys(titles)),
        )
        for revision, titles in begun.items()
    )
