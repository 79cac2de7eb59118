-- The census found no function: there is no aggregate.
called AS (SELECT NULL::oid AS aggregate, NULL::bool AS dangerous WHERE false),
