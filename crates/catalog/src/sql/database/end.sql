  'acl', h.acl)::text
FROM told t LEFT JOIN held h ON h.class = t.class AND h.oid = t.oid AND h.sub = t.sub
LEFT JOIN pg_catalog.pg_language l ON l.oid = t.language
WHERE h.acl IS NOT NULL OR t.kind <> 'column' AND (NOT t.system AND t.extension IS NULL OR t.definer OR t.opened
  -- Objects of the server and of extensions that were given to another role.
  OR t.owner <> 10 AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = t.owner AND r.rolsuper))
UNION ALL
(SELECT 'other', pg_catalog.jsonb_build_object(
  'kind', coalesce(i.type, d.classid::pg_catalog.regclass::text), 'display', coalesce(i.identity, d.objid::text),
  'role', pg_catalog.pg_get_userbyid(d.refobjid), 'owned', d.deptype = 'o', 'named', d.deptype = 'r')::text
FROM pg_catalog.pg_shdepend d
JOIN pg_catalog.pg_database b ON b.oid = d.dbid AND b.datname = pg_catalog.current_database()
LEFT JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i ON true
WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype IN ('o', 'a', 'r')
  AND d.classid::pg_catalog.regclass::text NOT IN ('pg_class', 'pg_proc', 'pg_type', 'pg_namespace', 'pg_language',
    'pg_foreign_data_wrapper', 'pg_foreign_server', 'pg_largeobject', 'pg_largeobject_metadata', 'pg_default_acl',
    'pg_extension', 'pg_event_trigger', 'pg_user_mapping')
  AND NOT EXISTS (SELECT FROM ext x WHERE x.classid = d.classid AND x.objid = d.objid) LIMIT 100001)
