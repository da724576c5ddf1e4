-- Sessions of this database with an open transaction or waiting, and who they wait for; the longest first.
SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename, '?'), coalesce(a.state, '?'),
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::int,
       left(regexp_replace(a.query, '[[:space:]]+', ' ', 'g'), 80), pg_blocking_pids(a.pid)
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
ORDER BY a.xact_start NULLS LAST
