"""The servers and databases of tests/peers."""

from tests.peers.conftest import postgresql, two_databases

__all__ = ["postgresql", "two_databases"]
