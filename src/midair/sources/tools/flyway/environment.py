"""Reads `FLYWAY_…` variables (flyway.md §6.1), and Spring's `SPRING_FLYWAY_…`."""

from collections.abc import Mapping

from midair.sources.tools.flyway.configuration import Layer, Value

_MAPS = {"PLACEHOLDERS_": "placeholders.", "JDBC_PROPERTIES_": "jdbcProperties."}
_ELSEWHERE = {"FLYWAY_CONFIG_FILES", "FLYWAY_ENVIRONMENT", "FLYWAY_HOME"}
"""Read by somebody else; upper-case FLYWAY_ENVIRONMENT is not Flyway's (it reads the lower-case one)."""


def environment_layer(variables: Mapping[str, str], prefix: str = "FLYWAY_") -> Layer:
    """The variables that begin with the prefix; names Flyway does not know are other programs' own."""
    values: dict[str, Value] = {}
    for variable, value in variables.items():
        if not variable.startswith(prefix) or variable in _ELSEWHERE:
            continue
        name = variable.removeprefix(prefix)
        for head, family in _MAPS.items():
            if name.startswith(head):
                values[family + name.removeprefix(head).lower()] = value
                break
        else:
            values[name] = value
    return Layer("the environment", values)
