-- The objects that an owner's dump contains or affects, for the query that follows: the owner (`own`), the database (`base`),
-- members of extensions (`member`) and what only a superuser can make (`beyond`), schemas and relations, objects of other roles (`others`), and privileges.
own AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user),
base AS (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
-- Objects of sessions: temporary ones. No dump has them, and the server keeps their empty schemas. Nor has a dump the records of
-- the data service, which the admin makes in each database.
temporary AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND n.nspname ~ '^(pg_(toast_)?temp_|martydb_serve$)'
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid FROM pg_catalog.pg_namespace WHERE nspname = 'martydb_serve'
),
-- Schemas in which extensions are installed: `apply` makes one that is not the service's before a dump is restored.
stored AS (
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass AS classid, e.extnamespace AS objid FROM pg_catalog.pg_extension e
),
ns AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'martydb_serve')
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = n.oid)
),
rel AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, c.oid, 0) AS what
    FROM pg_catalog.pg_class c JOIN ns ON ns.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
),
-- Objects of the bootstrap superuser have no row in pg_shdepend.
superusers AS (
    SELECT classid, oid FROM (
        SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass AS classid, oid, nspowner AS owner FROM pg_catalog.pg_namespace
            WHERE nspname !~ '^pg_(toast_)?temp_'
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
        UNION ALL SELECT 'pg_catalog.pg_largeobject'::pg_catalog.regclass, oid, lomowner FROM pg_catalog.pg_largeobject_metadata
        UNION ALL SELECT 'pg_catalog.pg_publication'::pg_catalog.regclass, oid, pubowner FROM pg_catalog.pg_publication
    ) found WHERE found.owner = 10 AND found.oid >= 16384
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = found.classid AND m.objid = found.oid)
        AND NOT EXISTS (SELECT FROM temporary t WHERE t.classid = found.classid AND t.objid = found.oid)
        AND NOT EXISTS (SELECT FROM stored t WHERE t.classid = found.classid AND t.objid = found.oid)
        -- A range type creates its constructors.
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'i' AND d.classid = found.classid AND d.objid = found.oid)
),
-- Objects that the service has added to an extension: the owner has none of those that the extension creates.
added AS (
    SELECT s.classid, s.objid AS oid FROM pg_catalog.pg_shdepend s
    WHERE s.dbid = (SELECT oid FROM base) AND s.deptype = 'o' AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
        AND s.refobjid = (SELECT oid FROM own)
        AND EXISTS (SELECT FROM member m WHERE NOT m.is_part AND m.classid = s.classid AND m.objid = s.objid)
),
others AS (
    SELECT classid, oid, (SELECT rolname FROM pg_catalog.pg_roles r WHERE r.oid = 10) AS role FROM superusers
    UNION ALL
    SELECT s.classid, s.objid AS oid, r.rolname FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
    WHERE s.dbid = (SELECT oid FROM base) AND s.deptype = 'o' AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
        AND s.refobjid <> (SELECT oid FROM own)
        AND s.classid NOT IN ('pg_catalog.pg_extension'::pg_catalog.regclass, 'pg_catalog.pg_event_trigger'::pg_catalog.regclass,
                              'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, 'pg_catalog.pg_foreign_server'::pg_catalog.regclass,
                              'pg_catalog.pg_user_mapping'::pg_catalog.regclass)
        AND NOT (s.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND EXISTS (
            SELECT FROM pg_catalog.pg_namespace n WHERE n.oid = s.objid AND (n.nspname = 'public' OR n.nspname ~ '^pg_')))
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = s.classid AND m.objid = s.objid)
        AND NOT EXISTS (SELECT FROM temporary t WHERE t.classid = s.classid AND t.objid = s.objid)
        AND NOT EXISTS (SELECT FROM stored t WHERE t.classid = s.classid AND t.objid = s.objid)
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
