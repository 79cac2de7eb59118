-- Objects that only a superuser can make, behind `superuser_objects!`: catalog, OID, and kind with name.
SELECT classid::pg_catalog.int8, oid::pg_catalog.int8, pg_catalog.pg_describe_object(classid, oid, 0) FROM beyond
