"""The project with everything that must be known before a run: what of it does not validate."""

from midair.dialects.dialect import dialect_of
from midair.errors import BadMigration
from midair.model.address import Product
from midair.sources.source import Found, Options
from midair.sources.tools.liquibase.project import LiquibaseProject, project_of

_PRODUCTS = {"sqlite": Product.SQLITE, "mariadb": Product.MARIADB, "mysql": Product.MARIADB}


def read(found: Found, options: Options) -> LiquibaseProject:
    """The project as Liquibase would see it for this database.

    Raises:
        ConfigurationError, ProjectError: what Liquibase itself would refuse, with file and line.
    """
    project = project_of(found, options)
    lenient = [pair for pair in project.changesets.items() if pair[1].mark_ran_when_invalid]
    if not lenient:
        return project
    from midair.sources.tools.liquibase.scripts import Writing  # most projects are read and not written

    writing = Writing(project, dialect_of(_PRODUCTS.get(project.runtime.dbms, Product.POSTGRESQL)))
    for revision, changeset in lenient:
        try:
            tuple(writing.forward(changeset))
        except BadMigration:
            project.decisions.invalid.add(revision)
    return project
