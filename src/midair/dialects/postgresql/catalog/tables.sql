-- Every table, view and materialized view of the user's schemas, with its size as the server estimates it, and how
-- many scans and changed rows a second it has seen since the server began to count.
SELECT c.oid::int8, n.nspname, c.relname, c.relkind::text, c.relpersistence::text,
       CASE WHEN c.reltuples >= 0 AND c.relpages > 0 THEN c.reltuples::int8 END,
       CASE WHEN c.relkind IN ('r', 'm', 'p') THEN pg_relation_size(c.oid) END,
       c.relispartition, coalesce(pg_get_expr(c.relpartbound, c.oid), '') = 'DEFAULT',
       (SELECT t.typname FROM pg_type t WHERE t.oid = c.reloftype),
       (SELECT ((s.seq_scan + coalesce(s.idx_scan, 0) + s.n_tup_ins + s.n_tup_upd + s.n_tup_del)
                / greatest(extract(epoch FROM now() - coalesce(d.stats_reset, pg_postmaster_start_time())), 60))::float8
        FROM pg_stat_user_tables s, pg_stat_database d
        WHERE s.relid = c.oid AND d.datname = current_database())
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname, c.relname
