-- Leaves below a table that is partitioned by the hash of an enum, which is that of an OID: each copy spreads the rows in another way
-- (pg_dump loads them through the topmost table, src/bin/pg_dump/pg_dump.c, forcePartitionRootLoad).
WITH spread AS (
  SELECT p.partrelid FROM pg_catalog.pg_partitioned_table p
  WHERE p.partstrat = 'h' AND EXISTS (SELECT FROM pg_catalog.pg_opclass o
    WHERE o.oid = ANY (p.partclass::oid[]) AND o.opcintype = 'pg_catalog.anyenum'::pg_catalog.regtype))
SELECT pg_catalog.format('table %I.%I', n.nspname, c.relname), pg_catalog.format('partitions of %I.%I', rn.nspname, r.relname)
FROM spread s CROSS JOIN pg_catalog.pg_partition_tree(s.partrelid) t
JOIN pg_catalog.pg_class c ON c.oid = t.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class r ON r.oid = s.partrelid JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
WHERE t.isleaf AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(s.partrelid) a JOIN spread above ON above.partrelid = a.relid
  WHERE a.relid <> s.partrelid)
