"""Statement text → typed changes.

Takes SQL text; gives `Change`s. May import: the grammar through `parse`, `model`. Must not know:
what a change costs.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from midair.dialects.postgresql.changes import alter_table, create, drop, rows, sessions
from midair.dialects.postgresql.changes.blocks import in_block, in_function
from midair.dialects.postgresql.parse import NotParsed, parse
from midair.model.change import Change, Opaque

Reader = Callable[[Any], Iterator[Change]]

_READERS: dict[str, Reader] = {
    "create_stmt": create.create_table,
    "create_table_as_stmt": create.create_table_as,
    "view_stmt": create.create_view,
    "index_stmt": create.create_index,
    "create_enum_stmt": lambda tree: create.create_type(tree, "create_enum_stmt"),
    "composite_type_stmt": lambda tree: create.create_type(tree, "composite_type_stmt"),
    "create_range_stmt": lambda tree: create.create_type(tree, "create_range_stmt"),
    "create_domain_stmt": create.create_domain,
    "create_seq_stmt": create.create_sequence,
    "create_function_stmt": create.create_function,
    "create_trig_stmt": create.create_trigger,
    "create_stats_stmt": create.create_statistics,
    "alter_table_stmt": alter_table.alter_table,
    "alter_table_move_all_stmt": alter_table.move_all,
    "drop_stmt": drop.drop,
    "rename_stmt": drop.rename,
    "alter_object_schema_stmt": drop.set_schema,
    "alter_owner_stmt": drop.owner,
    "comment_stmt": drop.comment,
    "select_stmt": rows.select,
    "insert_stmt": rows.insert,
    "update_stmt": rows.update,
    "delete_stmt": rows.delete,
    "merge_stmt": rows.merge,
    "copy_stmt": rows.copy,
    "truncate_stmt": rows.truncate,
    "lock_stmt": rows.lock,
    "variable_set_stmt": sessions.setting,
    "transaction_stmt": sessions.transaction,
    "vacuum_stmt": sessions.vacuum,
    "cluster_stmt": sessions.cluster,
    "reindex_stmt": sessions.reindex,
    "refresh_mat_view_stmt": sessions.refresh,
    "alter_enum_stmt": sessions.enum,
    "alter_domain_stmt": sessions.domain,
    "alter_seq_stmt": sessions.sequence,
    "create_policy_stmt": lambda tree: sessions.policy(tree, "create"),
    "alter_policy_stmt": lambda tree: sessions.policy(tree, "alter"),
    "rule_stmt": sessions.rule,
    "grant_stmt": sessions.grant,
    "create_publication_stmt": sessions.publication,
    "alter_publication_stmt": sessions.publication,
    "call_stmt": rows.call,
}
_HARMLESS = frozenset(
    [
        "alter_collation_stmt",
        "alter_default_privileges_stmt",
        "alter_role_set_stmt",
        "alter_role_stmt",
        "alter_stats_stmt",
        "alter_database_set_stmt",
        "alter_database_stmt",
        "alter_event_trig_stmt",
        "alter_extension_stmt",
        "alter_extension_contents_stmt",
        "alter_function_stmt",
        "alter_operator_stmt",
        "alter_op_family_stmt",
        "alter_system_stmt",
        "alter_tsconfiguration_stmt",
        "alter_tsdictionary_stmt",
        "alter_type_stmt",
        "alter_foreign_server_stmt",
        "alter_fdw_stmt",
        "alter_user_mapping_stmt",
        "check_point_stmt",
        "close_portal_stmt",
        "constraints_set_stmt",
        "create_am_stmt",
        "create_cast_stmt",
        "create_conversion_stmt",
        "create_event_trig_stmt",
        "create_extension_stmt",
        "create_fdw_stmt",
        "create_foreign_server_stmt",
        "create_foreign_table_stmt",
        "create_op_class_stmt",
        "create_op_family_stmt",
        "create_plang_stmt",
        "create_role_stmt",
        "create_schema_stmt",
        "create_subscription_stmt",
        "create_table_space_stmt",
        "create_transform_stmt",
        "create_user_mapping_stmt",
        "createdb_stmt",
        "deallocate_stmt",
        "declare_cursor_stmt",
        "define_stmt",
        "discard_stmt",
        "drop_owned_stmt",
        "drop_role_stmt",
        "drop_subscription_stmt",
        "drop_table_space_stmt",
        "drop_user_mapping_stmt",
        "dropdb_stmt",
        "explain_stmt",
        "fetch_stmt",
        "grant_role_stmt",
        "import_foreign_schema_stmt",
        "listen_stmt",
        "load_stmt",
        "notify_stmt",
        "reassign_owned_stmt",
        "sec_label_stmt",
        "unlisten_stmt",
        "variable_show_stmt",
        "alter_subscription_stmt",
        "alter_table_space_options_stmt",
        "alter_object_depends_stmt",
    ]
)


def changes_of(sql: str) -> tuple[Change, ...]:
    """What a statement's text does, one change per action in the author's order; never empty for a statement.

    Text the grammar refuses, and statements midair does not know, are one `Opaque`.
    """
    return _read(sql) if len(sql) < 20_000 else tuple(_changes(sql))


@lru_cache(maxsize=512)
def body_of(sql: str) -> tuple[Change, ...]:
    """What a function does when it is called, from its CREATE statement: a `Block`, then the changes; none if nobody can tell."""
    return tuple(in_function(sql, _changes))


@lru_cache(maxsize=65_536)  # a project is read twice; what is kept is what its acts hold anyway
def _read(sql: str) -> tuple[Change, ...]:
    return tuple(_changes(sql))


def _changes(sql: str) -> Iterator[Change]:
    try:
        trees = parse(sql)
    except NotParsed as error:
        yield Opaque(sql, str(error))
        return
    for tree in trees:
        kind = tree.WhichOneof("node") or ""
        if kind == "do_stmt":
            yield from in_block(sql, _changes)
        elif kind in _READERS:
            yield from _READERS[kind](getattr(tree, kind))
        elif kind == "create_schema_stmt":
            yield from sessions.server(kind, tree.create_schema_stmt)
        elif kind in _HARMLESS:
            yield from sessions.server(kind, getattr(tree, kind))
        else:
            yield Opaque(sql, f"midair does not know {kind.removesuffix('_stmt').replace('_', ' ')}")
