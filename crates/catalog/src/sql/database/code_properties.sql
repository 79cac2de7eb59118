  -- Properties of functions, views and tables with rules: left out if the census finds no code.
  'shadows', CASE WHEN t.kind = 'function' AND NOT t.system THEN EXISTS (
    SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_proc q
      ON q.proname = p.proname AND q.proargtypes = p.proargtypes AND q.oid <> p.oid
    WHERE p.oid = t.oid AND q.pronamespace = 'pg_catalog'::pg_catalog.regnamespace) ELSE false END,
  -- The server itself calls a function of a trigger or an operator class, without checking EXECUTE.
  'called', t.definer AND EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.refclassid = t.class AND d.refobjid = t.oid AND d.classid IN ('pg_catalog.pg_trigger'::pg_catalog.regclass,
      'pg_catalog.pg_event_trigger'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass)),
  -- A cursor that stays open belongs to the transaction: its caller fetches from it by name what the owner may read, without
  -- a privilege of its own. Loops close theirs. Comments and literals are taken out, and a text that is too long counts.
  'cursor', t.definer AND t.language IS NOT NULL AND (
    SELECT CASE WHEN l.lanname IN ('c', 'internal') THEN false
      WHEN pg_catalog.length(p.prosrc) > 65536 THEN true
      WHEN l.lanname = 'sql' THEN b.code ~* '\mdeclare\s+\S+\s+[a-z\s]*\mcursor\M'
      WHEN l.lanname <> 'plpgsql' THEN p.prosrc ~* '\m(cursor|declare|spi_query\w*)\M'
      ELSE p.prosrc ~* '[''$]\s*declare\s+\S+\s+[a-z\s]*\mcursor\M' OR EXISTS (
        SELECT FROM pg_catalog.regexp_matches(b.code, '(?:^|;|>>|\m(?:begin|then|else|loop)\M)\s*open\s+("[^"]+"|[\w.]+)', 'gi') o
        WHERE p.prorettype = 1790 OR 1790 = ANY (p.proallargtypes) OR NOT EXISTS (
          SELECT FROM pg_catalog.regexp_matches(b.code, '\mclose\s+("[^"]+"|[\w.]+)', 'gi') k
          WHERE pg_catalog.lower(k[1]) = pg_catalog.lower(o[1]))) END
    FROM pg_catalog.pg_proc p CROSS JOIN LATERAL (
      SELECT pg_catalog.regexp_replace(pg_catalog.left(p.prosrc, 65536), '--[^\n]*|/\*.*?\*/|''[^'']*''', ' ', 'g') AS code) b
    WHERE p.oid = t.oid),
  'source', (SELECT pg_catalog.left(p.prosrc, 300) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
    WHERE t.language IS NOT NULL AND p.oid = t.oid AND s.nspname = 'martydb_serve'),
  -- A view's functions run as its caller: to a caller that may read each of its relations, its owner's privileges give nothing.
  -- A service makes as many views of as many relations as it likes: those of a superuser alone are listed.
  -- They do where the owner passes row security, logs in to a foreign table's server, or stands for the caller of an invoker's view.
  -- Relations of the server are named by OID in the parsed query alone; of pg_authid (1260) everybody sees all but the whole
  -- row, rolpassword and rolvaliduntil: 7 plus their numbers in selectedCols.
  'reads', CASE WHEN (t.kind = 'view' OR t.kind = 'materialized view' AND t.owner IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)
      -- Its owner runs what it computes with.
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d
        ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid AND d.refobjid >= 16384
        WHERE r.ev_class = t.oid AND d.refclassid <> 'pg_catalog.pg_class'::pg_catalog.regclass)) AND NOT t.system AND t.extension IS NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid AND (r.ev_type <> '1'
      OR EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid >= 16384 AND c.oid <> t.oid
        AND (t.owner NOT IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)
          OR c.relkind NOT IN ('r', 'v', 'm', 'p') OR c.relrowsecurity OR EXISTS (
          SELECT FROM pg_catalog.unnest(c.reloptions) o WHERE o LIKE 'security_invoker=%')))
      OR EXISTS (SELECT FROM (SELECT m[1]::pg_catalog.oid AS oid FROM pg_catalog.regexp_matches(r.ev_action::text, ':relid (\d+) ', 'g') m) n
        JOIN pg_catalog.pg_class c ON c.oid = n.oid
        WHERE c.oid < 16384 AND NOT EXISTS (
            SELECT FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
            WHERE a.grantee = 0 AND a.privilege_type = 'SELECT')
          AND (c.oid <> 1260 OR r.ev_action::text ~ ':relid 1260 .*:selectedCols \(b[0-9 ]* (7|18|19)[ )]'))))
    THEN coalesce((
      SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', n.nspname, 'display', n.nspname || '.' || c.relname,
        'everybody', EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) a WHERE a.grantee = 0 AND a.privilege_type = 'SELECT'),
        -- Rows of others come with its own, or its rows were computed by its owner.
        'wide', c.relkind IN ('m', 'p') OR c.relhassubclass))
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid >= 16384 AND c.oid <> t.oid AND c.oid IN (
        SELECT d.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.objid = r.oid
        WHERE r.ev_class = t.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)), '[]') END,
  -- The relation to which a write to a superuser's view goes: the first one that its query names.
  'base', CASE WHEN t.kind = 'view' AND NOT t.system AND t.owner IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)
      AND pg_catalog.pg_relation_is_updatable(t.oid, true) & 28 <> 0 THEN (
    SELECT n.nspname || '.' || c.relname
    FROM pg_catalog.pg_rewrite r CROSS JOIN LATERAL pg_catalog.regexp_matches(r.ev_action::text, ':relid (\d+) ', 'g') WITH ORDINALITY x (relation, at)
    JOIN pg_catalog.pg_class c ON c.oid = x.relation[1]::pg_catalog.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE r.ev_class = t.oid AND r.ev_type = '1' AND c.oid <> t.oid ORDER BY x.at LIMIT 1) END,
  -- The query of a superuser's view that no function of its reader can look behind.
  'query', CASE WHEN t.kind = 'view' AND NOT t.system AND t.owner IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)
      AND t.options && ARRAY['security_barrier=true', 'security_barrier=on', 'security_barrier=1', 'security_barrier=yes']
    THEN pg_catalog.left(pg_catalog.pg_get_viewdef(t.oid), 65536) END,
  -- The query of a superuser's view, which its owner runs where it is a materialized one.
  'stored', CASE WHEN t.kind IN ('view', 'materialized view') AND t.extension IS NULL AND NOT t.system AND t.owner IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)
    THEN pg_catalog.left(pg_catalog.pg_get_viewdef(t.oid), 65536) END,
  -- A view of the history of the service's migrations.
  'history', t.kind IN ('view', 'materialized view') AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid AND d.refclassid = t.class AND d.refobjid <> t.oid
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE r.ev_class = t.oid AND (n.nspname = 'martydb' OR c.relname = 'refinery_schema_history')),
  -- Without a condition `DO INSTEAD NOTHING` runs nothing; its command type is CMD_NOTHING (nodes.h), which MERGE moved in 15.
  'rules', t.kind = 'table' AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid AND NOT (r.ev_qual::text = '<>'
    AND r.ev_action::text LIKE '({QUERY :commandType '
      || CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 150000 THEN '6' ELSE '7' END || ' %')),
  -- Set for a function, a table or a view on which anything depends but its own type, indexes, constraints, defaults, triggers,
  -- policies and rules.
  'referred', CASE WHEN NOT t.system AND t.extension IS NULL AND (t.language IS NOT NULL OR t.kind IN ('table', 'view', 'materialized view')) THEN
    EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = t.class AND d.refobjid = t.oid
      AND NOT (t.language IS NULL AND CASE d.classid
        WHEN 'pg_catalog.pg_type'::pg_catalog.regclass THEN true
        WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN (SELECT c.relkind IN ('i', 'I', 'S', 't') FROM pg_catalog.pg_class c WHERE c.oid = d.objid)
        WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass THEN (SELECT k.conrelid = t.oid FROM pg_catalog.pg_constraint k WHERE k.oid = d.objid)
        WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass THEN (SELECT a.adrelid = t.oid FROM pg_catalog.pg_attrdef a WHERE a.oid = d.objid)
        WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass THEN (SELECT g.tgrelid = t.oid FROM pg_catalog.pg_trigger g WHERE g.oid = d.objid)
        WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass THEN (SELECT y.polrelid = t.oid FROM pg_catalog.pg_policy y WHERE y.oid = d.objid)
        WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass THEN (SELECT r.ev_class = t.oid FROM pg_catalog.pg_rewrite r WHERE r.oid = d.objid)
        ELSE false END)) END,
  -- Set for a table whose new rows something gets: a trigger, a rule, a partition, a view.
  'watched', t.kind = 'table' AND (EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal)
    OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.oid AND (c.relkind <> 'r' OR c.relispartition))
    -- What a superuser's view calls of the server is read from its query.
    OR EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
      WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = t.class AND d.refobjid = t.oid
        AND (v.relkind NOT IN ('v', 'm') OR NOT (SELECT a.rolsuper FROM pg_catalog.pg_roles a WHERE a.oid = v.relowner)
          OR EXISTS (SELECT FROM pg_catalog.pg_depend n WHERE n.classid = d.classid AND n.objid = r.oid AND n.refobjid >= 16384
            AND n.refclassid <> 'pg_catalog.pg_class'::pg_catalog.regclass)))
    -- A superuser's table without a trigger, and to which no other refers, ends the chain.
    OR EXISTS (SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
      WHERE k.confrelid = t.oid AND k.conrelid <> t.oid AND (c.relkind <> 'r' OR c.relispartition OR c.relhasrules
        OR NOT (SELECT a.rolsuper FROM pg_catalog.pg_roles a WHERE a.oid = c.relowner)
        OR EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal)
        OR EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.confrelid = c.oid))))
    -- Of a superuser's materialized view: it reads what another role may replace, or a view.
    OR t.kind = 'materialized view' AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.oid <> t.oid
      WHERE r.ev_class = t.oid AND (c.relkind <> 'r' OR NOT (SELECT a.rolsuper FROM pg_catalog.pg_roles a WHERE a.oid = c.relowner))),
  -- Of a superuser's table: what runs when its rows are written, and whether it has more than the server's types and tables of superusers.
  'expressions', CASE WHEN t.kind = 'table' AND NOT t.system AND t.extension IS NULL
      AND t.owner IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper) THEN
    coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.left(x.text, 2000)) FROM (
      SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS text FROM pg_catalog.pg_attrdef d WHERE d.adrelid = t.oid
      UNION ALL
      SELECT pg_catalog.pg_get_expr(k.conbin, k.conrelid) FROM pg_catalog.pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c'
      UNION ALL
      SELECT pg_catalog.pg_get_expr(k.conbin, 0) FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a ON a.atttypid = k.contypid
      WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND k.contypid <> 0 AND k.contype = 'c'
      UNION ALL
      SELECT y.typdefault FROM pg_catalog.pg_type y JOIN pg_catalog.pg_attribute a ON a.atttypid = y.oid
      WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND y.typtype = 'd' AND y.typdefaultbin IS NOT NULL
      UNION ALL
      SELECT pg_catalog.pg_get_expr(i.indexprs, i.indrelid) FROM pg_catalog.pg_index i WHERE i.indrelid = t.oid AND i.indexprs IS NOT NULL
      UNION ALL
      SELECT pg_catalog.pg_get_expr(i.indpred, i.indrelid) FROM pg_catalog.pg_index i WHERE i.indrelid = t.oid AND i.indpred IS NOT NULL
      UNION ALL
      SELECT pg_catalog.substring(pg_catalog.pg_get_statisticsobjdef(s.oid), ' ON (.*) FROM ') FROM pg_catalog.pg_statistic_ext s
      WHERE s.stxrelid = t.oid
      UNION ALL
      SELECT pg_catalog.pg_get_expr(k.partexprs, k.partrelid) FROM pg_catalog.pg_partitioned_table k
      WHERE k.partrelid = t.oid AND k.partexprs IS NOT NULL) x),
      '[]'::pg_catalog.jsonb) END,
  'mixed', t.kind = 'table' AND NOT t.system AND (EXISTS (
      SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid >= 16384
        -- A superuser's enumeration has the server's functions, and so has its domain of a type of the server: its checks are expressions.
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_type y WHERE y.oid = a.atttypid AND (y.typtype = 'e' OR y.typtype = 'd' AND y.typbasetype < 16384)
          AND y.typowner IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE y.oid IN (k.castsource, k.casttarget))))
    OR EXISTS (SELECT FROM pg_catalog.pg_index i CROSS JOIN LATERAL pg_catalog.unnest(i.indclass) o WHERE i.indrelid = t.oid AND o >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_partitioned_table k CROSS JOIN LATERAL pg_catalog.unnest(k.partclass) o WHERE k.partrelid = t.oid AND o >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_constraint k CROSS JOIN LATERAL pg_catalog.unnest(k.conexclop) o
      WHERE k.conrelid = t.oid AND o >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = t.oid) AND EXISTS (
      WITH RECURSIVE below AS (SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = t.oid
        UNION SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN below b ON b.inhrelid = h.inhparent)
      SELECT FROM below b JOIN pg_catalog.pg_class c ON c.oid = b.inhrelid
      WHERE c.relkind NOT IN ('r', 'p') OR NOT (SELECT a.rolsuper FROM pg_catalog.pg_roles a WHERE a.oid = c.relowner))),
