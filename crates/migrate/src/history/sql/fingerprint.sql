-- Rows of the catalogs that describe objects of users, with the transaction that wrote each. VACUUM and ANALYZE write in place.
SELECT 1 AS source, oid::pg_catalog.int8 AS id, xmin AS made FROM pg_catalog.pg_class WHERE oid >= 16384
UNION ALL SELECT 2, attrelid::pg_catalog.int8 + attnum * 2654435761, xmin FROM pg_catalog.pg_attribute WHERE attrelid >= 16384
UNION ALL SELECT 3, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_attrdef
UNION ALL SELECT 4, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_constraint WHERE oid >= 16384
UNION ALL SELECT 5, indexrelid::pg_catalog.int8, xmin FROM pg_catalog.pg_index WHERE indexrelid >= 16384
UNION ALL SELECT 6, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_trigger
UNION ALL SELECT 7, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_rewrite WHERE oid >= 16384
UNION ALL SELECT 8, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_policy
UNION ALL SELECT 9, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_proc WHERE oid >= 16384
UNION ALL SELECT 10, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_type WHERE oid >= 16384
UNION ALL SELECT 11, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_enum
UNION ALL SELECT 12, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_namespace
UNION ALL SELECT 13, seqrelid::pg_catalog.int8, xmin FROM pg_catalog.pg_sequence
UNION ALL SELECT 14, inhrelid::pg_catalog.int8, xmin FROM pg_catalog.pg_inherits
UNION ALL SELECT 15, objoid::pg_catalog.int8 + objsubid * 2654435761, xmin FROM pg_catalog.pg_description WHERE objoid >= 16384
UNION ALL SELECT 16, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_statistic_ext
UNION ALL SELECT 17, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_publication
UNION ALL SELECT 18, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_publication_rel
UNION ALL SELECT 19, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_foreign_server
UNION ALL SELECT 20, ftrelid::pg_catalog.int8, xmin FROM pg_catalog.pg_foreign_table
UNION ALL SELECT 21, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_cast WHERE oid >= 16384
UNION ALL SELECT 22, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_extension
UNION ALL SELECT 23, classid::pg_catalog.int8 * 65536 + objid::pg_catalog.int8, xmin FROM pg_catalog.pg_shdepend
WHERE deptype = 'o' AND dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
