"""The suite. An assertion in a module that tests share tells as much when it fails as one in a test."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.{room}" for room in ("dialects", "execution", "peers", "rewriting", "sources", "support"))
)
