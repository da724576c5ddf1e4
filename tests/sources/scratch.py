"""For sources that read files: asking for a scratch database is a mistake."""

from contextlib import AbstractContextManager

from midair.model.address import Address, Product


class _NoScratch:
    def database(self, product: Product) -> AbstractContextManager[Address]:
        raise AssertionError(f"a file source asked for a {product} scratch database")


NO_SCRATCH = _NoScratch()
