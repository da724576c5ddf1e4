"""What one database's definitions have and another's lack, as statements that make up for it."""

from collections.abc import Iterable, Sequence

from midair.model.concealed import title_of
from midair.model.frozen import frozen
from midair.model.statement import Statement


@frozen
class Missing:
    """`statements` make up for what is missing, in an order that runs; `left_out` says in words what they do not."""

    statements: tuple[Statement, ...]
    left_out: tuple[str, ...] = ()


def missing_by_text(reference: Sequence[Statement], target: Sequence[Statement]) -> Missing:
    """The definitions whose text the target has not; what only the target has is left out, never dropped."""
    there, wanted = {each.sql for each in target}, {each.sql for each in reference}
    made = tuple(each for each in reference if each.sql not in there)
    return Missing(made, tuple(only_here(each for each in target if each.sql not in wanted)))


def only_here(statements: Iterable[Statement]) -> Iterable[str]:
    """A line for each definition that only the target has."""
    return (f"only in this database: {title_of(each.sql)}" for each in statements)
