-- Takes back everything that baits.sql made. What a service lays into the path must not be met on the way out.
SET LOCAL search_path = pg_catalog;
DROP EXTENSION IF EXISTS hstore CASCADE;
DROP PUBLICATION IF EXISTS everything;
SELECT pg_catalog.lo_unlink(4711);
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM blue_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA bait REVOKE ALL ON FUNCTIONS FROM PUBLIC;
DROP SCHEMA bait CASCADE;
DROP SCHEMA "x""; DROP ROLE blue_app; --" CASCADE;
DO $do$
DECLARE
  o record;
  line text;
BEGIN
  FOR o IN SELECT classid, objid FROM (
      SELECT 'pg_class'::regclass::oid AS classid, oid AS objid FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relname NOT IN ('item', 'item_id_seq', 'refinery_schema_history')
      UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprnamespace = 'public'::regnamespace
      UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
      UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
      UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collnamespace = 'public'::regnamespace
      UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion WHERE connamespace = 'public'::regnamespace
      UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgnamespace = 'public'::regnamespace
      UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictnamespace = 'public'::regnamespace) x LOOP
    -- Gone with one that it hung on? Before 14 asking for its name is an error then.
    BEGIN
      SELECT 'DROP ' || upper(i.type) || ' ' || i.identity || ' CASCADE' INTO line
        FROM pg_identify_object(o.classid, o.objid, 0) i;
      CONTINUE WHEN line IS NULL;
      EXECUTE line;
    EXCEPTION WHEN undefined_object OR undefined_table OR undefined_function OR internal_error THEN NULL;
    END;
  END LOOP;
END $do$;
