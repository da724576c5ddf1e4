-- Triggers with their functions and whether they fire once a row, rules, policies and extended statistics of each table.
SELECT t.tgrelid::int8, 'trigger', t.tgname, p.proname, t.tgtype & 1 = 1
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal
UNION ALL
SELECT r.ev_class::int8, 'rule', r.rulename, NULL, false FROM pg_rewrite r WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT o.polrelid::int8, 'policy', o.polname, NULL, false FROM pg_policy o
UNION ALL
SELECT s.stxrelid::int8, 'statistics', s.stxname, NULL, false FROM pg_statistic_ext s
