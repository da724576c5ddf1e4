-- What hangs on each table of the users' besides its columns, as one JSON object a table: what a table in its place must have.
SELECT n.nspname, c.relname, jsonb_build_object(
  'owner', pg_get_userbyid(c.relowner),
  'persistence', c.relpersistence,
  'method', (SELECT m.amname FROM pg_am m WHERE m.oid = c.relam),
  'tablespace', (SELECT t.spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace),
  'options', coalesce(to_jsonb(c.reloptions), '[]'),
  'toast_options', coalesce((SELECT to_jsonb(t.reloptions) FROM pg_class t WHERE t.oid = c.reltoastrelid), '[]'),
  'secured', c.relrowsecurity,
  'forced', c.relforcerowsecurity,
  'identity', c.relreplident,
  'comment', obj_description(c.oid, 'pg_class'),
  'bytes', pg_total_relation_size(c.oid),
  'grants', ARRAY(SELECT format('GRANT %s ON TABLE {table} TO %s%s', a.privilege_type,
                           CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                           CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                  FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner ORDER BY 1),
  'policies', ARRAY(
    SELECT format('CREATE POLICY %I ON {table} AS %s FOR %s TO %s', p.polname,
                  CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                  (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY r) FROM unnest(p.polroles) r))
           || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
    FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY p.polname),
  'policy_comments', ARRAY(SELECT format('COMMENT ON POLICY %I ON {table} IS %L', p.polname, obj_description(p.oid, 'pg_policy'))
                           FROM pg_policy p WHERE p.polrelid = c.oid AND obj_description(p.oid, 'pg_policy') IS NOT NULL ORDER BY p.polname),
  'triggers', coalesce((
    SELECT jsonb_agg(jsonb_build_object('name', t.tgname, 'definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled,
                                        'comment', obj_description(t.oid, 'pg_trigger')) ORDER BY t.tgname)
    FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal), '[]'),
  'publications', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'name', p.pubname, 'by_root', p.pubviaroot,
      'columns', to_jsonb(ARRAY(SELECT a.attname FROM pg_attribute a
                                WHERE a.attrelid = c.oid AND a.attnum::text = ANY (regexp_split_to_array(btrim(translate(to_jsonb(r) ->> 'prattrs', '[],', '   ')), '\s+'))
                                ORDER BY a.attnum)),
      'filter', (SELECT to_jsonb(s) ->> 'rowfilter' FROM pg_publication_tables s
                 WHERE s.pubname = p.pubname AND s.schemaname = n.nspname AND s.tablename = c.relname)) ORDER BY p.pubname)
    FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid), '[]'),
  'views', coalesce((
    SELECT jsonb_agg(DISTINCT jsonb_build_object(
      'schema', vn.nspname, 'name', v.relname, 'definition', pg_get_viewdef(v.oid), 'options', coalesce(to_jsonb(v.reloptions), '[]')))
    FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class JOIN pg_namespace vn ON vn.oid = v.relnamespace
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
      AND v.oid <> c.oid AND v.relkind = 'v'), '[]'),
  'functions', coalesce((
    SELECT jsonb_agg(DISTINCT pg_get_functiondef(d.objid)) FROM pg_depend d
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid), '[]'),
  'blocked', array_remove(ARRAY[
    CASE WHEN c.relkind = 'p' OR c.relispartition THEN 'it is partitioned' END,
    CASE WHEN c.relkind = 'r' AND NOT c.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid)
         THEN 'it takes part in inheritance' END,
    CASE WHEN c.reloftype <> 0 THEN 'it is a table of a type' END,
    CASE WHEN c.relforcerowsecurity THEN 'its row security holds for its owner too' END,
    (SELECT 'a subscription writes to it' FROM pg_subscription_rel s WHERE s.srrelid = c.oid LIMIT 1),
    (SELECT 'publication ' || min(p.pubname) || ' sends every table, and its subscribers would stop at the new one'
     FROM pg_publication_tables p WHERE p.schemaname = n.nspname AND p.tablename = c.relname
       AND NOT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication o ON o.oid = r.prpubid
                       WHERE r.prrelid = c.oid AND o.pubname = p.pubname) HAVING count(*) > 0),
    (SELECT 'its row type is used by ' || min(pg_describe_object(d.classid, d.objid, d.objsubid)) FROM pg_depend d
     WHERE d.refclassid = 'pg_type'::regclass AND d.deptype = 'n'
       AND d.refobjid IN (c.reltype, (SELECT t.typarray FROM pg_type t WHERE t.oid = c.reltype)) HAVING count(*) > 0),
    (SELECT 'it has the rule ' || min(w.rulename) FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN' HAVING count(*) > 0),
    (SELECT min(pg_describe_object(d.classid, d.objid, d.objsubid)) || ' reads it' FROM pg_depend d
     LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid LEFT JOIN pg_class v ON v.oid = w.ev_class
     LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
     LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
     WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
       AND ((w.oid IS NOT NULL AND v.oid <> c.oid AND v.relkind <> 'v') OR (p.oid IS NOT NULL AND p.polrelid <> c.oid)
            OR (g.oid IS NOT NULL AND g.tgrelid <> c.oid AND NOT g.tgisinternal))
     HAVING count(*) > 0)
  ], NULL)
)::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname <> 'midair' AND n.nspname !~ '^pg_'
