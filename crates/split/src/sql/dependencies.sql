-- Dependencies of objects, including those of members on their extensions: catalog and OID of both, and the type.
SELECT DISTINCT d.classid::pg_catalog.int8, d.objid::pg_catalog.int8, d.refclassid::pg_catalog.int8, d.refobjid::pg_catalog.int8, d.deptype::pg_catalog.text
FROM pg_catalog.pg_depend d
WHERE d.objid >= 16384 AND d.refobjid >= 16384
