-- What hangs on the columns of each table of the users', as one JSON object a table: definitions in the server's own words.
SELECT n.nspname, c.relname, jsonb_build_object(
  'plain', c.relkind = 'r' AND NOT c.relispartition
           AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid OR i.inhrelid = c.oid),
  'typed', c.reloftype <> 0,
  'subscribed', EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid),
  'publications', coalesce((SELECT jsonb_agg(p.pubname ORDER BY p.pubname) FROM pg_publication_tables p
                            WHERE p.schemaname = n.nspname AND p.tablename = c.relname
                              AND NOT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication o ON o.oid = r.prpubid
                                              WHERE r.prrelid = c.oid AND o.pubname = p.pubname
                                                AND to_jsonb(r) ->> 'prattrs' IS NOT NULL)), '[]'),
  'columns', (
    SELECT jsonb_object_agg(a.attname, jsonb_build_object(
      'default', (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum),
      'comment', col_description(c.oid, a.attnum),
      'target', a.attstattarget,
      'options', coalesce(to_jsonb(a.attoptions), '[]'),
      'not_null', (SELECT k.conname FROM pg_constraint k
                   WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] LIMIT 1),
      'grants', coalesce((SELECT jsonb_agg(jsonb_build_array(g.privilege_type,
                                 CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                                 g.is_grantable))
                          FROM aclexplode(a.attacl) g), '[]'),
      'sequence', (SELECT jsonb_build_object(
                     'schema', sn.nspname, 'name', s.relname, 'kind', format_type(q.seqtypid, NULL), 'start', q.seqstart,
                     'increment', q.seqincrement, 'minimum', q.seqmin, 'maximum', q.seqmax, 'cache', q.seqcache, 'cycle', q.seqcycle,
                     'comment', obj_description(s.oid, 'pg_class'),
                     'grants', coalesce((SELECT jsonb_agg(jsonb_build_array(g.privilege_type,
                                 CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                                 g.is_grantable)) FROM aclexplode(s.relacl) g WHERE g.grantee <> s.relowner), '[]'))
                   FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
                   JOIN pg_namespace sn ON sn.oid = s.relnamespace JOIN pg_sequence q ON q.seqrelid = s.oid
                   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                     AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i') LIMIT 1),
      'users', coalesce((SELECT jsonb_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid))
                FROM pg_depend d
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum
                  AND (d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_proc'::regclass,
                                     'pg_publication_rel'::regclass)
                       OR (d.classid = 'pg_attrdef'::regclass AND d.objid <>
                           coalesce((SELECT own.oid FROM pg_attrdef own WHERE own.adrelid = c.oid AND own.adnum = a.attnum), 0)))), '[]')))
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'indexes', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'name', i.relname, 'definition', pg_get_indexdef(i.oid), 'unique', x.indisunique, 'valid', x.indisvalid,
      'exclusion', x.indisexclusion, 'replica', x.indisreplident, 'clustered', x.indisclustered,
      'comment', obj_description(i.oid, 'pg_class'),
      'tablespace', (SELECT t.spcname FROM pg_tablespace t WHERE t.oid = i.reltablespace),
      'columns', ARRAY(SELECT DISTINCT a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
                       WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0
                         AND ((d.classid = 'pg_class'::regclass AND d.objid = i.oid)
                              OR (d.classid = 'pg_constraint'::regclass AND d.objid = k.oid))
                       UNION SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (x.indkey)),
      'constraint', k.conname, 'kind', k.contype, 'deferrable', coalesce(k.condeferrable, false), 'deferred', coalesce(k.condeferred, false),
      'constraint_comment', obj_description(k.oid, 'pg_constraint'), 'constraint_definition', pg_get_constraintdef(k.oid)
    ) ORDER BY i.relname)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
    WHERE x.indrelid = c.oid), '[]'),
  'constraints', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'name', k.conname, 'kind', k.contype, 'definition', pg_get_constraintdef(k.oid), 'valid', k.convalidated,
      'comment', obj_description(k.oid, 'pg_constraint'),
      'foreign_schema', fn.nspname, 'foreign_table', f.relname,
      'columns', ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)),
      'referenced', ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey))
    ) ORDER BY k.conname)
    FROM pg_constraint k LEFT JOIN pg_class f ON f.oid = k.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f') AND k.conparentid = 0), '[]'),
  'inbound', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'schema', tn.nspname, 'table', t.relname, 'plain', t.relkind = 'r' AND NOT t.relispartition,
      'name', k.conname, 'definition', pg_get_constraintdef(k.oid), 'valid', k.convalidated,
      'comment', obj_description(k.oid, 'pg_constraint'),
      'columns', ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (k.confkey))
    ) ORDER BY tn.nspname, t.relname, k.conname)
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
    WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0), '[]'),
  'triggers', coalesce((
    SELECT jsonb_agg(t.tgname ORDER BY t.tgname) FROM pg_trigger t
    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 3 = 3), '[]'),
  'statistics', coalesce((
    SELECT jsonb_agg(jsonb_build_object(
      'schema', sn.nspname, 'name', s.stxname, 'definition', pg_get_statisticsobjdef(s.oid),
      'comment', obj_description(s.oid, 'pg_statistic_ext'),
      'columns', ARRAY(SELECT a.attname FROM pg_depend d JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
                       WHERE d.classid = 'pg_statistic_ext'::regclass AND d.objid = s.oid
                         AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0)
    ) ORDER BY s.stxname)
    FROM pg_statistic_ext s JOIN pg_namespace sn ON sn.oid = s.stxnamespace WHERE s.stxrelid = c.oid), '[]')
)::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname <> 'midair' AND n.nspname !~ '^pg_'
