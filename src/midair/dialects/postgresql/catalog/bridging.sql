-- What a view in a table's place has to copy, and what forbids one: a row a table of the users'.
SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), c.relrowsecurity,
       array_remove(ARRAY[
           CASE WHEN c.relkind = 'p' OR c.relispartition THEN 'it is partitioned' END,
           CASE WHEN EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid)
                     AND c.relkind = 'r' AND NOT c.relispartition THEN 'it takes part in inheritance' END,
           CASE WHEN c.reloftype <> 0 THEN 'it is a table of a type' END,
           CASE WHEN c.relkind = 'f' THEN 'it is a foreign table' END,
           (SELECT 'publication ' || min(p.pubname) || ' sends it by name, and its subscribers would stop'
            FROM pg_publication_tables p WHERE p.schemaname = n.nspname AND p.tablename = c.relname HAVING count(*) > 0),
           (SELECT 'a subscription writes to it by name' FROM pg_subscription_rel s WHERE s.srrelid = c.oid LIMIT 1),
           (SELECT 'its row type is used by ' || min(pg_describe_object(d.classid, d.objid, d.objsubid))
            FROM pg_depend d
            WHERE d.refclassid = 'pg_type'::regclass AND d.deptype = 'n'
              AND d.refobjid IN (c.reltype, (SELECT t.typarray FROM pg_type t WHERE t.oid = c.reltype))
            HAVING count(*) > 0)
       ], NULL),
       ARRAY(SELECT format('GRANT %s ON TABLE {view} TO %s%s', a.privilege_type,
                           CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
             FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner ORDER BY 1),
       ARRAY(SELECT t.attname || chr(31) || format('GRANT %s ({column}) ON TABLE {view} TO %s%s', a.privilege_type,
                           CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
             FROM pg_attribute t, aclexplode(t.attacl) a
             WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped AND a.grantee <> c.relowner ORDER BY 1),
       obj_description(c.oid, 'pg_class'),
       ARRAY(SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
             WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname <> 'midair' AND n.nspname !~ '^pg_'
