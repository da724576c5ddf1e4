"""A changelog whose changes SQLite's ALTER TABLE lacks, and what Liquibase 4.29.0 makes of it."""

from pathlib import Path

CHANGELOG = """<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
    http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <changeSet id="tables" author="ann">
    <createTable tableName="p">
      <column name="id" type="int"><constraints primaryKey="true" nullable="false"/></column>
    </createTable>
    <createTable tableName="t">
      <column name="id" type="int"><constraints nullable="false"/></column>
      <column name="name" type="varchar(50)" defaultValue="x"><constraints nullable="false"/></column>
      <column name="age" type="int"/>
    </createTable>
    <createTable tableName="r"><column name="id" type="int"/></createTable>
    <createIndex tableName="t" indexName="t_age"><column name="age"/></createIndex>
    <sql>insert into t values (1, 'one', 1)</sql>
    <sql>insert into t values (2, 'two', null)</sql>
    <sql>insert into p values (41)</sql>
  </changeSet>
  <changeSet id="default" author="ann">
    <addDefaultValue tableName="t" columnName="age" columnDataType="int" defaultValueNumeric="5"/>
    <addDefaultValue tableName="t" columnName="name" columnDataType="varchar(50)" defaultValue="its"/>
  </changeSet>
  <changeSet id="numbers" author="ann">
    <addAutoIncrement tableName="p" columnName="id" columnDataType="int"/>
    <addAutoIncrement tableName="t" columnName="id" columnDataType="int"/>
  </changeSet>
  <changeSet id="reference" author="ann">
    <preConditions onFail="MARK_RAN"><sqlCheck expectedResult="2">select count(*) from t</sqlCheck></preConditions>
    <addColumn tableName="t"><column name="p_id" type="int">
      <constraints foreignKeyName="t_p" references="p(id)"/></column></addColumn>
  </changeSet>
  <changeSet id="sequence" author="ann"><createSequence sequenceName="q"/></changeSet>
  <changeSet id="unique" author="ann">
    <addColumn tableName="r"><column name="code" type="varchar(9)">
      <constraints unique="true" uniqueConstraintName="r_code"/></column></addColumn>
  </changeSet>
</databaseChangeLog>
"""
SCHEMA = [
    "CREATE TABLE p (id INTEGER CONSTRAINT PK_P PRIMARY KEY AUTOINCREMENT NOT NULL)",
    "CREATE TABLE r (id INTEGER, code VARCHAR(9), UNIQUE (code))",
    "CREATE TABLE t (id INTEGER CONSTRAINT PK_T PRIMARY KEY AUTOINCREMENT NOT NULL,"
    " name VARCHAR(50) DEFAULT 'its' NOT NULL, age INTEGER DEFAULT 5, p_id INTEGER,"
    " CONSTRAINT t_p FOREIGN KEY (p_id) REFERENCES p(id))",
    "CREATE INDEX t_age ON t(age)",
]
"""What the real tool leaves, in the order of the names; the peers' test compares with the tool itself."""


def laid_out_for_sqlite(root: Path) -> Path:
    """The changelog in a folder of its own."""
    root.mkdir(exist_ok=True)
    (root / "changelog.xml").write_text(CHANGELOG)
    (root / "liquibase.properties").write_text("changeLogFile=changelog.xml\n")
    return root
