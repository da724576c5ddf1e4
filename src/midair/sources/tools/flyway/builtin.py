"""The placeholders Flyway itself gives (flyway.md §5.9)."""

import os
from datetime import datetime

from midair.model.address import Address, Product
from midair.sources.tools.flyway.configuration import Settings
from midair.sources.tools.flyway.placeholders import Placeholders


def placeholders(
    settings: Settings, address: Address | None, product: Product | None, started: datetime
) -> Placeholders:
    """The team's own values and Flyway's; one Flyway reads off the server is there only when the address says it."""
    separator = settings.placeholder_separator
    values = {
        "defaultSchema": settings.configured_schema or ("main" if product is Product.SQLITE else "public"),
        "timestamp": started.strftime("%Y-%m-%d %H:%M:%S"),
        "workingDirectory": settings.working_directory or os.getcwd(),
        "table": settings.table,
        "environment": settings.environment,
        "user": (address.user if address else None) or settings.user,
        "database": address.database if address else "",
    }
    known = {f"flyway{separator}{name}": value for name, value in values.items() if value}
    return settings.own_placeholders.having(known)
