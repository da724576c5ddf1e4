-- Partitions whose DETACH CONCURRENTLY did not end. The column is there since PostgreSQL 14.
SELECT n.nspname, c.relname, pn.nspname, p.relname
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE (to_jsonb(i) ->> 'inhdetachpending')::boolean
ORDER BY 1, 2
