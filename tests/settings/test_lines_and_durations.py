"""The line a setting stands on, and durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midair.settings.duration import duration
from midair.settings.lines import line_of

_TEXT = '''# a comment
top = 1

[environments.prod]  # another
url = """
postgresql://
"""
list = [
  1,
]
after = 2
a.b = 3
[[projects]]
path = "x"
[[projects]]
path = "y"
'''


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("top",), 2),
        (("environments", "prod"), 4),
        (("environments", "prod", "url"), 5),
        (("environments", "prod", "list"), 8),
        (("environments", "prod", "after"), 11),
        (("environments", "prod", "a", "b"), 12),
        (("projects", 1, "path"), 16),
        (("nowhere",), None),
    ],
)
def test_a_setting_is_found_on_the_line_it_begins_on(keys: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(_TEXT, keys) == line


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("50ms", 0.05), ("10 min", 600), ("1h 30min", 5400), ("1.5s", 1.5), ("2d", 172800), ("0s", 0)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert duration(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "50", "fast", "50 parsecs", "-5s", "5s!", "1e3s"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration(text)


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "min", "h"]))
def test_whatever_is_written_is_kept_as_written(number: int, unit: str) -> None:
    assert str(duration(f"{number}{unit}")) == f"{number}{unit}"
