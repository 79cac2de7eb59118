-- Publications of whole schemas, which exist since version 15.
SELECT 'published', pg_catalog.json_build_object(
        'name', pg_catalog.quote_ident(p.pubname), 'schema', n.nspname
    )::pg_catalog.text
FROM pg_catalog.pg_publication_namespace pn
JOIN pg_catalog.pg_publication p ON p.oid = pn.pnpubid
JOIN pg_catalog.pg_namespace n ON n.oid = pn.pnnspid
