-- Names of constraints and types that the schema holds nowhere else: of NOT NULL, domains and constraint triggers; base types
-- and multiranges. An array's type begins with an underscore, and is its element's.
SELECT c.conname
FROM pg_constraint c
JOIN pg_namespace n ON n.oid = c.connamespace
WHERE (c.conrelid = 0 OR c.contype NOT IN ('c', 'f', 'u', 'p', 'x')) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
UNION
SELECT t.typname
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype NOT IN ('c', 'd', 'e', 'r') AND t.typname !~ '^_' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
