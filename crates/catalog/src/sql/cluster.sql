-- Contents of the shared catalogs, as rows of section and item: one round trip, one snapshot.
-- Readable without superuser: pg_roles instead of pg_authid.
-- Columns of newer majors are read through to_jsonb, so one text serves 13 to 18.
-- Every login may add settings to itself, in every database and of any length: values are cut, with their length.
SELECT 'server', pg_catalog.jsonb_build_object(
  'version', pg_catalog.current_setting('server_version_num')::int,
  'maintenance', pg_catalog.current_database(),
  'standby', pg_catalog.pg_is_in_recovery(),
  -- Visible only with the privilege to see other sessions.
  'primary', CASE WHEN pg_catalog.pg_is_in_recovery() THEN (
    SELECT pg_catalog.concat_ws(':', w.sender_host, w.sender_port) FROM pg_catalog.pg_stat_wal_receiver w WHERE w.sender_host IS NOT NULL) END,
  'capacity', pg_catalog.jsonb_build_object(
    'max_connections', pg_catalog.current_setting('max_connections')::int,
    'reserved', pg_catalog.current_setting('superuser_reserved_connections')::int
      + coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0),
    'in_use', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend')),
  'logs_rows', pg_catalog.current_setting('wal_level') = 'logical',
  'tablespaces', (
    SELECT pg_catalog.jsonb_object_agg(t.spcname, pg_catalog.has_tablespace_privilege(t.oid, 'CREATE'))
    FROM pg_catalog.pg_tablespace t WHERE t.spcname <> 'pg_global'),
  'bootstrap', (SELECT r.rolname FROM pg_catalog.pg_roles r WHERE r.oid = 10),
  'admin', (
    SELECT pg_catalog.jsonb_build_object(
      'name', r.rolname, 'superuser', r.rolsuper, 'createdb', r.rolcreatedb, 'createrole', r.rolcreaterole,
      'inherit', r.rolinherit,
      'sees_passwords', pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT'))
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user))::text
UNION ALL
SELECT 'role', pg_catalog.jsonb_build_object(
  'name', r.rolname, 'login', r.rolcanlogin, 'inherit', r.rolinherit, 'superuser', r.rolsuper,
  'createdb', r.rolcreatedb, 'createrole', r.rolcreaterole, 'replication', r.rolreplication,
  'bypassrls', r.rolbypassrls, 'connection_limit', r.rolconnlimit,
  'valid_until', r.rolvaliduntil::text, 'expired', r.rolvaliduntil < pg_catalog.now(),
  'comment', pg_catalog.left(pg_catalog.shobj_description(r.oid, 'pg_authid'), 16384))::text
FROM pg_catalog.pg_roles r
UNION ALL
-- A grant that raced with a DROP ROLE leaves a row without a role; the joins skip it.
SELECT 'membership', pg_catalog.jsonb_build_object(
  'role', g.rolname, 'member', u.rolname, 'grantor', b.rolname, 'admin', m.admin_option,
  'inherit', coalesce((pg_catalog.to_jsonb(m) ->> 'inherit_option')::boolean, u.rolinherit),
  'set', coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::boolean, true))::text
FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
JOIN pg_catalog.pg_roles u ON u.oid = m.member
LEFT JOIN pg_catalog.pg_roles b ON b.oid = m.grantor
UNION ALL
SELECT 'database', pg_catalog.jsonb_build_object(
  'name', d.datname, 'owner', coalesce(o.rolname, ''), 'allow_connections', d.datallowconn,
  'connection_limit', d.datconnlimit, 'is_template', d.datistemplate,
  'comment', pg_catalog.left(pg_catalog.shobj_description(d.oid, 'pg_database'), 16384),
  -- Before 15 libc is the only provider; 17 renamed the column of the locale.
  'parameters', (
    SELECT pg_catalog.jsonb_build_object(
      'encoding', pg_catalog.pg_encoding_to_char(d.encoding), 'lc_collate', d.datcollate, 'lc_ctype', d.datctype,
      'provider', coalesce(n.d ->> 'datlocprovider', 'c'), 'locale', coalesce(n.d ->> 'datlocale', n.d ->> 'daticulocale'),
      'icu_rules', n.d ->> 'daticurules', 'tablespace', coalesce(t.spcname, ''))
    FROM (SELECT pg_catalog.to_jsonb(d) AS d) n),
  'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE coalesce(t.rolname, a.grantee::text) END,
      'grantor', coalesce(f.rolname, a.grantor::text), 'privilege', a.privilege_type, 'grantable', a.is_grantable))
    FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
    LEFT JOIN pg_catalog.pg_roles t ON t.oid = a.grantee
    LEFT JOIN pg_catalog.pg_roles f ON f.oid = a.grantor))::text
FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles o ON o.oid = d.datdba
LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
UNION ALL
-- Every role sees that other sessions exist; their details need the privilege to read all statistics.
SELECT 'activity', pg_catalog.jsonb_build_object(
  'role', a.usename, 'database', a.datname, 'sessions', pg_catalog.count(*),
  'last', pg_catalog.to_char(pg_catalog.max(a.state_change) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text
FROM pg_catalog.pg_stat_activity a
WHERE a.usename IS NOT NULL AND a.datname IS NOT NULL AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender')
  AND a.pid <> pg_catalog.pg_backend_pid()
GROUP BY a.usename, a.datname
UNION ALL
-- 'bytes' is the length of a value that was cut. The server's own settings come before names with a dot, which
-- any role may invent, and short values before long ones: whatever the manifest may declare is complete.
SELECT 'setting', pg_catalog.jsonb_build_object(
  'role', r.rolname, 'database', d.datname, 'name', c.name, 'value', CASE WHEN c.cut THEN pg_catalog.left(c.value, 60) ELSE c.value END,
  'bytes', CASE WHEN c.cut THEN c.bytes END)::text
FROM pg_catalog.pg_db_role_setting s
CROSS JOIN LATERAL (
  SELECT n.name, n.value, n.bytes,
    n.bytes > 16384 OR pg_catalog.sum(n.bytes) OVER (ORDER BY n.dotted, n.bytes, n.name ROWS UNBOUNDED PRECEDING) > 65536 AS cut
  FROM (
    SELECT pg_catalog.left(e.name, 200) AS name, pg_catalog.strpos(e.name, '.') > 0 AS dotted,
      pg_catalog.octet_length(e.setting) - pg_catalog.octet_length(e.name) - 1 AS bytes,
      pg_catalog.substr(e.setting, pg_catalog.length(e.name) + 2, 16385) AS value
    FROM (
      SELECT u.setting, pg_catalog.split_part(pg_catalog.left(u.setting, 16384), '=', 1) AS name
      FROM pg_catalog.unnest(s.setconfig) AS u(setting) OFFSET 0) e OFFSET 0) n
  ORDER BY n.dotted, n.bytes, n.name LIMIT 500) c
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
WHERE (s.setrole = 0 OR r.oid IS NOT NULL) AND (s.setdatabase = 0 OR d.oid IS NOT NULL)
