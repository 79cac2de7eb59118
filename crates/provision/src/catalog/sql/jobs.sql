-- The jobs of pg_cron.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
  'number', j.jobid, 'shown', j.jobid::text, 'database', j.database, 'role', j.username, 'command', pg_catalog.left(j.command, 65536)) ORDER BY j.jobid), '[]')::text
FROM cron.job j WHERE j.active
