-- The steps of pgAgent's jobs that are SQL and run as the agent's own login; one with a connection string names another.
SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('display', 'step ' || s.jstid || ' of job ' || s.jstjobid || ' of pgAgent',
  'database', s.jstdbname, 'role', NULL, 'command', pg_catalog.left(s.jstcode, 65536)) ORDER BY s.jstjobid, s.jstid), '[]')::text
FROM pgagent.pga_jobstep s JOIN pgagent.pga_job j ON j.jobid = s.jstjobid
WHERE j.jobenabled AND s.jstenabled AND s.jstkind = 's' AND s.jstdbname <> ''
