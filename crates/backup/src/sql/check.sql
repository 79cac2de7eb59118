-- Objects that a dump as the owner would lack, or that a restore as the owner could not create: the effect (`blocks`: no dump,
-- or none that can be restored; `lost`: left out, if that is accepted), the object, the reason, and the solution. Runs as the
-- owner, in the database itself, after objects.sql. Extensions create their own members.
SELECT CASE WHEN classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND EXISTS (
        SELECT FROM rel WHERE rel.oid = others.oid AND relkind IN ('r', 'p', 'S') AND NOT CASE relkind
            WHEN 'S' THEN pg_catalog.has_sequence_privilege(rel.oid, 'SELECT') ELSE pg_catalog.has_table_privilege(rel.oid, 'SELECT') END)
        OR classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE')
        THEN 'blocks' ELSE 'lost' END AS class,
    pg_catalog.pg_describe_object(classid, oid, 0) AS object, 'belongs to ' || role || ', and will be the owner''s once it is restored' AS why,
    'give it to the owner, or remove it' AS way FROM others
WHERE classid NOT IN ('pg_catalog.pg_default_acl'::pg_catalog.regclass, 'pg_catalog.pg_largeobject'::pg_catalog.regclass, 'pg_catalog.pg_publication'::pg_catalog.regclass)
    AND NOT EXISTS (SELECT FROM beyond WHERE beyond.classid = others.classid AND beyond.oid = others.oid)
UNION ALL
SELECT 'blocks', pg_catalog.pg_describe_object(classid, oid, 0), 'only a superuser can make it, and the owner restores',
    'make it part of an extension, or remove it' FROM beyond
UNION ALL
SELECT 'blocks', pg_catalog.pg_describe_object(classid, oid, 0), 'was added to an extension, and no dump holds it',
    'take it out: ALTER EXTENSION ... DROP' FROM added
UNION ALL
SELECT 'blocks', 'large object ' || m.oid, 'belongs to ' || pg_catalog.pg_get_userbyid(m.lomowner) || ', and the owner may not read it',
    'have ' || pg_catalog.pg_get_userbyid(m.lomowner) || ' run: GRANT SELECT ON LARGE OBJECT ' || m.oid || ' TO ' || pg_catalog.quote_ident(current_user)
FROM pg_catalog.pg_largeobject_metadata m WHERE m.lomowner <> (SELECT oid FROM own) AND NOT EXISTS (
    SELECT FROM pg_catalog.aclexplode(m.lomacl) a WHERE a.privilege_type = 'SELECT'
        AND CASE a.grantee WHEN 0 THEN true ELSE pg_catalog.pg_has_role(a.grantee, 'USAGE') END)
UNION ALL
SELECT 'blocks', what, 'its owner has no SELECT on it', 'give it back: GRANT ALL TO its owner' FROM rel
WHERE relowner = (SELECT oid FROM own) AND NOT CASE
    WHEN relkind IN ('r', 'p', 'm') THEN pg_catalog.has_table_privilege(oid, 'SELECT')
    WHEN relkind = 'S' THEN pg_catalog.has_sequence_privilege(oid, 'SELECT') ELSE true END
UNION ALL
SELECT 'blocks', 'schema ' || nspname, 'its owner has no USAGE on it', 'give it back: GRANT ALL TO its owner' FROM ns
WHERE nspowner = (SELECT oid FROM own) AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE')
UNION ALL
SELECT 'blocks', what, 'row security hides rows from its owner', 'ALTER TABLE ... NO FORCE ROW LEVEL SECURITY' FROM rel
WHERE relkind IN ('r', 'p') AND pg_catalog.row_security_active(oid)
UNION ALL
SELECT 'blocks', 'schema ' || nspname, 'has the name of the data service''s records, and belongs to the service', 'give it another name'
FROM pg_catalog.pg_namespace WHERE nspname = 'martydb_serve' AND nspowner = (SELECT oid FROM own)
UNION ALL
SELECT 'lost', what, 'is invalid, and a dump leaves it out', 'REINDEX or drop it' FROM rel
JOIN pg_catalog.pg_index i ON i.indexrelid = rel.oid WHERE relkind = 'i' AND NOT i.indisvalid
UNION ALL
SELECT DISTINCT 'blocks', object, 'has rights that ' || pg_catalog.pg_get_userbyid(a.grantor) || ' gave, who is not its owner',
    'have its owner give them, and revoke these'
FROM granted, pg_catalog.aclexplode(acl) a WHERE a.grantor <> owner AND owner = (SELECT oid FROM own)
UNION ALL
SELECT 'lost', 'foreign-data wrapper ' || fdwname, 'only a superuser can restore it', 'make it again after a restore' FROM pg_catalog.pg_foreign_data_wrapper f
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass AND m.objid = f.oid)
UNION ALL
SELECT 'lost', 'foreign server ' || srvname, 'it and its foreign tables are not restored', 'make them again after a restore' FROM pg_catalog.pg_foreign_server
UNION ALL
SELECT 'lost', 'event trigger ' || evtname, 'only a superuser can restore it', 'make it again after a restore' FROM pg_catalog.pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND m.objid = e.oid)
UNION ALL
SELECT 'lost', 'publication ' || pubname, CASE WHEN puballtables THEN 'is for all tables, which only a superuser can restore'
    ELSE 'belongs to ' || pg_catalog.pg_get_userbyid(pubowner) || ', and is not restored' END, 'make it again after a restore'
FROM pg_catalog.pg_publication WHERE puballtables OR pubowner <> (SELECT oid FROM own)
UNION ALL
SELECT 'lost', 'subscription ' || subname, 'is in no dump of the owner''s', 'make it again after a restore' FROM pg_catalog.pg_subscription
WHERE subdbid = (SELECT oid FROM base)
UNION ALL
SELECT 'lost', 'prepared transaction ' || gid, 'its rows are not visible yet', 'COMMIT PREPARED or ROLLBACK PREPARED it' FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database()
UNION ALL
SELECT 'lost', 'replication slot ' || slot_name, 'a dump has no slots', 'its reader begins again after a restore'
FROM pg_catalog.pg_replication_slots WHERE database = pg_catalog.current_database()
ORDER BY 1, 2, 3
