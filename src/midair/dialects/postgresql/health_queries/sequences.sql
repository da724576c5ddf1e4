-- Sequences that do not cycle, how far they are, and the column that owns each.
SELECT s.schemaname, s.sequencename, s.last_value, s.max_value, tn.nspname, t.relname, a.attname
FROM pg_sequences s
JOIN pg_class c ON c.relname = s.sequencename AND c.relkind = 'S'
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class t ON t.oid = d.refobjid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE s.last_value IS NOT NULL AND s.increment_by > 0 AND NOT s.cycle
ORDER BY s.last_value::float8 / s.max_value DESC
