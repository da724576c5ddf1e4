"""Which lines of a migration's program take the application's models."""

import pytest

from midair.analysis.imports import model_imports


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from shop.models import Order, OrderLine", ["Order", "OrderLine"]),
        ("from shop.store.dbmodels.models import SqlRun", ["SqlRun"]),
        ("from shop import models", ["models"]),
        ("import shop.models.orders", ["shop.models.orders"]),
        ("def upgrade():\n    from shop.models import Order", ["Order"]),
        ("from shop.models import ID_LEN, naming_convention", []),
        ("from shop.models import MoneyType", []),
        ("from shop.models.base import StringID", []),
        ("from django.db import models", []),
        ("from sqlalchemy.orm import Session", []),
        ("from alembic import op\nimport sqlalchemy as sa", []),
        ("import this is no Python", []),
    ],
)
def test_classes_of_a_module_of_models_are_found_and_nothing_else(line: str, names: list[str]) -> None:
    assert [each.name for each in model_imports(line)] == names
