-- The columns that decide which partition a row goes to.
SELECT p.partrelid::int8, a.attname
FROM pg_partitioned_table p, unnest(p.partattrs::int2[]) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attnum = k.attnum
WHERE a.attrelid = p.partrelid
ORDER BY p.partrelid, k.place
