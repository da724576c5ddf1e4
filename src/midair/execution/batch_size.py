"""How many rows the next batch takes: as many as keep it at its time (expand-contract.md §7.2)."""

from dataclasses import dataclass

LEAST = 50
MOST = 5_000
"""Above a thousand nothing is gained, and a writer waits as long as a batch lasts (measured, §3.5)."""
MOST_READ = 50_000
"""Where few of the rows are changed, reading on costs nobody a wait."""
_WEIGHT = 0.3


@dataclass
class BatchSize:
    """Grows and shrinks with the time batches take. `aim_s` is the time one should take, `cap` the author's own limit."""

    aim_s: float
    rows: int
    usual_s: float = 0.0
    cap: int | None = None

    def __post_init__(self) -> None:
        self.rows = min(self.rows, self.cap or self.rows)

    def learn(self, took_s: float, read: int, changed: int, left: int) -> None:
        """A batch took this long, read and changed so many rows, and had to leave some that were locked."""
        self.usual_s = took_s if self.usual_s == 0.0 else _WEIGHT * took_s + (1 - _WEIGHT) * self.usual_s
        if took_s > 4 * self.aim_s or left > max(1, changed) * 0.2:
            self.shrink()
            return
        factor = min(1.25, max(0.5, self.aim_s / max(self.usual_s, 1e-6)))
        most = self.cap or (MOST if changed > read * 0.1 else MOST_READ)
        if read >= self.rows * 0.9 or factor < 1:  # a short last range says nothing about larger ones
            self.rows = min(most, max(min(LEAST, most), round(self.rows * factor)))

    def shrink(self) -> None:
        """A batch was too slow, or in somebody's way."""
        self.rows = max(min(LEAST, self.cap or LEAST), self.rows // 2)
        self.usual_s = 0.0
