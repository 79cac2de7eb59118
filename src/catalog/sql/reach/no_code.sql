-- The census found no function, view, rule, foreign table, trigger, partition or subscription: these are empty.
visited AS (SELECT NULL::oid AS oid, NULL::text AS visitor WHERE false),
hooked AS (SELECT NULL::oid AS oid, NULL::text AS event WHERE false),
fed AS (SELECT NULL::oid AS oid, NULL::text AS visitor WHERE false),
reads AS (SELECT NULL::oid AS view, NULL::oid AS relation WHERE false),
fires AS (SELECT NULL::oid AS tgrelid, NULL::oid AS function WHERE false),
