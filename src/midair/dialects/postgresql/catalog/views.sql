-- Which relations a view reads, and which of their columns it needs.
SELECT DISTINCT r.ev_class::int8, d.refobjid::int8, a.attname
FROM pg_rewrite r
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
WHERE d.refobjid <> r.ev_class
