  -- Only if the census finds code.
  UNION ALL
  SELECT '', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, p.prosrc, 'text', NULL
  FROM pg_catalog.pg_proc p WHERE p.oid >= 16384
  UNION ALL
  SELECT '', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, pg_catalog.to_jsonb(p) ->> 'prosqlbody', 'tree', NULL
  FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND CASE WHEN p.prolang = 14 THEN pg_catalog.octet_length(p.prosrc) = 0 ELSE false END
  UNION ALL
  SELECT 'the defaults of ', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, p.proargdefaults::text, 'tree', NULL
  FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND p.proargdefaults IS NOT NULL
  UNION ALL
  SELECT 'the settings of ', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0, setting, 'text', NULL
  FROM pg_catalog.pg_proc p CROSS JOIN LATERAL pg_catalog.unnest(p.proconfig) setting WHERE p.oid >= 16384
  UNION ALL
  SELECT '', CASE r.rulename WHEN '_RETURN' THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE 'pg_catalog.pg_rewrite'::pg_catalog.regclass END,
    CASE r.rulename WHEN '_RETURN' THEN r.ev_class ELSE r.oid END, 0, r.ev_action::text || r.ev_qual::text, 'tree', NULL
  FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384
  UNION ALL
  SELECT 'the arguments of ', 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0, pg_catalog.encode(t.tgargs, 'hex'), 'hex', NULL
  FROM pg_catalog.pg_trigger t WHERE t.tgnargs > 0 AND NOT t.tgisinternal AND pg_catalog.octet_length(t.tgargs) < 100000000
  UNION ALL
  SELECT 'the condition of ', 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0, t.tgqual::text, 'tree', NULL
  FROM pg_catalog.pg_trigger t WHERE t.tgqual IS NOT NULL
  UNION ALL
  SELECT 'the bounds of ', 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0, c.relpartbound::text, 'tree', NULL
  FROM pg_catalog.pg_class c WHERE c.relpartbound IS NOT NULL
