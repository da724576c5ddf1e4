-- Checks as expressions with their columns, and foreign keys with the columns on both sides.
SELECT k.conrelid::int8, k.contype::text,
       (SELECT array_agg(quote_ident(a.attname) ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
       pg_get_expr(k.conbin, k.conrelid), k.confrelid::int8,
       (SELECT array_agg(quote_ident(a.attname) ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)
FROM pg_constraint k
WHERE k.contype IN ('c', 'f') AND k.conrelid <> 0 AND k.conparentid = 0
ORDER BY k.conrelid, k.conname
