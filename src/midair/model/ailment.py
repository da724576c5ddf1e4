"""What is wrong with a database right now, and the command that mends it."""

from midair.model.frozen import frozen


@frozen
class Ailment:
    """`kind` names it in a word or two; `what` is one line; `detail` are lines below it, as a tree where it is one.

    `mend` are commands, each as it may be typed: SQL, or midair's own.
    """

    kind: str
    what: str
    mend: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
