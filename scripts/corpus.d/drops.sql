-- Statements that drop everything in a database: whatever kind of object there is, by the names of pg_identify_object.
WITH mine(classid, objid) AS (
  SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT relispartition AND relpersistence <> 't' AND relowner <> 10
  UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE proowner <> 10
  UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type t WHERE typowner <> 10 AND (typtype IN ('d', 'e', 'r', 'b') AND typelem = 0 AND typrelid = 0
    OR EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND relkind = 'c'))
  UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprowner <> 10
  UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE opfowner <> 10
  UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collowner <> 10
  UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion WHERE conowner <> 10
  UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgowner <> 10
  UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictowner <> 10
  UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
  UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxowner <> 10
  UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication WHERE pubowner <> 10
  UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server WHERE srvowner <> 10
), owned AS (
  SELECT classid, objid FROM mine WHERE objid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = mine.classid AND d.objid = mine.objid AND d.objsubid = 0 AND d.deptype IN ('e', 'i', 'a')
      AND d.refclassid <> 'pg_namespace'::regclass AND NOT (mine.classid = 'pg_type'::regclass AND d.refclassid = 'pg_class'::regclass))
)
SELECT format('DROP %s IF EXISTS %s CASCADE;', CASE type WHEN 'statistics object' THEN 'statistics' WHEN 'composite type' THEN 'type' ELSE type END, identity)
FROM owned, pg_identify_object(classid, objid, 0) ORDER BY type = 'function', type = 'type', type, identity
