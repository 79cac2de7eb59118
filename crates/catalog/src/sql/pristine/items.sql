  UNION ALL
  -- Bodies of SQL-standard functions (from 14 on) are printed: the stored form depends on the machine. What is printed
  -- depends on standard_conforming_strings, which doubles backslashes.
  SELECT 'body', 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid,
    CASE WHEN p.oid < 12000 THEN p.oid::text ELSE p.oid::pg_catalog.regprocedure::text END,
    pg_catalog.replace(pg_catalog.regexp_replace(pg_catalog.pg_get_functiondef(p.oid), ' (COST|ROWS) [0-9.e+]+', '', 'g'),
      pg_catalog.chr(92) || pg_catalog.chr(92), pg_catalog.chr(92))
  FROM pg_catalog.pg_proc p WHERE p.oid < 16384 AND p.prolang = 14 AND p.prosrc = ''
  UNION ALL
  SELECT 'rule', 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid,
    pg_catalog.concat_ws(' ', r.ev_class::pg_catalog.regclass, r.rulename),
    pg_catalog.concat_ws('|', r.ev_enabled,
      pg_catalog.replace(pg_catalog.pg_get_ruledef(r.oid), pg_catalog.chr(92) || pg_catalog.chr(92), pg_catalog.chr(92)))
  FROM pg_catalog.pg_rewrite r WHERE r.ev_class < 16384
  UNION ALL
  -- Privileges that initdb recorded, with which the audit compares those of today.
  SELECT 'privileges', i.classoid, i.objoid, pg_catalog.concat_ws(' ', i.classoid, i.objsubid, CASE
      WHEN i.objoid < 12000 THEN i.objoid::text
      WHEN i.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN i.objoid::pg_catalog.regprocedure::text
      ELSE i.objoid::pg_catalog.regclass::text END),
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ',
       CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN 10 THEN 'owner' ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
       a.privilege_type, a.is_grantable), ',' ORDER BY a.grantee, a.privilege_type)
     FROM pg_catalog.aclexplode(i.initprivs) a)
  FROM pg_catalog.pg_init_privs i WHERE i.privtype = 'i'
  UNION ALL
  SELECT 'privileges', 'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_init_privs'::pg_catalog.regclass, 'all',
    -- The row of schema public goes with it, also where another public has been made since.
    (pg_catalog.count(*) + CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.oid = 2200) THEN 0 ELSE 1 END)::text
  FROM pg_catalog.pg_init_privs i WHERE i.privtype = 'i'
  UNION ALL
  SELECT 'role', 'pg_catalog.pg_authid'::pg_catalog.regclass, r.oid, r.rolname, pg_catalog.concat_ws('|', r.rolsuper,
    r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls)
  FROM pg_catalog.pg_roles r WHERE r.oid < 16384 AND r.oid <> 10
  UNION ALL
  SELECT 'membership', 'pg_catalog.pg_authid'::pg_catalog.regclass, m.member, pg_catalog.concat_ws(' ', m.roleid, m.member),
    m.admin_option::text
  FROM pg_catalog.pg_auth_members m WHERE m.roleid < 16384 AND m.member < 16384 AND m.member <> 10),
chosen AS (
  SELECT i.kind, i.catalog, i.number, pg_catalog.concat_ws('|', i.kind, i.identity) AS identity,
    pg_catalog.concat_ws('|', i.kind, i.identity, i.content) AS content
  FROM item i
  WHERE i.number < 16384 OR NOT EXISTS (SELECT FROM member m WHERE m.classid = i.catalog AND m.objid = i.number)),
-- Of each, the beginning of a digest of its identity and of its content; the lengths are those of the table.
hashed AS (
  SELECT c.kind, c.catalog, c.number,
    pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(c.identity, 'SQL_ASCII')), 1, 3), 'base64')
    || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(c.content, 'SQL_ASCII')), 1, 6), 'base64') AS hash
  FROM chosen c)
SELECT 'items', pg_catalog.jsonb_build_object('kind', h.kind, 'catalog', h.catalog::oid::bigint,
  'items', pg_catalog.string_agg(pg_catalog.concat(h.number, h.hash), ' '))::text
FROM hashed h GROUP BY h.kind, h.catalog
