"""When a range is changed straight, and when its rows are locked first (dialects/postgresql/batch_sql.py)."""

from dataclasses import dataclass

_MOST = 64


@dataclass
class Caution:
    """Meeting a locked row costs a batch that was all but done, so the next ones look first: twice as many each time.

    `patience_s` is the server's `deadlock_timeout`. A session that waits for our batch looks for a deadlock
    after that long; a straight batch that is over long before can never be a part of what it finds.
    """

    patience_s: float
    _careful: int = 0
    _next: int = 1

    def wanted(self, batch_s: float) -> bool:
        """Whether the next range, which should take this long, is to be done carefully."""
        if self._careful > 0:
            self._careful -= 1
            return True
        return batch_s > self.patience_s / 4

    def met_a_lock(self) -> None:
        """A straight batch was given up."""
        self._careful, self._next = self._next, min(_MOST, self._next * 2)

    def went_well(self) -> None:
        """A straight batch found no row locked."""
        self._next = max(1, self._next // 2)
