"""Which parameters each change type has: what is read, and what enters a checksum (liquibase.md §5.2).

A name with `?` is a boolean, with `#` a whole number, with `*` the text an element holds.
"""

from collections.abc import Mapping

_TABLE = "catalogName schemaName tableName"
_BASE = "baseTableCatalogName baseTableSchemaName baseTableName"
_SEQUENCE = (
    "catalogName schemaName sequenceName cacheSize# cycle? dataType incrementBy# maxValue# minValue# ordered?"
)
_INDEXED = "forIndexCatalogName forIndexName forIndexSchemaName clustered? tablespace validate? columnNames constraintName"
_LOAD = f"{_TABLE} commentLineStartsWith encoding file quotchar relativeToChangelogFile? separator usePreparedStatements?"

FIELDS: Mapping[str, tuple[str, ...]] = {
    name: tuple(text.split())
    for name, text in {
        "addAutoIncrement": f"{_TABLE} columnDataType columnName defaultOnNull? generationType incrementBy# startWith#",
        "addColumn": _TABLE,
        "addDefaultValue": f"{_TABLE} columnDataType columnName defaultValue defaultValueBoolean? defaultValueComputed"
        " defaultValueConstraintName defaultValueDate defaultValueNumeric defaultValueSequenceNext",
        "addForeignKeyConstraint": f"{_BASE} baseColumnNames constraintName deferrable? deleteCascade? initiallyDeferred? onDelete"
        " onUpdate referencedColumnNames referencedTableCatalogName referencedTableName referencedTableSchemaName validate?",
        "addLookupTable": "constraintName existingColumnName existingTableCatalogName existingTableName existingTableSchemaName"
        " newColumnDataType newColumnName newTableCatalogName newTableName newTableSchemaName",
        "addNotNullConstraint": f"{_TABLE} columnDataType columnName constraintName defaultNullValue validate?",
        "addPrimaryKey": f"{_TABLE} {_INDEXED}",
        "addUniqueConstraint": f"{_TABLE} {_INDEXED} deferrable? disabled? initiallyDeferred?",
        "alterSequence": _SEQUENCE,
        "createIndex": f"{_TABLE} associatedWith clustered? indexName tablespace unique? using",
        "createProcedure": "catalogName schemaName comments dbms encoding path procedureName procedureText*"
        " relativeToChangelogFile? replaceIfExists?",
        "createSequence": f"{_SEQUENCE} startValue#",
        "createTable": f"{_TABLE} ifNotExists? remarks rowDependencies? tableType tablespace partitionBy",
        "createView": "catalogName schemaName encoding fullDefinition? path relativeToChangelogFile? remarks"
        " replaceIfExists? selectQuery* viewName",
        "customChange": "class",
        "delete": f"{_TABLE} where",
        "dropAllForeignKeyConstraints": _BASE,
        "dropColumn": f"{_TABLE} columnName",
        "dropDefaultValue": f"{_TABLE} columnDataType columnName",
        "dropForeignKeyConstraint": f"{_BASE} constraintName",
        "dropIndex": f"{_TABLE} indexName",
        "dropNotNullConstraint": f"{_TABLE} columnDataType columnName constraintName",
        "dropPrimaryKey": f"{_TABLE} constraintName dropIndex?",
        "dropProcedure": "catalogName schemaName procedureName",
        "dropSequence": "catalogName schemaName sequenceName",
        "dropTable": f"{_TABLE} cascadeConstraints?",
        "dropUniqueConstraint": f"{_TABLE} constraintName uniqueColumns",
        "dropView": "catalogName schemaName ifExists? viewName",
        "empty": "",
        "executeCommand": "executable timeout",
        "insert": f"{_TABLE} dbms",
        "loadData": _LOAD,
        "loadUpdateData": f"{_LOAD} onlyUpdate? primaryKey",
        "mergeColumns": f"{_TABLE} column1Name column2Name finalColumnName finalColumnType joinString",
        "modifyDataType": f"{_TABLE} columnName newDataType",
        "output": "message* target",
        "renameColumn": f"{_TABLE} columnDataType newColumnName oldColumnName remarks",
        "renameSequence": "catalogName schemaName newSequenceName oldSequenceName",
        "renameTable": "catalogName schemaName newTableName oldTableName",
        "renameView": "catalogName schemaName newViewName oldViewName",
        "setColumnRemarks": f"{_TABLE} columnDataType columnName columnParentType remarks",
        "setTableRemarks": f"{_TABLE} remarks",
        "sql": "dbms endDelimiter splitStatements? sql* stripComments?",
        "sqlFile": "dbms encoding endDelimiter path relativeToChangelogFile? splitStatements? stripComments?",
        "stop": "message*",
        "tagDatabase": "tag keepTagOnRollback?",
        "update": f"{_TABLE} where",
    }.items()
}
BY_LOWER_NAME = {name.lower(): name for name in FIELDS}

WITH_COLUMNS = frozenset(
    {
        "addColumn",
        "createIndex",
        "createTable",
        "dropColumn",
        "insert",
        "update",
        "loadData",
        "loadUpdateData",
    }
)

SILENT = frozenset({"empty", "tagDatabase", "output"})
"""Changes without SQL; taking them back is nothing either."""
INVERTIBLE = frozenset(
    [
        "createTable", "renameTable", "addColumn", "renameColumn", "addNotNullConstraint", "dropNotNullConstraint",
        "addDefaultValue", "addPrimaryKey", "addForeignKeyConstraint", "addUniqueConstraint", "addLookupTable",
        "createIndex", "createView", "renameView", "createSequence", "renameSequence",
    ]
)  # fmt: skip
"""Changes whose inverse `writing` knows: said here too, so that reading a project needs none of it."""
NOT_ON_SQLITE = frozenset(
    [
        "addForeignKeyConstraint", "addLookupTable", "addNotNullConstraint", "addPrimaryKey", "addUniqueConstraint",
        "dropDefaultValue", "dropForeignKeyConstraint", "dropNotNullConstraint", "dropPrimaryKey",
        "dropUniqueConstraint", "modifyDataType", "renameSequence", "setColumnRemarks", "setTableRemarks",
    ]
)  # fmt: skip
"""What Liquibase refuses on SQLite, dropPrimaryKey by a NullPointerException."""
NOTHING_ON_SQLITE = frozenset({"alterSequence", "createSequence", "dropSequence"})
"""What Liquibase records there and does nothing for."""
REBUILDS = frozenset({"addAutoIncrement", "addColumn", "addDefaultValue"})
"""What makes a table anew on SQLite; addColumn only with what its ALTER TABLE lacks."""
COLUMN = [
    "name",
    "type",
    "value",
    "valueNumeric",
    "valueDate",
    "valueBoolean?",
    "valueBlobFile",
    "valueClobFile",
    "valueComputed",
    "valueSequenceNext",
    "valueSequenceCurrent",
    "encoding",
    "defaultValue",
    "defaultValueNumeric",
    "defaultValueDate",
    "defaultValueBoolean?",
    "defaultValueComputed",
    "defaultValueSequenceNext",
    "defaultValueConstraintName",
    "autoIncrement?",
    "startWith#",
    "incrementBy#",
    "generationType",
    "defaultOnNull?",
    "remarks",
    "descending?",
    "computed?",
    "included?",
]
PLACED_COLUMN = (*COLUMN, "afterColumn", "beforeColumn", "position#")
LOADED_COLUMN = (*COLUMN, "header", "index#", "allowUpdate?", "nullPlaceholder")
CONSTRAINTS = [
    "nullable?",
    "notNullConstraintName",
    "primaryKey?",
    "primaryKeyName",
    "primaryKeyTablespace",
    "references",
    "referencedTableCatalogName",
    "referencedTableSchemaName",
    "referencedTableName",
    "referencedColumnNames",
    "unique?",
    "uniqueConstraintName",
    "checkConstraint",
    "deleteCascade?",
    "foreignKeyName",
    "initiallyDeferred?",
    "deferrable?",
    "validateNullable?",
    "validateUnique?",
    "validatePrimaryKey?",
    "validateForeignKey?",
]

NOT_OF_AN_INDEX = frozenset(
    ["type", "autoIncrement", "defaultValue", "value", "startWith", "incrementBy", "encoding", "remarks"]
)
"""What a column loses when it is one of a createIndex; its constraints too."""
