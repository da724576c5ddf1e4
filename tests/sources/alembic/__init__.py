"""Small Alembic projects, written into a temporary folder and run for real."""
