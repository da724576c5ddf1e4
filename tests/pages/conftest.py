"""Servers for what pages say."""

from collections.abc import Iterator

import pytest

from midair.rehearsal.server import Server, throwaway_server


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[int, Server]]:
    """Of the versions that pages speak of."""
    with throwaway_server(18) as newest, throwaway_server(15) as older:
        yield {18: newest, 15: older}
