"""The grammar's names without postgast's own import of all of them."""

import subprocess
import sys
from typing import TYPE_CHECKING

from postgast import pg_query_pb2

from midair.dialects.postgresql import nodes
from midair.dialects.postgresql.parse import deparse, parsed

if TYPE_CHECKING:
    from google.protobuf.descriptor import EnumDescriptor


def test_every_name_of_the_grammar_means_what_postgast_says() -> None:
    schema = pg_query_pb2.DESCRIPTOR
    enums: list[EnumDescriptor] = list(schema.enum_types_by_name.values())
    assert len(enums) > 50
    for enum in enums:
        assert getattr(nodes, enum.name).items() == [(each.name, each.number) for each in enum.values]
        for value in enum.values:
            assert getattr(nodes, value.name) == value.number
    for name, message in schema.message_types_by_name.items():
        fields = [(each.name, each.number) for each in getattr(nodes, name).DESCRIPTOR.fields]
        assert fields == [(each.name, each.number) for each in message.fields]


SQL = "CREATE TABLE a (b bigint DEFAULT 1 + 2 CHECK (b > 0)); SELECT b FROM a WHERE b = ANY ('{1}')"

WITHOUT_THE_COMPILED_CORE = f"""
from midair.dialects.postgresql import nodes

def refuse(name):
    raise ImportError(name)

nodes.import_module = refuse
from postgast import pg_query_pb2
from midair.dialects.postgresql.parse import deparse, parsed

tree = parsed({SQL!r})
assert type(tree) is pg_query_pb2.ParseResult
print(tree.SerializeToString().hex(), deparse(tree), sep="\\n")
"""


def test_trees_are_the_same_without_the_compiled_core() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_COMPILED_CORE], capture_output=True, text=True, check=True
    )
    tree = parsed(SQL)
    assert type(tree) is not pg_query_pb2.ParseResult
    assert ran.stdout.splitlines() == [tree.SerializeToString().hex(), deparse(tree)]
