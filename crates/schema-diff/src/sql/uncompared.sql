-- Objects of kinds that have no statements here. Each object that a service can make depends on something: its schema, a
-- type, or an extension.
SELECT DISTINCT o.type || ' ' || o.identity
FROM (SELECT classid, objid FROM pg_catalog.pg_depend WHERE objsubid = 0 UNION SELECT refclassid, refobjid FROM pg_catalog.pg_depend WHERE refobjsubid = 0) d
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) o
WHERE d.objid >= 16384
  AND (d.classid::pg_catalog.regclass::pg_catalog.text <> ALL (ARRAY['pg_namespace', 'pg_class', 'pg_type', 'pg_attrdef', 'pg_constraint', 'pg_proc', 'pg_trigger',
           'pg_rewrite', 'pg_policy', 'pg_statistic_ext', 'pg_extension', 'pg_publication', 'pg_publication_rel', 'pg_publication_namespace', 'pg_default_acl',
           'pg_amop', 'pg_amproc', 'pg_largeobject'])
       OR d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = d.objid AND c.relkind = 'f'))
  AND coalesce(o.schema, '') !~ '^pg_temp' AND coalesce(o.schema, '') NOT IN ('martydb', 'martydb_serve')
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classid AND m.objid = d.objid)
  -- Made with another object, such as the cast of a range type.
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = d.classid AND i.objid = d.objid AND i.deptype = 'i')
