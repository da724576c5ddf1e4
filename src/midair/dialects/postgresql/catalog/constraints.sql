-- Every constraint of a table as SQL, and whether the old rows are known to meet it.
SELECT c.conrelid::int8, c.conname, c.contype::text, pg_get_constraintdef(c.oid), c.convalidated, i.relname
FROM pg_constraint c
JOIN pg_namespace n ON n.oid = c.connamespace
LEFT JOIN pg_class i ON i.oid = c.conindid
WHERE c.conrelid <> 0 AND c.contype IN ('c', 'f', 'u', 'p', 'x', 'n')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY c.conrelid, c.conname
