-- What a dump as the owner would not see, and what a restore as the owner could not make again: what it means (`blocks`: no
-- dump, or none that can be restored; `lost`: left out, where that is accepted), the object, why, and the way out. Asked as
-- the owner, in the database itself. What belongs to extensions comes with them.
WITH own AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user),
base AS (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
member AS (SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'),
ns AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = n.oid)
),
rel AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0) AS what
    FROM pg_catalog.pg_class c JOIN ns ON ns.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
),
-- The bootstrap superuser's have no row in pg_shdepend.
superusers AS (
    SELECT classid, oid FROM (
        SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass AS classid, oid, nspowner AS owner FROM pg_catalog.pg_namespace
        UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, oid, relowner FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
        UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proowner FROM pg_catalog.pg_proc
        UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typowner FROM pg_catalog.pg_type
            WHERE typtype IN ('e', 'd', 'r', 'b') AND typelem = 0
        UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprowner FROM pg_catalog.pg_operator
        UNION ALL SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcowner FROM pg_catalog.pg_opclass
        UNION ALL SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfowner FROM pg_catalog.pg_opfamily
        UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid, collowner FROM pg_catalog.pg_collation
        UNION ALL SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, conowner FROM pg_catalog.pg_conversion
        UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgowner FROM pg_catalog.pg_ts_config
        UNION ALL SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictowner FROM pg_catalog.pg_ts_dict
        UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, stxowner FROM pg_catalog.pg_statistic_ext
        UNION ALL SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, oid, lanowner FROM pg_catalog.pg_language
    ) found WHERE found.owner = 10 AND found.oid >= 16384
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = found.classid AND m.objid = found.oid)
),
others AS (
    SELECT classid, oid, (SELECT rolname FROM pg_catalog.pg_roles r WHERE r.oid = 10) AS role FROM superusers
    UNION ALL
    SELECT s.classid, s.objid AS oid, r.rolname FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
    WHERE s.dbid = (SELECT oid FROM base) AND s.deptype = 'o' AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
        AND s.refobjid <> (SELECT oid FROM own)
        AND s.classid NOT IN ('pg_catalog.pg_extension'::pg_catalog.regclass, 'pg_catalog.pg_default_acl'::pg_catalog.regclass, 'pg_catalog.pg_largeobject'::pg_catalog.regclass,
                              'pg_catalog.pg_publication'::pg_catalog.regclass, 'pg_catalog.pg_event_trigger'::pg_catalog.regclass,
                              'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, 'pg_catalog.pg_foreign_server'::pg_catalog.regclass,
                              'pg_catalog.pg_user_mapping'::pg_catalog.regclass)
        AND NOT (s.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND EXISTS (
            SELECT FROM pg_catalog.pg_namespace n WHERE n.oid = s.objid AND (n.nspname = 'public' OR n.nspname ~ '^pg_')))
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = s.classid AND m.objid = s.objid)
),
granted AS (
    SELECT what AS object, relowner AS owner, relacl AS acl FROM rel
    UNION ALL SELECT rel.what || ' column ' || a.attname, rel.relowner, a.attacl FROM rel
        JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid AND a.attacl IS NOT NULL
    UNION ALL SELECT 'schema ' || nspname, nspowner, nspacl FROM ns WHERE nspname <> 'public'
    UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0), p.proowner, p.proacl
        FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
        WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid)
    UNION ALL SELECT pg_catalog.pg_describe_object('pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0), t.typowner, t.typacl
        FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace
        WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid)
)
SELECT CASE WHEN classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND EXISTS (
        SELECT FROM rel WHERE rel.oid = others.oid AND relkind IN ('r', 'p', 'S') AND NOT CASE relkind
            WHEN 'S' THEN pg_catalog.has_sequence_privilege(rel.oid, 'SELECT') ELSE pg_catalog.has_table_privilege(rel.oid, 'SELECT') END)
        OR classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE')
        THEN 'blocks' ELSE 'lost' END AS class,
    pg_catalog.pg_describe_object(classid, oid, 0) AS object, 'belongs to ' || role || ', and will be the owner''s once it is restored' AS why,
    'give it to the owner, or remove it' AS way FROM others
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
