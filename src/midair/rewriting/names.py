"""Names of what rewrites make: the server's own for what stays, a recognisable one for what goes again."""

from hashlib import sha256

from midair.dialects.postgresql.changes.names import TEMPORARY, identifier
from midair.model.schema import bare_name

_LONGEST = 63


def temporary(kind: str, *parts: str) -> str:
    """A name for a helper that goes again, the same in every run: `midair_nn_orders_customer_id`."""
    text = f"{TEMPORARY}{kind}_{'_'.join(raw(bare_name(each)) for each in parts)}"
    if len(text.encode()) <= _LONGEST:
        return identifier(text)
    digest = sha256(text.encode()).hexdigest()[:8]
    return identifier(text.encode()[: _LONGEST - 9].decode(errors="ignore") + "_" + digest)


def raw(name: str) -> str:
    """The identifier without its quotes: `"User"` → `User`."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def raw_path(name: str) -> tuple[str, ...]:
    """A qualified name's parts without quotes: `app."User"` → `("app", "User")`."""
    bare = bare_name(name)
    prefix = name[: len(name) - len(bare)].rstrip(".")
    return (raw(prefix), raw(bare)) if prefix else (raw(bare),)
