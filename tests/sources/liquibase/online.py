"""One changelog in three formats whose last changesets would stop the application, were they run as written."""

from pathlib import Path

MASTER = """<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
    http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <changeSet id="tables" author="ann">
    <createTable tableName="customers">
      <column name="id" type="bigint"><constraints primaryKey="true" nullable="false"/></column>
      <column name="email" type="text"/>
    </createTable>
    <createTable tableName="orders">
      <column name="id" type="bigint"><constraints primaryKey="true" nullable="false"/></column>
      <column name="customer_id" type="bigint"/>
    </createTable>
    <sql>INSERT INTO customers SELECT n, CASE WHEN n % 3 > 0 THEN 'a' || n END FROM generate_series(1, ROWS) n;
         INSERT INTO orders SELECT n, n % ROWS + 1 FROM generate_series(1, ROWS) n</sql>
  </changeSet>
  <changeSet id="v1" author="ann"><tagDatabase tag="v1"/></changeSet>
  <changeSet id="index" author="ann">
    <preConditions onFail="MARK_RAN"><not><indexExists indexName="orders_customer"/></not></preConditions>
    <createIndex tableName="orders" indexName="orders_customer"><column name="customer_id"/></createIndex>
  </changeSet>
  <include file="key.yaml" relativeToChangelogFile="true"/>
  <include file="email.json" relativeToChangelogFile="true"/>
  <include file="unique.sql" relativeToChangelogFile="true"/>
</databaseChangeLog>
"""
KEY = """databaseChangeLog:
- changeSet:
    id: key
    author: ann
    changes:
    - addForeignKeyConstraint:
        baseTableName: orders
        baseColumnNames: customer_id
        constraintName: orders_customer_fk
        referencedTableName: customers
        referencedColumnNames: id
"""
EMAIL = """{"databaseChangeLog": [
  {"changeSet": {"id": "email", "author": "ann", "changes": [
    {"addNotNullConstraint":
      {"tableName": "customers", "columnName": "email", "columnDataType": "text", "defaultNullValue": "none"}}
  ]}}
]}
"""
UNIQUE = """--liquibase formatted sql

--changeset ann:unique
ALTER TABLE orders
  ADD CONSTRAINT orders_once UNIQUE (customer_id);
--rollback ALTER TABLE orders DROP CONSTRAINT orders_once;
"""
BEFORE = "+2"
"""As far as nothing has to be rewritten."""


def laid_out_online(root: Path, rows: int = 900) -> Path:
    """The changelog in a folder of its own; its tables get this many rows."""
    root.mkdir(exist_ok=True)
    texts = {"changelog.xml": MASTER, "key.yaml": KEY, "email.json": EMAIL, "unique.sql": UNIQUE}
    for name, text in texts.items():
        (root / name).write_text(text.replace("ROWS", str(rows)))
    (root / "liquibase.properties").write_text("changeLogFile=changelog.xml\n")
    return root
