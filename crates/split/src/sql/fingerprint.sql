-- Definitions of the tables `asked`, as lines that every version prints alike: schema, name, line. Foreign keys,
-- replica identities and forced row security are omitted: a split changes them itself.
SELECT f.schema, f.name, pg_catalog.regexp_replace(l.line, '\s+', ' ', 'g')
FROM asked f CROSS JOIN LATERAL (
    SELECT pg_catalog.concat('column ', pg_catalog.quote_ident(a.attname), ' ', pg_catalog.format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || pg_catalog.quote_ident(o.collname) END,
        CASE WHEN a.attnotnull THEN ' NOT NULL' END,
        CASE WHEN a.attidentity <> '' THEN ' GENERATED AS IDENTITY' END,
        CASE WHEN a.attgenerated = '' THEN ' DEFAULT ' ELSE ' GENERATED ' END || pg_catalog.pg_get_expr(d.adbin, d.adrelid)) AS line
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
    SELECT pg_catalog.format('values of %s: %s', pg_catalog.format_type(t.oid, NULL),
        (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
         FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid))
    FROM pg_catalog.pg_type t WHERE t.typtype = 'e' AND EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = f.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN (t.oid, t.typarray))
  UNION ALL
    SELECT pg_catalog.format('constraint %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid))
    FROM pg_catalog.pg_constraint k WHERE k.conrelid = f.oid AND k.contype IN ('c', 'p', 'u', 'x')
  UNION ALL
    SELECT pg_catalog.pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index i
    WHERE i.indrelid = f.oid AND i.indisvalid AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  UNION ALL
    SELECT 'row security' FROM pg_catalog.pg_class c WHERE c.oid = f.oid AND c.relrowsecurity
  UNION ALL
    SELECT pg_catalog.concat(pg_catalog.format('policy %I', p.polname), CASE WHEN NOT p.polpermissive THEN ' AS RESTRICTIVE' END,
        ' FOR ', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        ' USING ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid), ' WITH CHECK ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_catalog.pg_policy p WHERE p.polrelid = f.oid
  UNION ALL
    SELECT pg_catalog.pg_get_triggerdef(t.oid) FROM pg_catalog.pg_trigger t
    WHERE t.tgrelid = f.oid AND NOT t.tgisinternal AND t.tgname <> 'martydb_split_closed'
  UNION ALL
    SELECT 'partition ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid)
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
    WHERE i.inhparent = f.oid
) l
