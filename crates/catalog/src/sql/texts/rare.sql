  -- Only if the census finds foreign data.
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, w.oid, 0, pg_catalog.array_to_string(w.fdwoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_data_wrapper w
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 0, pg_catalog.array_to_string(s.srvoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_server s
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_class'::pg_catalog.regclass, t.ftrelid, 0, pg_catalog.array_to_string(t.ftoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_table t
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum::int, pg_catalog.array_to_string(a.attfdwoptions, ' '), 'text', NULL
  FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_attribute a ON a.attrelid = f.ftrelid WHERE a.attfdwoptions IS NOT NULL
  UNION ALL
  -- The view hides the options from roles that may not read them; a mapping for PUBLIC is visible to every role
  -- that may use its server.
  SELECT 'the options of ', 'pg_catalog.pg_user_mapping'::pg_catalog.regclass, u.umid, 0, pg_catalog.array_to_string(u.umoptions, ' '), 'text',
    CASE WHEN u.umuser <> 0 THEN u.usename END
  FROM pg_catalog.pg_user_mappings u
