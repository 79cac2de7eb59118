-- The foreign key that the note `asked` validates: table, constraint and referenced table, as the server quotes them, and a query
-- that counts the rows without a counterpart.
SELECT pg_catalog.format('%I.%I', cn.nspname, c.relname), pg_catalog.quote_ident(k.conname), pg_catalog.format('%I.%I', fn.nspname, f.relname),
    pg_catalog.format('SELECT pg_catalog.count(*) FROM ONLY %I.%I c WHERE (%s) AND NOT EXISTS (SELECT FROM %s%I.%I f WHERE %s)', cn.nspname, c.relname,
        pg_catalog.string_agg(pg_catalog.format('c.%I IS NOT NULL', ca.attname), CASE k.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END),
        CASE f.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END, fn.nspname, f.relname,
        pg_catalog.string_agg(pg_catalog.format('f.%I OPERATOR(%I.%s) c.%I', fa.attname, opn.nspname, o.oprname, ca.attname), ' AND '))
FROM asked CROSS JOIN pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_catalog.pg_class f ON f.oid = k.confrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conpfeqop)) u (own, referred, operator)
JOIN pg_catalog.pg_attribute ca ON ca.attrelid = c.oid AND ca.attnum = u.own
JOIN pg_catalog.pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = u.referred
JOIN pg_catalog.pg_operator o ON o.oid = u.operator JOIN pg_catalog.pg_namespace opn ON opn.oid = o.oprnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND asked.note IN (
    pg_catalog.format('91 proof %I.%I %s', cn.nspname, c.relname, k.conname), pg_catalog.format('91 proof %I.%I %s', fn.nspname, f.relname, k.conname))
GROUP BY k.oid, k.conname, k.confmatchtype, cn.nspname, c.relname, fn.nspname, f.relname, f.relkind
