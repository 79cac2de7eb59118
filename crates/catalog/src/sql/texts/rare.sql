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
  UNION ALL
  -- Rows of superusers' small tables, with the columns that another role reads. The server's own functions print them; where row
  -- security hides rows, these are not all for one reader.
  (SELECT 'the rows of ', 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0, pg_catalog.left(pg_catalog.query_to_xml(
      pg_catalog.format('SELECT %s FROM ONLY %I.%I LIMIT 1000', g.columns, n.nspname, c.relname), false, true, '')::text, 262144),
    'text', CASE WHEN g.grantee <> 0 THEN pg_catalog.pg_get_userbyid(g.grantee) END
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner AND r.rolsuper
  CROSS JOIN LATERAL (
    SELECT x.grantee, pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ') AS columns
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.oid < 16384 AND t.typcategory IN ('A', 'S', 'U')
    CROSS JOIN LATERAL (
      SELECT y.grantee FROM pg_catalog.aclexplode(c.relacl) y WHERE y.privilege_type = 'SELECT' AND y.grantee <> c.relowner
      UNION SELECT z.grantee FROM pg_catalog.aclexplode(a.attacl) z WHERE z.privilege_type = 'SELECT') x
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped GROUP BY x.grantee) g
  WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm') AND NOT c.relrowsecurity AND c.relispopulated
    AND pg_catalog.pg_relation_size(c.oid, 'main') BETWEEN 1 AND 524288 AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
  LIMIT 200)
