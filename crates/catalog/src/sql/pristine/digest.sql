-- A digest of the rows that objects.sql and items.sql compare: databases with the same digest need one comparison. The
-- transaction that wrote a row stands for its content, because databases are copies of each other and no two transactions
-- have the same number. A GRANT writes a row too: where there is one, the content is read instead. Only SQL (14) has parsed bodies, from 14
-- on, and a row as JSON takes longer than all its columns.
WITH
space AS (
  SELECT pg_catalog.array_agg(n.oid) AS oids FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('pg_catalog', 'information_schema')),
item(catalog, number, version) AS (
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, CASE WHEN p.proacl IS NULL THEN p.xmin::text
    ELSE pg_catalog.concat_ws('|', p.prosecdef, p.proconfig::text, p.probin, p.prolang, p.prosrc, p.proleakproof, p.proisstrict,
      p.provolatile, p.proargtypes, p.prorettype, p.prosupport::oid,
      CASE WHEN p.prolang = 14 THEN pg_catalog.to_jsonb(p) ->> 'prosqlbody' END) END
  FROM pg_catalog.pg_proc p WHERE p.oid < 16384 OR p.pronamespace = ANY ((SELECT s.oids FROM space s)::oid[])
  UNION ALL
  SELECT 'pg_catalog.pg_aggregate'::pg_catalog.regclass, a.aggfnoid::oid, a.xmin::text FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, o.xmin::text
  FROM pg_catalog.pg_operator o WHERE o.oid < 16384 OR o.oprnamespace = ANY ((SELECT s.oids FROM space s)::oid[])
  UNION ALL
  SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass, c.oid, c.xmin::text FROM pg_catalog.pg_cast c WHERE c.oid < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_am'::pg_catalog.regclass, a.oid, a.xmin::text FROM pg_catalog.pg_am a WHERE a.oid < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, o.xmin::text
  FROM pg_catalog.pg_opclass o WHERE o.oid < 16384 OR o.opcnamespace = ANY ((SELECT s.oids FROM space s)::oid[])
  UNION ALL
  SELECT 'pg_catalog.pg_amop'::pg_catalog.regclass, o.oid, o.xmin::text FROM pg_catalog.pg_amop o WHERE o.amopfamily < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_amproc'::pg_catalog.regclass, a.oid, a.xmin::text FROM pg_catalog.pg_amproc a WHERE a.amprocfamily < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, CASE WHEN t.typacl IS NULL THEN t.xmin::text
    ELSE pg_catalog.concat_ws('|', t.typinput::oid, t.typoutput::oid, t.typreceive::oid, t.typsend::oid, t.typdefault) END
  FROM pg_catalog.pg_type t
  WHERE t.typtype <> 'c' AND (t.oid < 16384 OR t.typnamespace = ANY ((SELECT s.oids FROM space s)::oid[]))
  UNION ALL
  SELECT 'pg_catalog.pg_range'::pg_catalog.regclass, r.rngtypid, r.xmin::text FROM pg_catalog.pg_range r WHERE r.rngtypid < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, c.oid, c.xmin::text
  FROM pg_catalog.pg_conversion c WHERE c.oid < 16384 OR c.connamespace = ANY ((SELECT s.oids FROM space s)::oid[])
  UNION ALL
  SELECT 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, p.oid, p.xmin::text FROM pg_catalog.pg_ts_parser p
  WHERE p.oid < 16384 OR p.prsnamespace = ANY ((SELECT s.oids FROM space s)::oid[])
  UNION ALL
  SELECT 'pg_catalog.pg_ts_template'::pg_catalog.regclass, t.oid, t.xmin::text FROM pg_catalog.pg_ts_template t
  WHERE t.oid < 16384 OR t.tmplnamespace = ANY ((SELECT s.oids FROM space s)::oid[])
  UNION ALL
  SELECT 'pg_catalog.pg_language'::pg_catalog.regclass, l.oid, CASE WHEN l.lanacl IS NULL THEN l.xmin::text
    ELSE pg_catalog.concat_ws('|', l.lanpltrusted, l.lanplcallfoid, l.laninline, l.lanvalidator) END
  FROM pg_catalog.pg_language l WHERE l.lanname IN ('internal', 'c', 'sql', 'plpgsql')
  UNION ALL
  SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, c.oid, c.xmin::text FROM pg_catalog.pg_collation c WHERE c.oid < 12000
  UNION ALL
  SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, r.xmin::text FROM pg_catalog.pg_rewrite r WHERE r.ev_class < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_init_privs'::pg_catalog.regclass, i.objoid, pg_catalog.concat_ws('|', i.classoid, i.objsubid, i.xmin)
  FROM pg_catalog.pg_init_privs i WHERE i.privtype = 'i'
  UNION ALL
  SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, t.xmin::text FROM pg_catalog.pg_trigger t WHERE t.tgrelid < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, p.xmin::text FROM pg_catalog.pg_policy p WHERE p.polrelid < 16384
  UNION ALL
  SELECT 'pg_catalog.pg_index'::pg_catalog.regclass, i.indexrelid, i.xmin::text
  FROM pg_catalog.pg_index i WHERE i.indrelid < 16384 AND i.indexrelid >= 16384
  UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, c.relname::text FROM pg_catalog.pg_class c
  WHERE c.oid >= 16384 AND c.relkind NOT IN ('c', 'i') AND c.relnamespace = ANY ((SELECT s.oids FROM space s)::oid[]))
SELECT 'digest', pg_catalog.to_jsonb(pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.sum(
  pg_catalog.hashtextextended(i.version, i.catalog::oid::bigint * 4294967296 + i.number::bigint))))::text
FROM item i
