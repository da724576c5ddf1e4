-- Triggers with their functions, rules, policies and extended statistics of each table.
SELECT t.tgrelid::int8, 'trigger', t.tgname, p.proname
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal
UNION ALL
SELECT r.ev_class::int8, 'rule', r.rulename, NULL FROM pg_rewrite r WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT o.polrelid::int8, 'policy', o.polname, NULL FROM pg_policy o
UNION ALL
SELECT s.stxrelid::int8, 'statistics', s.stxname, NULL FROM pg_statistic_ext s
