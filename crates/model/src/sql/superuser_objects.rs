//! The one answer to "can an ordinary owner make this object?".

/// Query `beyond`, behind that of [`with_members!`](crate::with_members): objects, as `classid` and `oid`, that only a superuser can
/// make. Foreign-data wrappers, event triggers and publications are not among them: no table needs one.
#[macro_export]
macro_rules! superuser_objects {
    () => {
        "beyond AS (
    SELECT classid, oid FROM (
        SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass AS classid, oid FROM pg_catalog.pg_opclass
        UNION ALL SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid FROM pg_catalog.pg_opfamily
        UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE p.prokind <> 'a' AND (NOT l.lanpltrusted OR p.proleakproof)
        UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_type t
            WHERE t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
        UNION ALL SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, oid FROM pg_catalog.pg_cast WHERE castmethod = 'b'
        UNION ALL SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, oid FROM pg_catalog.pg_language
        UNION ALL SELECT 'pg_catalog.pg_am'::pg_catalog.regclass, oid FROM pg_catalog.pg_am
        UNION ALL SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_parser
        UNION ALL SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, oid FROM pg_catalog.pg_ts_template
    ) found WHERE found.oid >= 16384
        AND NOT EXISTS (SELECT FROM member m WHERE m.classid = found.classid AND m.objid = found.oid)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype = 'i' AND d.classid = found.classid AND d.objid = found.oid)
)"
    };
}
