-- What a rewrite makes and takes away again, and is still there.
SELECT 'constraint', n.nspname, t.relname, c.conname
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.conname LIKE 'midair\_%' AND c.coninhcount = 0
UNION ALL
SELECT 'sequence', n.nspname, s.relname, s.relname
FROM pg_class s JOIN pg_namespace n ON n.oid = s.relnamespace
WHERE s.relkind = 'S' AND s.relname LIKE 'midair\_seq\_%' AND n.nspname <> 'midair'
ORDER BY 2, 3, 4
