"""This release of the server may leave rows out of an index that it builds concurrently.

14.0 to 14.3 can miss rows whose older versions were cleared away while the index was built. Queries that use the
index do not see those rows, and a unique index lets duplicates in. Looked at where a database is asked, because only
it knows which release it is.

## Fine when

The server is 14.4 or later, or not of the 14 line.

Source: PostgreSQL 14.4, release notes: "Prevent possible corruption of indexes created or rebuilt with the
CONCURRENTLY option".
"""

from collections.abc import Iterator

from midair.analysis.context import Context
from midair.analysis.rule import Concern, rule
from midair.model.change import CreateIndex, Reindex
from midair.model.finding import Remedy, Risk

_FIRST, _MENDED = 140_000, 140_004


@rule("MA522", "concurrent-build-corruption", Risk.HIGH, CreateIndex, Reindex)
def concurrent_build_corruption(change: CreateIndex | Reindex, context: Context) -> Iterator[Concern]:
    release = context.options.release
    if not change.concurrently or release is None or not _FIRST <= release < _MENDED:
        return
    subject = change.index.name if isinstance(change, CreateIndex) else change.name or "every index"
    yield Concern(
        f"{subject} may miss rows: PostgreSQL 14.{release % 10_000} builds corrupt indexes concurrently",
        Remedy(
            "bring the server to 14.4 or later first; then look at the indexes it built like this before",
            (
                "CREATE EXTENSION IF NOT EXISTS amcheck",
                "SELECT bt_index_check(index => indexrelid, heapallindexed => true) FROM pg_index "
                "JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam "
                "WHERE amname = 'btree' AND indisvalid AND relpersistence <> 't'",
            ),
        ),
    )
