"""What the tests of tools that keep their history on several products share."""

from collections.abc import Generator

import pytest

from midair.database import Guard, Session, open_session


@pytest.fixture(params=["postgresql", "sqlite"])
def either(request: pytest.FixtureRequest) -> Generator[Session]:
    """A session on each product."""
    if request.param == "postgresql":
        yield request.getfixturevalue("session")
        return
    opened = open_session(request.getfixturevalue("sqlite_file"), Guard(), "midair tests")
    yield opened
    opened.close()
