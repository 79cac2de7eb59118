SELECT pg_catalog.format('6104/%s/0', p.oid), 'table ' || rel.id, 20, x.text, pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, rel.id) || x.text, NULL::pg_catalog.text,
       pg_catalog.format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, rel.id), false, '1259/' || rel.oid || '/0'
FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel t ON t.prpubid = p.oid JOIN rel ON rel.oid = t.prrelid
CROSS JOIN LATERAL (SELECT pg_catalog.concat(' (' || (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = t.prrelid AND a.attnum = ANY (t.prattrs)) || ')', ' WHERE (' || pg_catalog.pg_get_expr(t.prqual, t.prrelid) || ')')) x (text)
UNION ALL
SELECT pg_catalog.format('6104/%s/0', p.oid), pg_catalog.format('schema %I', n.nspname), 21, '', pg_catalog.format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I', p.pubname, n.nspname), NULL,
       pg_catalog.format('ALTER PUBLICATION %I DROP TABLES IN SCHEMA %I', p.pubname, n.nspname), false, '2615/' || n.oid || '/0'
FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_namespace s ON s.pnpubid = p.oid JOIN pg_catalog.pg_namespace n ON n.oid = s.pnnspid
