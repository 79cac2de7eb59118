SELECT n.kind, n.key, n.id, n.parent, d.made, coalesce(d.dropped, 'DROP ' || n.target) AS dropped, coalesce(d.body, d.made), coalesce(d.signature, '')
FROM named n JOIN (
    SELECT '2615/' || oid || '/0' AS key, pg_catalog.format('CREATE SCHEMA %I', nspname) AS made, NULL AS dropped, NULL AS body, NULL AS signature FROM ns
    UNION ALL
    SELECT '3079/' || e.oid || '/0', pg_catalog.format('CREATE EXTENSION %I WITH SCHEMA %I', e.extname, n.nspname), NULL, NULL, NULL
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    UNION ALL
    SELECT '1247/' || t.oid || '/0', CASE t.typtype
        WHEN 'e' THEN pg_catalog.format('CREATE TYPE %I.%I AS ENUM (%s)', ns.nspname, t.typname,
            (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid))
        WHEN 'r' THEN (SELECT pg_catalog.format('CREATE TYPE %I.%I AS RANGE (%s)', ns.nspname, t.typname, pg_catalog.concat_ws(', ', 'SUBTYPE = ' || pg_catalog.format_type(r.rngsubtype, NULL),
            (SELECT pg_catalog.format('SUBTYPE_OPCLASS = %I.%I', o.nspname, c.opcname) FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_namespace o ON o.oid = c.opcnamespace
             WHERE c.oid = r.rngsubopc AND NOT c.opcdefault),
            (SELECT pg_catalog.format('COLLATION = %I.%I', o.nspname, c.collname) FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace o ON o.oid = c.collnamespace
             WHERE c.oid = r.rngcollation AND c.collname <> 'default'),
            'SUBTYPE_DIFF = ' || nullif(r.rngsubdiff, 0)::pg_catalog.regproc::pg_catalog.text,
            -- From 14 on; it stays when the range gets another name.
            (SELECT pg_catalog.format('MULTIRANGE_TYPE_NAME = %I.%I', o.nspname, m.typname) FROM pg_catalog.pg_type m JOIN pg_catalog.pg_namespace o ON o.oid = m.typnamespace
             WHERE m.oid = (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid))) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
        ELSE pg_catalog.concat_ws(' ', pg_catalog.format('CREATE DOMAIN %I.%I AS %s', ns.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod)),
            (SELECT pg_catalog.format('COLLATE %I.%I', o.nspname, c.collname) FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace o ON o.oid = c.collnamespace
             JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype WHERE c.oid = t.typcollation AND t.typcollation <> b.typcollation),
            'DEFAULT ' || coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault), CASE WHEN t.typnotnull THEN 'NOT NULL' END) END,
        NULL, CASE t.typtype WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) || ' ' || t.typcollation::pg_catalog.regcollation::pg_catalog.text WHEN 'e' THEN '' END, NULL
    FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r')
    UNION ALL
    SELECT '1259/' || rel.oid || '/0', pg_catalog.concat_ws(' ', 'CREATE', CASE rel.relpersistence WHEN 'u' THEN 'UNLOGGED' END, 'SEQUENCE', rel.id, 'AS', pg_catalog.format_type(s.seqtypid, NULL),
        pg_catalog.format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache),
        CASE WHEN s.seqcycle THEN 'CYCLE' END), NULL, '', NULL
    FROM rel JOIN pg_catalog.pg_sequence s ON s.seqrelid = rel.oid
    UNION ALL
    SELECT '1259/' || rel.oid || '/0', pg_catalog.concat_ws(' ', 'CREATE', CASE rel.relpersistence WHEN 'u' THEN 'UNLOGGED' END, CASE rel.relkind WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, rel.id,
        CASE WHEN rel.relispartition
             THEN 'PARTITION OF ' || (SELECT i.inhparent::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_inherits i WHERE i.inhrelid = rel.oid) || ' ' || coalesce('(' || own.text || ') ', '')
                  || pg_catalog.pg_get_expr(rel.relpartbound, rel.oid)
             ELSE CASE rel.relkind WHEN 'c' THEN 'AS ' ELSE '' END || '(' || coalesce(E'\n    ' || l.text || E'\n', '') || ')'
                  || coalesce(' INHERITS (' || (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY i.inhseqno)
                              FROM pg_catalog.pg_inherits i WHERE i.inhrelid = rel.oid) || ')', '') END,
        'PARTITION BY ' || pg_catalog.pg_get_partkeydef(rel.oid)),
        NULL, coalesce(pg_catalog.pg_get_partkeydef(rel.oid), ''), NULL
    FROM rel LEFT JOIN (SELECT relid, pg_catalog.string_agg(text, E',\n    ' ORDER BY attnum) AS text FROM line WHERE is_local GROUP BY relid) l ON l.relid = rel.oid
    LEFT JOIN (
        -- NOT NULL that a partition has alone, or, from 18 on, by another name.
        SELECT c.relid, pg_catalog.string_agg(coalesce('CONSTRAINT ' || pg_catalog.quote_ident(c.not_null) || ' NOT NULL ' || c.name, c.name || ' NOT NULL'), ', ' ORDER BY c.attnum) AS text
        FROM col c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.relid JOIN col p ON p.relid = i.inhparent AND p.name = c.name
        WHERE c.attnotnull AND (NOT p.attnotnull OR c.not_null <> p.not_null) GROUP BY c.relid
    ) own ON own.relid = rel.oid
    WHERE rel.relkind IN ('r', 'p', 'c')
    UNION ALL
    SELECT '1259/' || rel.oid || '/0', pg_catalog.concat_ws(E' ', CASE rel.relkind WHEN 'm' THEN 'CREATE MATERIALIZED VIEW' ELSE 'CREATE OR REPLACE VIEW' END, rel.id, E'AS\n'
        || pg_catalog.rtrim(pg_catalog.pg_get_viewdef(rel.oid), ';')),
        NULL, NULL, CASE rel.relkind WHEN 'v' THEN (SELECT pg_catalog.string_agg(col.name || ' ' || col.type, ', ' ORDER BY col.attnum) FROM col WHERE col.relid = rel.oid) END
    FROM rel WHERE rel.relkind IN ('v', 'm')
    UNION ALL
    SELECT pg_catalog.format('1259/%s/%s', relid, attnum),
        CASE relkind WHEN 'c' THEN pg_catalog.format('ALTER TYPE %s ADD ATTRIBUTE %s %s', tab, name, type) ELSE pg_catalog.format('ALTER TABLE %s ADD COLUMN %s', tab, text) END,
        CASE relkind WHEN 'c' THEN pg_catalog.format('ALTER TYPE %s DROP ATTRIBUTE %s', tab, name) ELSE pg_catalog.format('ALTER TABLE %s DROP COLUMN %s', tab, name) END,
        attgenerated::pg_catalog.text || CASE WHEN attgenerated <> '' THEN expression ELSE '' END, NULL
    FROM line
    UNION ALL
    SELECT pg_catalog.format('2606/%s/0', k.oid),
        pg_catalog.format('ALTER %s ADD CONSTRAINT %I %s', coalesce('TABLE ' || rel.id, 'DOMAIN ' || k.contypid::pg_catalog.regtype), k.conname, pg_catalog.pg_get_constraintdef(k.oid)),
        pg_catalog.format('ALTER %s DROP CONSTRAINT %I', coalesce('TABLE ' || rel.id, 'DOMAIN ' || k.contypid::pg_catalog.regtype), k.conname),
        pg_catalog.regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
        k.contype::pg_catalog.text
    FROM pg_catalog.pg_constraint k LEFT JOIN rel ON rel.oid = k.conrelid WHERE k.conrelid = 0 OR rel.oid IS NOT NULL
    UNION ALL
    SELECT '1259/' || i.indexrelid || '/0', pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), '^(CREATE (UNIQUE )?INDEX .* ON )ONLY ', '\1'), NULL, NULL, NULL
    FROM pg_catalog.pg_index i JOIN rel ON rel.oid = i.indexrelid
    UNION ALL
    SELECT pg_catalog.format('2620/%s/0', t.oid), pg_catalog.pg_get_triggerdef(t.oid), NULL, NULL, NULL FROM pg_catalog.pg_trigger t JOIN rel ON rel.oid = t.tgrelid WHERE NOT t.tgisinternal AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc f
        JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace WHERE f.oid = t.tgfoid AND s.nspname = 'martydb_serve')
    UNION ALL
    SELECT pg_catalog.format('2618/%s/0', r.oid), pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';'), NULL, NULL, NULL FROM pg_catalog.pg_rewrite r JOIN rel ON rel.oid = r.ev_class
    WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT pg_catalog.format('3256/%s/0', p.oid), pg_catalog.concat_ws(' ', pg_catalog.format('CREATE POLICY %I ON %s', p.polname, rel.id), CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
        'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'TO ' || (SELECT pg_catalog.string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r)) END, ', ' ORDER BY r) FROM pg_catalog.unnest(p.polroles) r),
        'USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', 'WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'), NULL, NULL, NULL
    FROM pg_catalog.pg_policy p JOIN rel ON rel.oid = p.polrelid
    UNION ALL
    SELECT pg_catalog.format('1255/%s/0', p.oid), CASE p.prokind WHEN 'a' THEN pg_catalog.format('CREATE AGGREGATE %s.%s (%s)', pg_catalog.quote_ident(ns.nspname),
            pg_catalog.quote_ident(p.proname) || '(' || CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_catalog.pg_get_function_identity_arguments(p.oid) END || ')',
            (SELECT pg_catalog.concat_ws(', ', 'SFUNC = ' || g.aggtransfn, 'STYPE = ' || pg_catalog.format_type(g.aggtranstype, NULL), 'FINALFUNC = ' || nullif(g.aggfinalfn, 0)::pg_catalog.regproc,
                 'COMBINEFUNC = ' || nullif(g.aggcombinefn, 0)::pg_catalog.regproc, 'INITCOND = ' || pg_catalog.quote_literal(g.agginitval), 'PARALLEL = ' || CASE p.proparallel WHEN 's' THEN 'SAFE' WHEN 'r' THEN 'RESTRICTED' END)
             FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid))
        ELSE pg_catalog.rtrim(pg_catalog.pg_get_functiondef(p.oid), E'\n') END,
        NULL, NULL, CASE p.prokind WHEN 'a' THEN NULL ELSE pg_catalog.format('%s (%s) %s', p.prokind, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid)) END
    FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
    UNION ALL
    SELECT pg_catalog.format('3381/%s/0', s.oid), pg_catalog.pg_get_statisticsobjdef(s.oid), NULL, NULL, NULL FROM pg_catalog.pg_statistic_ext s
    UNION ALL
    SELECT pg_catalog.format('6104/%s/0', p.oid), pg_catalog.format('CREATE PUBLICATION %I', p.pubname), NULL, NULL, NULL FROM pg_catalog.pg_publication p
) d ON d.key = n.key
