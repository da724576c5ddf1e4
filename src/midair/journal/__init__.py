"""What was attempted and what came of it, durable in the target itself.

Takes events, gives rows, and back. May import: `database`, `model`, `errors`. Must not know: what a
step means.
"""

from midair.journal.journal import HEARTBEAT, LEASE_LOST, Journal, OpenStep, RunRecord, actor

__all__ = ["HEARTBEAT", "LEASE_LOST", "Journal", "OpenStep", "RunRecord", "actor"]
