-- Constraints that were added NOT VALID and never proved; helpers of rewrites are told elsewhere.
SELECT n.nspname, t.relname, c.conname
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE NOT c.convalidated AND c.conname NOT LIKE 'midair\_%' AND c.coninhcount = 0
  AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true)
ORDER BY 1, 2, 3
