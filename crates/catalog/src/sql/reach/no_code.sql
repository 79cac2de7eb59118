-- The census found no function, view, rule, foreign table, trigger, partition, domain or subscription: these are empty.
visited AS (SELECT NULL::oid AS oid, NULL::text AS run_by WHERE false),
hooked AS (SELECT NULL::oid AS oid, NULL::text AS event WHERE false),
fed AS (SELECT NULL::oid AS oid, NULL::text AS run_by WHERE false),
reads AS (SELECT NULL::oid AS view, NULL::oid AS relation WHERE false),
fires AS (SELECT NULL::oid AS tgrelid, NULL::oid AS function WHERE false),
routes AS (SELECT NULL::oid AS parent, NULL::oid AS child WHERE false),
routed AS (SELECT NULL::oid AS oid WHERE false),
steering AS (SELECT NULL::oid AS oid WHERE false),
-- Of the server's own three thousand functions only those that were granted to a role, by initdb or later.
candidate AS (SELECT p.* FROM pg_catalog.pg_proc p WHERE p.prosecdef OR p.proacl IS NOT NULL),
