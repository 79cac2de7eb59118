-- What publications hold beside whole tables, from 15 on: tables with a column list or a row filter, and schemas.
SELECT 'publication table', pg_catalog.format('%I %I.%I', p.pubname, n.nspname, c.relname),
       pg_catalog.concat_ws(' ', '(' || (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname)
                                         FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.prrelid AND a.attnum = ANY (t.prattrs::pg_catalog.int2[])) || ')',
                 'WHERE ' || pg_catalog.pg_get_expr(t.prqual, t.prrelid))
FROM pg_catalog.pg_publication_rel t JOIN pg_catalog.pg_publication p ON p.oid = t.prpubid
JOIN pg_catalog.pg_class c ON c.oid = t.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (t.prattrs IS NOT NULL OR t.prqual IS NOT NULL)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = p.pubname AND r.rolreplication)
UNION ALL
SELECT 'publication schema', pg_catalog.format('%I %I', p.pubname, n.nspname), ''
FROM pg_catalog.pg_publication_namespace s JOIN pg_catalog.pg_publication p ON p.oid = s.pnpubid
JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = p.pubname AND r.rolreplication)
