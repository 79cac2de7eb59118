-- Contents of the shared catalogs beyond roles, memberships, databases and their settings, as rows of section
-- and item.
SELECT 'server', pg_catalog.jsonb_build_object(
  'alone', current_user = session_user AND pg_catalog.current_setting('search_path') = 'pg_catalog',
  'settings', (
    SELECT pg_catalog.jsonb_object_agg(s.name, s.setting) FROM pg_catalog.pg_settings s
    WHERE s.name IN ('temp_file_limit', 'max_prepared_transactions', 'lo_compat_privileges', 'allow_system_table_mods',
      'session_replication_role', 'password_encryption', 'dynamic_library_path', 'log_file_mode', 'logging_collector',
      'scram_iterations', 'db_user_namespace', 'backslash_quote', 'superuser_reserved_connections', 'extension_control_path', 'extension_destdir',
      'shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries', 'archive_library', 'oauth_validator_libraries',
      'archive_command', 'archive_cleanup_command', 'recovery_end_command', 'restore_command', 'ssl_passphrase_command',
      'jit_provider', 'ssl_min_protocol_version', 'ssl_ciphers', 'krb_caseins_users', 'gss_accept_delegation', 'listen_addresses', 'unix_socket_directories', 'port', 'ssl', 'max_wal_senders', 'max_connections')),
  -- Settings that every session may change for itself.
  'user_settings', (SELECT pg_catalog.jsonb_agg(pg_catalog.lower(s.name)) FROM pg_catalog.pg_settings s WHERE s.context = 'user'),
  'defaults', (SELECT pg_catalog.jsonb_object_agg(pg_catalog.lower(s.name), s.boot_val) FROM pg_catalog.pg_settings s WHERE s.boot_val IS NOT NULL))::text
UNION ALL
SELECT 'tablespace', pg_catalog.jsonb_build_object(
  'name', t.spcname, 'quoted', pg_catalog.quote_ident(t.spcname), 'owner', pg_catalog.pg_get_userbyid(t.spcowner),
  'comment', pg_catalog.left(pg_catalog.shobj_description(t.oid, 'pg_tablespace'), 16384), 'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable)
      ORDER BY a.grantee, a.privilege_type)
    FROM pg_catalog.aclexplode(t.spcacl) a WHERE a.grantee <> t.spcowner))::text
FROM pg_catalog.pg_tablespace t
UNION ALL
SELECT 'session', pg_catalog.jsonb_build_object(
  'pid', a.pid, 'role', a.usename, 'open', (SELECT r.rolcanlogin FROM pg_catalog.pg_roles r WHERE r.oid = a.usesysid),
  'streams', coalesce(a.backend_type = 'walsender', false), 'database', a.datname, 'application', a.application_name,
  'since', pg_catalog.to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text
FROM pg_catalog.pg_stat_activity a WHERE a.usesysid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
UNION ALL
SELECT 'slot', pg_catalog.jsonb_build_object(
  'name', s.slot_name, 'database', s.database, 'active', s.active)::text
FROM pg_catalog.pg_replication_slots s
UNION ALL
SELECT 'prepared', pg_catalog.jsonb_build_object(
  'gid', p.gid, 'owner', p.owner, 'database', p.database,
  'since', pg_catalog.to_char(p.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  'seconds', pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared))::bigint,
  -- A GRANT of a role, ALTER ROLE and the like keep their locks to the end of the transaction.
  'changes', (
    SELECT pg_catalog.string_agg(c.relname::text, ', ' ORDER BY c.relname) FROM pg_catalog.pg_locks x
    JOIN pg_catalog.pg_locks l ON l.virtualtransaction = x.virtualtransaction AND l.pid IS NULL AND l.locktype = 'relation' AND l.mode = 'RowExclusiveLock'
    JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relisshared AND c.relkind = 'r'
    WHERE x.locktype = 'transactionid' AND x.transactionid = p.transaction AND x.pid IS NULL),
  -- Work with rows keeps a lock on a table of users; GRANT, CREATE FUNCTION and the like give theirs back at once.
  'silent', NOT EXISTS (SELECT FROM pg_catalog.pg_locks x
    JOIN pg_catalog.pg_locks l ON l.virtualtransaction = x.virtualtransaction AND l.pid IS NULL AND l.locktype = 'relation' AND l.relation >= 16384
    WHERE x.locktype = 'transactionid' AND x.transactionid = p.transaction AND x.pid IS NULL))::text
FROM pg_catalog.pg_prepared_xacts p
UNION ALL
SELECT 'subscription', pg_catalog.jsonb_build_object(
  'name', s.subname, 'owner', pg_catalog.pg_get_userbyid(s.subowner), 'database', d.datname)::text
FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
UNION ALL
-- Scratch databases whose run holds its lock, which `scratch` keys by the name: 1836217465 is LOCK_CLASS. Other
-- logins may take the same key, so that the database's owner counts alone.
SELECT 'scratch', pg_catalog.to_jsonb(d.datname::text)::text FROM pg_catalog.pg_database d
WHERE d.datname ~ '^martydb_scratch_[0-9a-f]{16}$' AND EXISTS (
  SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND a.usesysid = d.datdba AND l.objsubid = 2 AND l.classid = 1836217465
    AND l.objid::bigint = CASE WHEN d.datname ~ '^martydb_scratch_[0-9a-f]{16}$'
      THEN ('x' || pg_catalog.substr(d.datname::text, 17, 8))::bit(32)::bigint END)
