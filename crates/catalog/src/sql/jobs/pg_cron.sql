-- The jobs of pg_cron.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('display', 'job ' || j.jobid || ' of pg_cron',
  'database', j.database, 'role', j.username, 'command', pg_catalog.left(j.command, 65536)) ORDER BY j.jobid), '[]')::text
FROM cron.job j WHERE j.active
