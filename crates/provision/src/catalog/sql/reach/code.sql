-- Functions that superusers' sessions call through an object of theirs: an index or statistics, which
-- autovacuum computes too, a view, a cast, an operator class, or the body of a function.
mighty AS (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper),
weak AS (
  SELECT p.oid, pg_catalog.lower(n.nspname) AS space, pg_catalog.lower(p.proname) AS name
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
  WHERE p.oid >= 16384 AND p.proowner NOT IN (SELECT m.oid FROM mighty m)),
calls AS (
  SELECT d.refobjid AS function, pg_catalog.pg_describe_object(d.classid, d.objid, 0) AS visitor FROM pg_catalog.pg_depend d
  JOIN weak w ON w.oid = d.refobjid
  WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND CASE d.classid
    WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN (SELECT c.proowner FROM pg_catalog.pg_proc c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_opfamily'::pg_catalog.regclass THEN (SELECT c.opfowner FROM pg_catalog.pg_opfamily c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_opclass'::pg_catalog.regclass THEN (SELECT c.opcowner FROM pg_catalog.pg_opclass c WHERE c.oid = d.objid)
    WHEN 'pg_catalog.pg_amproc'::pg_catalog.regclass THEN (
      SELECT f.opfowner FROM pg_catalog.pg_amproc a JOIN pg_catalog.pg_opfamily f ON f.oid = a.amprocfamily WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid WHERE s.oid = d.objid)
    WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_attrdef a JOIN pg_catalog.pg_class c ON c.oid = a.adrelid WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_rewrite a JOIN pg_catalog.pg_class c ON c.oid = a.ev_class WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_policy a JOIN pg_catalog.pg_class c ON c.oid = a.polrelid WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN (
      SELECT c.relowner FROM pg_catalog.pg_trigger a JOIN pg_catalog.pg_class c ON c.oid = a.tgrelid WHERE a.oid = d.objid)
    WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN (
      SELECT coalesce(c.relowner, t.typowner) FROM pg_catalog.pg_constraint a LEFT JOIN pg_catalog.pg_class c ON c.oid = a.conrelid
      LEFT JOIN pg_catalog.pg_type t ON t.oid = a.contypid WHERE a.oid = d.objid)
    END IN (SELECT m.oid FROM mighty m)
  UNION ALL
  -- The server's own types; a service's types affect only itself.
  SELECT c.castfunc, pg_catalog.pg_describe_object('pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, 0) FROM pg_catalog.pg_cast c
  JOIN weak w ON w.oid = c.castfunc
  WHERE c.castcontext IN ('i', 'a') AND c.castsource < 16384 AND c.casttarget < 16384
  UNION ALL
  -- Calls with a schema in a body, quoted or not, are extracted once.
  SELECT w.oid, 'the function ' || s.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc s
  CROSS JOIN LATERAL pg_catalog.regexp_matches(pg_catalog.left(s.prosrc, 65536), '([[:alnum:]_$]+)"?\s*\.\s*"?([[:alnum:]_$]+)"?\s*\(', 'g') m
  JOIN weak w ON w.space = pg_catalog.lower(m[1]) AND w.name = pg_catalog.lower(m[2])
  WHERE s.oid >= 16384 AND s.proowner IN (SELECT m.oid FROM mighty m)
    AND (s.prosecdef OR s.prorettype IN ('pg_catalog.event_trigger'::pg_catalog.regtype, 'pg_catalog.trigger'::pg_catalog.regtype))
    AND NOT EXISTS (SELECT FROM scripted x WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = s.oid)),
hooked AS (
  SELECT t.evtfoid AS oid, pg_catalog.min(t.evtname::text) AS event FROM pg_catalog.pg_event_trigger t WHERE t.evtenabled <> 'D' GROUP BY t.evtfoid),
visited AS (SELECT c.function AS oid, pg_catalog.min(c.visitor) AS visitor FROM calls c GROUP BY c.function),
-- Tables of other roles to which superusers write through an object of theirs: the tables' owners may add triggers.
fed AS (
  SELECT c.oid, pg_catalog.min(f.visitor) AS visitor FROM pg_catalog.pg_class c JOIN (
    SELECT i.inhrelid AS oid, pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, p.oid, 0) AS visitor
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
    WHERE p.relkind = 'p' AND p.relowner IN (SELECT m.oid FROM mighty m)
    UNION ALL
    -- Before 16 the rows are written as the subscription's owner.
    SELECT r.srrelid, 'the subscription ' || s.subname FROM pg_catalog.pg_subscription_rel r
    -- Before 14 not every role may read the OIDs of subscriptions.
    JOIN pg_catalog.pg_stat_subscription i ON i.subid = r.srsubid
    JOIN pg_catalog.pg_subscription s ON s.subname = i.subname
    WHERE s.subdbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND pg_catalog.current_setting('server_version_num')::int < 160000 AND s.subowner IN (SELECT m.oid FROM mighty m)) f ON f.oid = c.oid
  WHERE c.relkind IN ('r', 'p') AND c.relowner NOT IN (SELECT m.oid FROM mighty m)
  GROUP BY c.oid),
made AS (
  SELECT r.oid AS rule, r.ev_class AS view, r.ev_action::text AS tree FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm') AND v.oid >= 16384),
reads AS (
  SELECT DISTINCT m.view, d.refobjid AS relation
  FROM made m JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = m.rule
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> m.view
  JOIN pg_catalog.pg_class t ON t.oid = d.refobjid AND t.relkind IN ('v', 'm', 'f')
  UNION
  -- Dependencies on the server's own relations are not recorded: the parsed query names them by OID.
  SELECT m.view, g.oid FROM made m JOIN guarded g ON m.tree LIKE '%:relid ' || g.oid || ' %'
  WHERE pg_catalog.pg_get_viewdef(m.view) ~ ('\m' || g.part || '\M')),
fires AS (
  SELECT t.tgrelid, p.oid AS function FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
  WHERE NOT t.tgisinternal AND (p.prosecdef OR p.prolang IN (SELECT u.oid FROM unconfined u))),
candidate AS (SELECT p.* FROM pg_catalog.pg_proc p),
