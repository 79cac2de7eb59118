-- Privileges on these objects, and the sections that every database has.
),
told AS (
  SELECT t.*, coalesce(x.extname, o.extname) AS extension, x.extversion, x.extowner, x.since,
    -- An update of the extension rewrites its own row too.
    t.definer AND x.extname IS NOT NULL AND t.acl IS NOT DISTINCT FROM i.initprivs
      AND coalesce((SELECT pg_catalog.age(p.xmin) < least(x.made, x.since) FROM pg_catalog.pg_proc p WHERE p.oid = t.oid), false) AS altered,
    -- initdb creates the schema public, but it belongs to the service.
    t.server AND NOT (t.kind = 'schema' AND t.schema = 'public') AS system,
    coalesce(t.acl, pg_catalog.acldefault(t.letter, t.owner)) AS rights,
    CASE WHEN t.server OR x.extname IS NOT NULL OR o.extname IS NOT NULL OR t.kind = 'schema' AND t.schema = 'public'
      THEN coalesce(i.initprivs, pg_catalog.acldefault(t.letter, t.owner)) END AS base,
    o.extname IS NOT NULL AS opened,
    -- Its privileges are those that initdb gave.
    t.server AND NOT t.definer AND t.acl IS NOT DISTINCT FROM i.initprivs AS original
  FROM thing t
  LEFT JOIN ext x ON x.classid = t.class AND x.objid = t.oid
  LEFT JOIN pg_catalog.pg_init_privs i ON i.classoid = t.class AND i.objoid = t.oid AND i.objsubid = t.sub
  -- The schema named in an extension's control file is created before the extension: it is not a member, yet
  -- belongs to it.
  LEFT JOIN LATERAL (SELECT e.extname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_roles r ON r.rolsuper
    WHERE t.kind = 'schema' AND t.schema <> 'public' AND i.privtype = 'e' AND e.extnamespace = t.oid AND r.oid = t.owner LIMIT 1) o ON true),
held AS (
  SELECT t.class, t.oid, t.sub, pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
    'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
    'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable)
    ORDER BY a.grantee, a.privilege_type, a.grantor) AS acl
  FROM told t CROSS JOIN LATERAL pg_catalog.aclexplode(t.rights) a
  WHERE a.grantee <> t.owner AND NOT (t.original AND t.system)
    -- Initial privileges of PUBLIC or of this role are not drift.
    -- An extension does not grant by name to a service's role: such a grant was added afterwards.
    AND NOT ((NOT t.definer OR t.extension IS NOT NULL AND NOT t.altered) AND (t.system OR t.extension IS NOT NULL AND (a.grantee = 0 OR pg_catalog.pg_get_userbyid(a.grantee) ~ '^pg_'))
      AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(t.base) b
      WHERE b.grantee IN (a.grantee, 0) AND b.privilege_type = a.privilege_type AND b.is_grantable >= a.is_grantable))
    -- What everybody holds gives a role nothing.
    AND NOT ((t.system OR t.extension IS NOT NULL) AND NOT t.definer AND a.grantee <> 0 AND NOT a.is_grantable AND EXISTS (
      SELECT FROM pg_catalog.aclexplode(t.rights) p WHERE p.grantee = 0 AND p.privilege_type = a.privilege_type))
    -- initdb records its grants before it creates the information schema.
    AND NOT (t.server AND t.schema IS NOT DISTINCT FROM 'information_schema' AND a.grantee = 0 AND a.privilege_type IN ('SELECT', 'USAGE') AND NOT a.is_grantable)
  GROUP BY t.class, t.oid, t.sub)
SELECT 'language', pg_catalog.jsonb_build_object('name', l.lanname, 'trusted', l.lanpltrusted, 'handler', p.prosrc)::text
FROM pg_catalog.pg_language l LEFT JOIN pg_catalog.pg_proc p ON p.oid = l.lanplcallfoid
UNION ALL
(SELECT 'default', pg_catalog.jsonb_build_object(
  'role', pg_catalog.pg_get_userbyid(d.defaclrole), 'schema', n.nspname, 'object', d.defaclobjtype, 'acl', (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'grantee', CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(a.grantor), 'privilege', a.privilege_type, 'grantable', a.is_grantable)
      ORDER BY a.grantee, a.privilege_type)
    FROM pg_catalog.aclexplode(d.defaclacl) a WHERE a.grantee <> d.defaclrole))::text
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace LIMIT 100001)
UNION ALL
SELECT 'thing', pg_catalog.jsonb_build_object(
  'kind', t.kind, 'schema', t.schema, 'name', t.name, 'column', t.part, 'shown', t.shown,
  'grant_on', t.grant_word || ' ' || t.quoted, 'alter', t.alter_word || ' ' || t.quoted,
  'owner', pg_catalog.pg_get_userbyid(t.owner), 'system', t.system, 'extension', t.extension,
  'joined', (SELECT m.extname FROM member m WHERE m.classid = t.class AND m.objid = t.oid AND t.extension IS NULL),
'altered', t.altered, 'dependent', t.dependent,
  'table', CASE WHEN t.kind = 'sequence' AND t.dependent THEN (
    SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE d.classid = t.class AND d.objid = t.oid AND d.refclassid = t.class AND d.deptype IN ('a', 'i') LIMIT 1) END,
  -- It had its owner before it became a member (a change of owner rewrites the row), and the script ran as a
  -- superuser, or as another role. Objects of a script belong to the role that runs it, and one transaction
  -- writes both rows.
  'added', t.extension IS NOT NULL AND t.owner <> 10 AND coalesce((
    SELECT pg_catalog.age(s.xmin) > t.since FROM pg_catalog.pg_shdepend s
    WHERE s.dbid = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = pg_catalog.current_database())
      AND s.classid = t.class AND s.objid = t.oid AND s.objsubid = 0 AND s.deptype = 'o'), false)
    AND (t.owner <> t.extowner OR coalesce((SELECT pg_catalog.bool_and(v.superuser) FROM pg_catalog.pg_available_extension_versions v
      WHERE v.name = t.extension AND v.version = t.extversion), false)),
  'language', l.lanname, 'trusted', l.lanpltrusted, 'definer', t.definer, 'config', t.config, 'options', t.options,
  'returns', CASE WHEN t.language IS NOT NULL THEN
    (SELECT CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || pg_catalog.format_type(p.prorettype, NULL) FROM pg_catalog.pg_proc p WHERE p.oid = t.oid) END,
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
  -- An SQL-standard body (BEGIN ATOMIC, from 14 on) leaves the text empty.
  'atomic', t.definer AND l.lanname = 'sql' AND (SELECT pg_catalog.octet_length(p.prosrc) = 0 FROM pg_catalog.pg_proc p WHERE p.oid = t.oid),
  'source', (SELECT pg_catalog.left(p.prosrc, 300) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
    WHERE t.language IS NOT NULL AND p.oid = t.oid AND s.nspname = 'martydb_serve'),
  'leakproof', t.language IS NOT NULL AND (SELECT p.proleakproof FROM pg_catalog.pg_proc p WHERE p.oid = t.oid),
  -- A view's functions run as its caller: to a caller that may read each of its relations, its owner's privileges give nothing.
  -- A service makes as many views of as many relations as it likes: those of a superuser alone are listed.
  -- They do where the owner passes row security, logs in to a foreign table's server, or stands for the caller of an invoker's view.
  -- Relations of the server are named by OID in the parsed query alone; of pg_authid (1260) everybody sees all but the whole
  -- row, rolpassword and rolvaliduntil: 7 plus their numbers in selectedCols.
  'reads', CASE WHEN t.kind = 'view' AND NOT t.system AND t.extension IS NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid AND (r.ev_type <> '1'
      OR EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid >= 16384 AND c.oid <> t.oid
        AND (t.owner NOT IN (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper)
          OR c.relkind NOT IN ('r', 'v') OR c.relrowsecurity OR c.relhassubclass OR EXISTS (
          SELECT FROM pg_catalog.unnest(c.reloptions) o WHERE o LIKE 'security_invoker=%')))
      OR EXISTS (SELECT FROM (SELECT m[1]::pg_catalog.oid AS oid FROM pg_catalog.regexp_matches(r.ev_action::text, ':relid (\d+) ', 'g') m) n
        JOIN pg_catalog.pg_class c ON c.oid = n.oid
        WHERE c.oid < 16384 AND NOT EXISTS (
            SELECT FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
            WHERE a.grantee = 0 AND a.privilege_type = 'SELECT')
          AND (c.oid <> 1260 OR r.ev_action::text ~ ':relid 1260 .*:selectedCols \(b[0-9 ]* (7|18|19)[ )]'))))
    THEN coalesce((
      SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', n.nspname, 'shown', n.nspname || '.' || c.relname,
        'everybody', EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) a WHERE a.grantee = 0 AND a.privilege_type = 'SELECT')))
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid >= 16384 AND c.oid <> t.oid AND c.oid IN (
        SELECT d.refobjid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.objid = r.oid
        WHERE r.ev_class = t.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)), '[]') END,
  'rules', t.kind = 'table' AND EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid),
  -- Set for a table whose new rows something gets: a trigger, a rule, a partition, a view.
  'watched', t.kind = 'table' AND (EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal)
    OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.oid AND (c.relkind <> 'r' OR c.relispartition))
    OR EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      AND d.refclassid = t.class AND d.refobjid = t.oid)),
  'acl', h.acl)::text
FROM told t LEFT JOIN held h ON h.class = t.class AND h.oid = t.oid AND h.sub = t.sub
LEFT JOIN pg_catalog.pg_language l ON l.oid = t.language
WHERE h.acl IS NOT NULL OR t.kind <> 'column' AND (NOT t.system AND t.extension IS NULL OR t.definer OR t.opened
  -- Objects of the server and of extensions that were given to another role.
  OR t.owner <> 10 AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = t.owner AND r.rolsuper))
UNION ALL
(SELECT 'other', pg_catalog.jsonb_build_object(
  'kind', coalesce(i.type, d.classid::pg_catalog.regclass::text), 'shown', coalesce(i.identity, d.objid::text),
  'role', pg_catalog.pg_get_userbyid(d.refobjid), 'owned', d.deptype = 'o', 'named', d.deptype = 'r')::text
FROM pg_catalog.pg_shdepend d
JOIN pg_catalog.pg_database b ON b.oid = d.dbid AND b.datname = pg_catalog.current_database()
LEFT JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i ON true
WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype IN ('o', 'a', 'r')
  AND d.classid::pg_catalog.regclass::text NOT IN ('pg_class', 'pg_proc', 'pg_type', 'pg_namespace', 'pg_language',
    'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_largeobject', 'pg_largeobject_metadata', 'pg_default_acl',
    'pg_extension', 'pg_event_trigger', 'pg_user_mapping')
  AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = d.classid AND x.objid = d.objid) LIMIT 100001)
