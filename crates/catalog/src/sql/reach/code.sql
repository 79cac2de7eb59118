-- Places of expressions that the server evaluates for the role that uses a relation or a type: defaults and generated
-- columns, constraints, rules and views, policies, conditions of triggers, indexes, statistics, partitions.
edge AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, a.adrelid AS oid, 'pg_catalog.pg_attrdef'::pg_catalog.regclass AS to_class, a.oid AS to_oid
  FROM pg_catalog.pg_attrdef a
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, k.conrelid, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
  FROM pg_catalog.pg_constraint k WHERE k.conrelid <> 0
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, k.contypid, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
  FROM pg_catalog.pg_constraint k WHERE k.contypid <> 0
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class, 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid
  FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, y.polrelid, 'pg_catalog.pg_policy'::pg_catalog.regclass, y.oid FROM pg_catalog.pg_policy y
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, t.tgrelid, 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid
  FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
  FROM pg_catalog.pg_index i WHERE i.indrelid >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, s.stxrelid, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid
  FROM pg_catalog.pg_statistic_ext s
  UNION ALL
  -- A write to a table is one to its partitions and, except for INSERT, to the tables that inherit from it.
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.inhparent, 'pg_catalog.pg_class'::pg_catalog.regclass, i.inhrelid
  FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p')
  UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, m.amprocfamily, 'pg_catalog.pg_amproc'::pg_catalog.regclass, m.oid
  FROM pg_catalog.pg_amproc m WHERE m.oid >= 16384
  UNION ALL
  -- Its operators compare for GROUP BY, foreign keys and the like.
  SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, m.amopfamily, 'pg_catalog.pg_operator'::pg_catalog.regclass, m.amopopr
  FROM pg_catalog.pg_amop m WHERE m.amopopr >= 16384
  UNION ALL
  -- The planner puts these in its place; pg_depend has no row for them.
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, 'pg_catalog.pg_operator'::pg_catalog.regclass, n.column1
  FROM pg_catalog.pg_operator o CROSS JOIN LATERAL (VALUES (o.oprcom), (o.oprnegate)) n WHERE o.oid >= 16384 AND n.column1 >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, 'pg_catalog.pg_opfamily'::pg_catalog.regclass, o.opcfamily
  FROM pg_catalog.pg_opclass o WHERE o.oid >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'pg_catalog.pg_type'::pg_catalog.regclass, t.typelem
  FROM pg_catalog.pg_type t WHERE t.typelem >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 'pg_catalog.pg_class'::pg_catalog.regclass, t.typrelid
  FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
  UNION ALL
  -- The functions, operators, types and operator classes in them. Tables of a rule and of a body are those that its
  -- text writes to; a view is code itself.
  SELECT d.classid, d.objid, d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
  WHERE d.refobjid >= 16384
    AND (d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass,
        'pg_catalog.pg_type'::pg_catalog.regclass, 'pg_catalog.pg_opclass'::pg_catalog.regclass, 'pg_catalog.pg_opfamily'::pg_catalog.regclass)
      OR d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
        AND (SELECT c.relkind = 'v' FROM pg_catalog.pg_class c WHERE c.oid = d.refobjid)
        -- A view's own rule depends on the view.
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.oid = d.objid AND r.ev_class = d.refobjid))),
-- What superusers' sessions evaluate when they use their own objects, with the object before it; autovacuum computes
-- indexes and statistics too.
used AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, c.oid, 'pg_catalog.pg_class'::pg_catalog.regclass AS by_class, 0::oid AS by_oid
  FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relowner IN (SELECT m.oid FROM mighty m)
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 'pg_catalog.pg_proc'::pg_catalog.regclass, 0::oid
  FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND p.proowner IN (SELECT m.oid FROM mighty m)
    -- The constructors of each range type belong to the first superuser, and not to the type's owner.
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_type t ON t.oid = d.refobjid
      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'i'
        AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.typowner NOT IN (SELECT m.oid FROM mighty m))
  UNION ALL
  SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, f.oid, 'pg_catalog.pg_opfamily'::pg_catalog.regclass, 0::oid
  FROM pg_catalog.pg_opfamily f WHERE f.oid >= 16384 AND f.opfowner IN (SELECT m.oid FROM mighty m)
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, 'pg_catalog.pg_opclass'::pg_catalog.regclass, 0::oid
  FROM pg_catalog.pg_opclass o WHERE o.oid >= 16384 AND o.opcowner IN (SELECT m.oid FROM mighty m)
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, 'pg_catalog.pg_operator'::pg_catalog.regclass, 0::oid
  FROM pg_catalog.pg_operator o WHERE o.oid >= 16384 AND o.oprowner IN (SELECT m.oid FROM mighty m)
  UNION ALL
  -- Objects of every other kind that call a function of another role: operators, conversions, languages, foreign-data wrappers and
  -- the like; pg_depend has a row for each column that refers to pg_proc. A part of an object (a trigger, a default) is
  -- reached from it, what concerns a type of another role is that role's, and event triggers are read below.
  SELECT d.classid, d.objid, d.classid, 0::oid
  FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid AND p.proowner NOT IN (SELECT m.oid FROM mighty m)
  WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid >= 16384 AND d.deptype = 'n'
    AND d.classid NOT IN ('pg_catalog.pg_event_trigger'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend n LEFT JOIN pg_catalog.pg_type t
        ON n.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = n.refobjid
      WHERE n.classid = d.classid AND n.objid = d.objid AND (n.deptype <> 'n' OR t.typowner NOT IN (SELECT m.oid FROM mighty m)))
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend o
      WHERE o.classid = d.classid AND o.objid = d.objid AND o.deptype = 'o' AND o.refobjid NOT IN (SELECT m.oid FROM mighty m)
        AND o.dbid IN (0, (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())))
  UNION
  SELECT e.to_class, e.to_oid, e.class, e.oid FROM used u JOIN edge e ON e.class = u.class AND e.oid = u.oid),
seen AS (
  SELECT u.class, u.oid, pg_catalog.min(pg_catalog.pg_describe_object(u.by_class, u.by_oid, 0)) AS run_by FROM used u
  WHERE u.by_oid <> 0 AND CASE u.class
    WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN
      (SELECT p.proowner NOT IN (SELECT m.oid FROM mighty m) FROM pg_catalog.pg_proc p WHERE p.oid = u.oid)
    WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN
      (SELECT c.relkind IN ('r', 'p', 'v') AND c.relowner NOT IN (SELECT m.oid FROM mighty m) FROM pg_catalog.pg_class c WHERE c.oid = u.oid)
    WHEN 'pg_catalog.pg_type'::pg_catalog.regclass THEN
      (SELECT t.typtype = 'd' AND t.typowner NOT IN (SELECT m.oid FROM mighty m) FROM pg_catalog.pg_type t WHERE t.oid = u.oid)
    ELSE false END
  GROUP BY u.class, u.oid),
calls AS (
  SELECT u.oid AS function, u.run_by FROM seen u WHERE u.class = 'pg_catalog.pg_proc'::pg_catalog.regclass
  UNION ALL
  -- The server's own types; a service's types affect only itself.
  SELECT c.castfunc, pg_catalog.pg_describe_object('pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, 0) FROM pg_catalog.pg_cast c
  JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
  WHERE c.castcontext IN ('i', 'a') AND c.castsource < 16384 AND c.casttarget < 16384
    AND p.oid >= 16384 AND p.proowner NOT IN (SELECT m.oid FROM mighty m)),
hooked AS (
  SELECT t.evtfoid AS oid, pg_catalog.min(t.evtname::text) AS event FROM pg_catalog.pg_event_trigger t WHERE t.evtenabled <> 'D' GROUP BY t.evtfoid),
visited AS (SELECT c.function AS oid, pg_catalog.min(c.run_by) AS run_by FROM calls c GROUP BY c.function),
-- Tables of other roles to which superusers write through an object of theirs: the tables' owners may add triggers.
-- Views of other roles that superusers read the same way.
fed AS (
  SELECT f.oid, pg_catalog.min(f.run_by) AS run_by FROM (
    SELECT u.oid, u.run_by FROM seen u WHERE u.class = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION ALL
    -- Rows are written as the subscription's owner before 16, and from then on where it says so: without the column the
    -- name means the row before.
    SELECT r.srrelid, 'the subscription ' || s.subname FROM pg_catalog.pg_subscription_rel r
    -- Before 14 not every role may read the OIDs of subscriptions.
    JOIN pg_catalog.pg_stat_subscription i ON i.subid = r.srsubid
    JOIN pg_catalog.pg_subscription s ON s.subname = i.subname
    CROSS JOIN (SELECT true AS subrunasowner) before
    WHERE s.subdbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND (SELECT subrunasowner FROM pg_catalog.pg_subscription own WHERE own.subdbid = s.subdbid AND own.subname = s.subname)
      AND s.subowner IN (SELECT m.oid FROM mighty m)) f JOIN pg_catalog.pg_class c ON c.oid = f.oid
  WHERE c.relowner NOT IN (SELECT m.oid FROM mighty m)
  GROUP BY f.oid),
-- Domains of other roles: their owners may add a CHECK.
domain AS (
  SELECT t.oid, t.typname, t.typowner, t.typnamespace, (
    SELECT u.run_by FROM seen u WHERE u.class = 'pg_catalog.pg_type'::pg_catalog.regclass AND u.oid = t.oid) AS run_by
  FROM pg_catalog.pg_type t WHERE t.typtype = 'd' AND t.oid >= 16384 AND t.typowner NOT IN (SELECT m.oid FROM mighty m)),
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
-- Views through which a write goes to a relation that their owner may write to: the first one that the query names.
based AS (
  SELECT b.view, b.base FROM (
    SELECT m.view, (SELECT x.relation[1]::pg_catalog.oid FROM pg_catalog.regexp_matches(m.tree, ':relid (\d+) ', 'g') WITH ORDINALITY x (relation, at)
      WHERE x.relation[1]::pg_catalog.oid <> m.view ORDER BY x.at LIMIT 1) AS base
    FROM made m WHERE pg_catalog.pg_relation_is_updatable(m.view, true) & 28 <> 0) b
  JOIN pg_catalog.pg_class v ON v.oid = b.view
  WHERE pg_catalog.has_table_privilege(v.relowner, b.base, 'INSERT, UPDATE, DELETE')
    AND NOT coalesce(v.reloptions && ARRAY['security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes'], false)),
-- Those whose writes go to a catalog of the server: its rows decide the powers of every role.
steering AS (
  SELECT b.view AS oid FROM based b JOIN pg_catalog.pg_class c ON c.oid = b.base AND c.relkind = 'r'
  WHERE c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace),
-- A write to the first is a write to the second.
routes AS (
  SELECT i.inhparent AS parent, i.inhrelid AS child FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p')
  UNION ALL
  -- Its owner writes.
  SELECT b.view, b.base FROM based b JOIN pg_catalog.pg_class c ON c.oid = b.base AND c.oid >= 16384),
routed AS (
  SELECT f.tgrelid AS oid FROM fires f UNION SELECT s.oid FROM steering s UNION SELECT r.parent FROM routed x JOIN routes r ON r.child = x.oid),
-- Texts of superusers' functions and rules. A function that other roles may call, in a schema of theirs, is meant for them.
body AS (
  SELECT p.oid AS function, 'the function ' || p.oid::pg_catalog.regprocedure::text AS shown, l.lanname AS language, p.prosecdef AS definer,
    -- An SQL-standard body (BEGIN ATOMIC, from 14 on) leaves the text empty.
    pg_catalog.left(CASE WHEN l.lanname = 'sql' AND p.prosrc = '' THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END, 65536) AS text,
    (SELECT pg_catalog.left(pg_catalog.substr(o, 13), 16384) FROM pg_catalog.unnest(p.proconfig) o WHERE pg_catalog.starts_with(o, 'search_path=')) AS path
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384 AND l.lanname IN ('sql', 'plpgsql') AND p.proowner IN (SELECT m.oid FROM mighty m)
    AND NOT EXISTS (SELECT FROM scripted x WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid)
    AND (p.prosecdef OR p.prorettype IN ('pg_catalog.event_trigger'::pg_catalog.regtype, 'pg_catalog.trigger'::pg_catalog.regtype)
      OR n.nspowner IN (SELECT m.oid FROM mighty m) OR NOT EXISTS (
        SELECT FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
        WHERE a.grantee NOT IN (SELECT m.oid FROM mighty m)))
  UNION ALL
  SELECT 0::oid, 'the rule ' || pg_catalog.quote_ident(r.rulename) || ' on ' || n.nspname || '.' || c.relname, 'sql', false,
    pg_catalog.left(pg_catalog.pg_get_ruledef(r.oid), 65536), 'pg_catalog'
  FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN space n ON n.oid = c.relnamespace
  WHERE r.oid >= 16384 AND r.ev_type <> '1' AND r.ev_enabled <> 'D' AND c.relowner IN (SELECT m.oid FROM mighty m)),
candidate AS (SELECT p.* FROM pg_catalog.pg_proc p),
