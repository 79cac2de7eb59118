-- Texts in one database that a login other than their owner can read and that may contain a password in clear
-- text, as rows of section and item. One SELECT for each place: the words before the object's name, the object,
-- the text, its form, and the only role that can read it (NULL: every login that may connect). A parsed
-- expression or query (tree) is read in its stored form: printing it would lock the relations in it, call
-- output functions, and take any amount of time. Its constants are extracted as lists of bytes, and so are the
-- arguments of triggers (hex).
WITH
place AS (
  SELECT 'the ' AS words, 'pg_catalog.pg_attrdef'::pg_catalog.regclass::oid AS class, d.oid, 0 AS sub, d.adbin::text AS text, 'tree' AS form,
    NULL::name AS reader FROM pg_catalog.pg_attrdef d
  UNION ALL
  SELECT 'the ', 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid, 0, c.conbin::text, 'tree', NULL
  FROM pg_catalog.pg_constraint c WHERE c.oid >= 16384 AND c.conbin IS NOT NULL
  UNION ALL
  SELECT 'the ', 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0, coalesce(p.polqual::text, '') || coalesce(p.polwithcheck::text, ''), 'tree', NULL
  FROM pg_catalog.pg_policy p
  UNION ALL
  SELECT 'the expressions of ', 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, 0, coalesce(i.indexprs::text, '') || coalesce(i.indpred::text, ''), 'tree', NULL
  FROM pg_catalog.pg_index i WHERE i.indexrelid >= 16384 AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
  UNION ALL
  SELECT 'the default of ', 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0, t.typdefault, 'text', NULL
  FROM pg_catalog.pg_type t WHERE t.oid >= 16384 AND t.typdefault IS NOT NULL
  UNION ALL
  SELECT 'a value of ', 'pg_catalog.pg_type'::pg_catalog.regclass, e.enumtypid, 0, e.enumlabel::text, 'text', NULL FROM pg_catalog.pg_enum e
  UNION ALL
  SELECT 'the expressions of ', 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, 0, pg_catalog.to_jsonb(s) ->> 'stxexprs', 'tree', NULL
  FROM pg_catalog.pg_statistic_ext s
  UNION ALL
  SELECT 'the condition of ', 'pg_catalog.pg_publication_rel'::pg_catalog.regclass, p.oid, 0, pg_catalog.to_jsonb(p) ->> 'prqual', 'tree', NULL
  FROM pg_catalog.pg_publication_rel p
  UNION ALL
  SELECT 'the options of ', 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, d.oid, 0, d.dictinitoption, 'text', NULL
  FROM pg_catalog.pg_ts_dict d WHERE d.oid >= 16384 AND d.dictinitoption IS NOT NULL
  UNION ALL
  -- initdb creates the schema public, but its comment is the service's.
  SELECT 'the comment on ', d.classoid, d.objoid, d.objsubid, d.description, 'text', NULL FROM pg_catalog.pg_description d
  WHERE d.objoid >= 16384 OR d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
  UNION ALL
  SELECT 'the security label of ', l.classoid, l.objoid, l.objsubid, l.label, 'text', NULL FROM pg_catalog.pg_seclabel l
