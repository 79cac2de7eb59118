-- Objects of a database as statements that create, change and drop them. The server quotes every name and value.
-- Like catalog.sql of the history, it converts no row that contains an anyarray, and reads only tables of pg_catalog.
-- An object has a key (catalog/oid/column) that dependencies refer to, and a kind and a name that are the same in
-- every database.
ns AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'martydb', 'martydb_serve')
),
rel AS (
    SELECT c.*, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.relname) AS id FROM pg_catalog.pg_class c JOIN ns n ON n.oid = c.relnamespace
    WHERE c.relname !~ '^refinery_schema_history(_pkey)?$'
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
),
identity AS (
    SELECT d.refobjid AS relid, d.refobjsubid AS attnum, r.id,
           pg_catalog.format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
               s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS options,
           pg_catalog.format('SET START WITH %s SET INCREMENT BY %s SET MINVALUE %s SET MAXVALUE %s SET CACHE %s SET %s', s.seqstart,
               s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS changes
    FROM pg_catalog.pg_depend d JOIN rel r ON r.oid = d.objid AND r.relkind = 'S' JOIN pg_catalog.pg_sequence s ON s.seqrelid = r.oid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'i'
),
col AS (
    SELECT att.attrelid AS relid, att.attnum, rel.id AS tab, rel.relkind, rel.relpersistence, pg_catalog.quote_ident(att.attname) AS name,
           att.attstorage, att.attnotnull, att.attidentity, att.attgenerated, att.atttypid, att.attacl, att.attoptions,
           nullif(att.attstattarget, -1) AS target,
           pg_catalog.format_type(att.atttypid, att.atttypmod) || coalesce((
               SELECT pg_catalog.format(' COLLATE %I.%I', n.nspname, co.collname) FROM pg_catalog.pg_collation co
               JOIN pg_catalog.pg_namespace n ON n.oid = co.collnamespace JOIN pg_catalog.pg_type t ON t.oid = att.atttypid
               WHERE co.oid = att.attcollation AND att.attcollation <> t.typcollation), '') AS type,
           pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression,
           k.conname AS not_null, CASE WHEN k.conname <> pg_catalog.left(rel.relname || '_' || att.attname || '_not_null', 63) THEN pg_catalog.quote_ident(k.conname) END AS not_null_name,
           att.attislocal OR att.attinhcount = 0 AS is_local
    FROM rel JOIN pg_catalog.pg_attribute att ON att.attrelid = rel.oid AND att.attnum > 0 AND NOT att.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = att.attrelid AND d.adnum = att.attnum
    -- Constraints of this kind exist from 18 on.
    LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = att.attrelid AND k.contype = 'n' AND k.conkey[1] = att.attnum
    WHERE rel.relkind IN ('r', 'p', 'c', 'v', 'm')
),
line AS (
    SELECT col.*, pg_catalog.concat_ws(' ', col.name, col.type,
               CASE col.attgenerated WHEN 's' THEN pg_catalog.format('GENERATED ALWAYS AS (%s) STORED', col.expression)
                                     WHEN 'v' THEN pg_catalog.format('GENERATED ALWAYS AS (%s) VIRTUAL', col.expression)
                                     ELSE 'DEFAULT ' || col.expression END,
               CASE WHEN col.attidentity <> '' THEN pg_catalog.format('GENERATED %s AS IDENTITY (SEQUENCE NAME %s %s)',
                   CASE col.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, i.id, i.options) END,
               CASE WHEN col.attnotnull THEN pg_catalog.concat_ws(' ', 'CONSTRAINT ' || col.not_null_name, 'NOT NULL') END) AS text
    FROM col LEFT JOIN identity i ON i.relid = col.relid AND i.attnum = col.attnum
),
named AS (
    SELECT 'schema' AS kind, '2615/' || oid || '/0' AS key, pg_catalog.quote_ident(nspname) AS id, NULL::pg_catalog.text AS parent,
           pg_catalog.format('SCHEMA %I', nspname) AS target, 'pg_catalog.pg_namespace'::pg_catalog.regclass AS classid, oid AS objid, 0 AS subid
    FROM ns WHERE nspname <> 'public'
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = ns.oid)
    UNION ALL
    SELECT 'extension', '3079/' || oid || '/0', pg_catalog.quote_ident(extname), NULL, pg_catalog.format('EXTENSION %I', extname),
           'pg_catalog.pg_extension'::pg_catalog.regclass, oid, 0 FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'
    UNION ALL
    SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'range' END, '1247/' || t.oid || '/0', pg_catalog.format('%I.%I', ns.nspname, t.typname), NULL,
           pg_catalog.format('%s %I.%I', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, ns.nspname, t.typname),
           'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, 0
    FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace
    WHERE t.typtype IN ('e', 'd', 'r')
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid)
    UNION ALL
    SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'c' THEN 'composite type' WHEN 'S' THEN 'sequence' ELSE 'table' END,
           '1259/' || oid || '/0', id, NULL,
           CASE relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW ' WHEN 'c' THEN 'TYPE ' WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || id,
           'pg_catalog.pg_class'::pg_catalog.regclass, oid, 0
    FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'c', 'S') AND NOT EXISTS (SELECT FROM identity i WHERE i.id = rel.id)
    UNION ALL
    SELECT CASE relkind WHEN 'c' THEN 'attribute' ELSE 'column' END, pg_catalog.format('1259/%s/%s', relid, attnum), tab || '.' || name, pg_catalog.format('1259/%s/0', relid),
           pg_catalog.format('COLUMN %s.%s', tab, name), 'pg_catalog.pg_class'::pg_catalog.regclass, relid, attnum
    FROM col WHERE relkind IN ('r', 'p', 'c') AND is_local
    UNION ALL
    SELECT 'constraint', pg_catalog.format('2606/%s/0', k.oid), pg_catalog.format('%s.%I', coalesce(rel.id, k.contypid::pg_catalog.regtype::pg_catalog.text), k.conname),
           CASE WHEN k.conrelid <> 0 THEN pg_catalog.format('1259/%s/0', k.conrelid) ELSE pg_catalog.format('1247/%s/0', k.contypid) END,
           CASE WHEN k.conrelid <> 0 THEN pg_catalog.format('CONSTRAINT %I ON %s', k.conname, rel.id)
                ELSE pg_catalog.format('CONSTRAINT %I ON DOMAIN %s', k.conname, k.contypid::pg_catalog.regtype) END,
           'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 0
    FROM pg_catalog.pg_constraint k LEFT JOIN rel ON rel.oid = k.conrelid
    WHERE k.contype IN ('p', 'u', 'c', 'f', 'x') AND k.conparentid = 0 AND k.conislocal
      AND (rel.oid IS NOT NULL OR k.contypid <> 0 AND EXISTS (SELECT FROM ns WHERE ns.oid = k.connamespace))
    UNION ALL
    SELECT 'index', '1259/' || rel.oid || '/0', rel.id, pg_catalog.format('1259/%s/0', i.indrelid), 'INDEX ' || rel.id,
           'pg_catalog.pg_class'::pg_catalog.regclass, rel.oid, 0
    FROM rel JOIN pg_catalog.pg_index i ON i.indexrelid = rel.oid JOIN rel t ON t.oid = i.indrelid
    WHERE NOT rel.relispartition AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = rel.oid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 'trigger', pg_catalog.format('2620/%s/0', t.oid), pg_catalog.format('%s.%I', rel.id, t.tgname), pg_catalog.format('1259/%s/0', t.tgrelid),
           pg_catalog.format('TRIGGER %I ON %s', t.tgname, rel.id), 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0
    FROM pg_catalog.pg_trigger t JOIN rel ON rel.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc f
        JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace WHERE f.oid = t.tgfoid AND s.nspname = 'martydb_serve')
    UNION ALL
    SELECT 'rule', pg_catalog.format('2618/%s/0', r.oid), pg_catalog.format('%s.%I', rel.id, r.rulename), pg_catalog.format('1259/%s/0', r.ev_class),
           pg_catalog.format('RULE %I ON %s', r.rulename, rel.id), 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, 0
    FROM pg_catalog.pg_rewrite r JOIN rel ON rel.oid = r.ev_class WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy', pg_catalog.format('3256/%s/0', p.oid), pg_catalog.format('%s.%I', rel.id, p.polname), pg_catalog.format('1259/%s/0', p.polrelid),
           pg_catalog.format('POLICY %I ON %s', p.polname, rel.id), 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0
    FROM pg_catalog.pg_policy p JOIN rel ON rel.oid = p.polrelid
    UNION ALL
    SELECT CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE 'routine' END, pg_catalog.format('1255/%s/0', p.oid), p.oid::pg_catalog.regprocedure::pg_catalog.text, NULL,
           pg_catalog.format('%s %s', CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.oid::pg_catalog.regprocedure),
           'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 0
    FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid)
      -- The constructors of a range type come and go with it.
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'i')
    UNION ALL
    SELECT 'statistics', pg_catalog.format('3381/%s/0', s.oid), pg_catalog.format('%I.%I', ns.nspname, s.stxname), pg_catalog.format('1259/%s/0', s.stxrelid),
           pg_catalog.format('STATISTICS %I.%I', ns.nspname, s.stxname), 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid, 0
    FROM pg_catalog.pg_statistic_ext s JOIN ns ON ns.oid = s.stxnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND m.objid = s.oid)
    UNION ALL
    SELECT 'publication', pg_catalog.format('6104/%s/0', p.oid), pg_catalog.quote_ident(p.pubname), NULL, pg_catalog.format('PUBLICATION %I', p.pubname),
           'pg_catalog.pg_publication'::pg_catalog.regclass, p.oid, 0
    FROM pg_catalog.pg_publication p
    WHERE NOT p.puballtables AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = p.pubname AND r.rolreplication)
)
