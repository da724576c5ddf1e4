"""midair.toml, environment variables and flags, read once into frozen values.

Takes the command line's settings, the process environment and `midair.toml` (or `[tool.midair]`
in `pyproject.toml`); gives `Settings`, every value with its origin. May import: `model`, `errors`.
Must not know: rooms; a room is handed its options and never looks them up.
"""

from midair.settings.load import Flags, Settings, load
from midair.settings.show import Shown, shown

__all__ = ["Flags", "Settings", "Shown", "load", "shown"]
