-- Indexes that are not valid and that nobody is building now; one on out-of-line values is told by the table they belong to.
SELECT n.nspname, c.relname, coalesce(bn.nspname, tn.nspname), coalesce(b.relname, t.relname), c.relkind = 'I'
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_class b ON b.reltoastrelid = t.oid LEFT JOIN pg_namespace bn ON bn.oid = b.relnamespace
WHERE NOT i.indisvalid AND (n.nspname NOT LIKE 'pg\_%' OR n.nspname = 'pg_toast')
  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
ORDER BY 1, 2
