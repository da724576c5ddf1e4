-- Which table is a partition, or an heir, of which.
SELECT h.inhrelid::int8, h.inhparent::int8
FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
WHERE c.relkind IN ('r', 'p')
ORDER BY h.inhrelid, h.inhseqno
