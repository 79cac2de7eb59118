-- Roles that hold CONNECT on the current database, PUBLIC among them, with the statement that revokes it.
SELECT g.grantee, pg_catalog.format('REVOKE CONNECT ON DATABASE %I FROM %s', d.datname, g.shown)
FROM pg_catalog.pg_database d
CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
CROSS JOIN LATERAL (SELECT coalesce(r.rolname::pg_catalog.text, 'PUBLIC') AS grantee, coalesce(pg_catalog.quote_ident(r.rolname), 'PUBLIC') AS shown) g
WHERE d.datname = pg_catalog.current_database() AND a.privilege_type = 'CONNECT' AND (a.grantee = 0 OR r.oid IS NOT NULL)
ORDER BY 1
