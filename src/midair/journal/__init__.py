"""What was attempted and what came of it, durable in the target itself.

Takes events, gives rows, and back. May import: `database`, `model`, `errors`. Must not know: what a
step means.
"""

from midair.journal.journal import Journal, OpenStep, RunRecord

__all__ = ["Journal", "OpenStep", "RunRecord"]
