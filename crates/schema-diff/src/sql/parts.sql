, acl AS (
    SELECT n.key, n.target, n.objid, x.acl, x.type, x.owner, x.namespace, NULL::pg_catalog.text AS columns
    FROM named n JOIN (
        SELECT '1259/' || oid || '/0' AS key, relacl AS acl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::pg_catalog."char" AS type, relowner AS owner, relnamespace AS namespace FROM rel WHERE relkind <> 'c'
        UNION ALL SELECT '1255/' || oid || '/0', proacl, 'f', proowner, pronamespace FROM pg_catalog.pg_proc
        UNION ALL SELECT '1247/' || oid || '/0', typacl, 'T', typowner, typnamespace FROM pg_catalog.pg_type
        UNION ALL SELECT '2615/' || oid || '/0', nspacl, 'n', nspowner, 0 FROM ns
    ) x ON x.key = n.key AND n.kind NOT IN ('column', 'index')
),
usual AS (
    -- Privileges of a new object: those of the server or of the global default privileges, and those of the schema.
    SELECT acl.key, a.grantee, a.privilege_type, a.is_grantable FROM acl CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(
        (SELECT d.defaclacl FROM pg_catalog.pg_default_acl d WHERE d.defaclrole = acl.owner AND d.defaclnamespace = 0
         AND d.defaclobjtype = CASE acl.type WHEN 's' THEN 'S' ELSE acl.type END), pg_catalog.acldefault(acl.type, acl.owner))) a
    UNION
    SELECT acl.key, a.grantee, a.privilege_type, a.is_grantable FROM acl JOIN pg_catalog.pg_default_acl d ON d.defaclrole = acl.owner AND d.defaclnamespace = acl.namespace
        AND d.defaclobjtype = CASE acl.type WHEN 's' THEN 'S' ELSE acl.type END CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a
),
present AS (
    SELECT acl.key, a.grantee, a.privilege_type, a.is_grantable FROM acl CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(acl.acl, pg_catalog.acldefault(acl.type, acl.owner))) a
),
privilege AS (
    SELECT p.*, true AS given FROM (SELECT * FROM present EXCEPT SELECT * FROM usual) p
    UNION ALL
    SELECT p.*, false FROM (SELECT * FROM usual EXCEPT SELECT * FROM present) p
),
granted AS (
    SELECT p.key, p.given, p.privilege_type AS privilege, p.is_grantable,
           CASE WHEN acl.target ~ '^(VIEW|MATERIALIZED VIEW) ' THEN pg_catalog.regexp_replace(acl.target, '^(MATERIALIZED )?VIEW ', 'TABLE ') ELSE acl.target END AS target,
           CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(p.grantee)) END AS role
    FROM privilege p JOIN acl ON acl.key = p.key
    UNION ALL
    SELECT pg_catalog.format('1259/%s/%s', col.relid, col.attnum), true, pg_catalog.format('%s (%s)', a.privilege_type, col.name), a.is_grantable, 'TABLE ' || col.tab,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
    FROM col CROSS JOIN LATERAL pg_catalog.aclexplode(col.attacl) a WHERE col.relkind IN ('r', 'p')
    UNION ALL
    SELECT pg_catalog.format('1259/%s/0', col.relid), true, pg_catalog.format('%s (%s)', a.privilege_type, col.name), a.is_grantable, 'TABLE ' || col.tab,
           CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
    FROM col CROSS JOIN LATERAL pg_catalog.aclexplode(col.attacl) a WHERE col.relkind IN ('v', 'm')
),
key_of AS (
    SELECT pg_catalog.format('2606/%s/0', oid) AS key, conname, contype, conrelid, conindid, condeferrable, condeferred FROM pg_catalog.pg_constraint WHERE contype IN ('p', 'u', 'x') AND conindid <> 0
),
option AS (
    SELECT '1259/' || o.oid || '/0' AS key, CASE o.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END || ' ' || o.id AS target,
           o.prefix || pg_catalog.quote_ident(pg_catalog.split_part(u.text, '=', 1)) AS name, pg_catalog.quote_literal(pg_catalog.substr(u.text, pg_catalog.strpos(u.text, '=') + 1)) AS value, u.place
    FROM (SELECT oid, relkind, id, '' AS prefix, reloptions FROM rel
          UNION ALL SELECT r.oid, r.relkind, r.id, 'toast.', t.reloptions FROM rel r JOIN pg_catalog.pg_class t ON t.oid = r.reltoastrelid) o
         CROSS JOIN LATERAL pg_catalog.unnest(o.reloptions) WITH ORDINALITY u (text, place)
    WHERE o.relkind IN ('r', 'p', 'v', 'm')
)
SELECT key, part, place, value, made, changed, undone, is_inline, needs FROM (
    SELECT n.key, 'comment' AS part, 90 AS place, pg_catalog.quote_literal(d.description) AS value, pg_catalog.format('COMMENT ON %s IS %L', n.target, d.description) AS made,
           pg_catalog.format('COMMENT ON %s IS %L', n.target, d.description) AS changed, pg_catalog.format('COMMENT ON %s IS NULL', n.target) AS undone, false AS is_inline, NULL AS needs
    FROM named n JOIN pg_catalog.pg_description d ON d.classoid = n.classid AND d.objoid = n.objid AND d.objsubid = n.subid
    WHERE n.kind <> 'extension'
    UNION ALL
    SELECT pg_catalog.format('1259/%s/0', col.relid), 'comment on ' || col.name, 91, pg_catalog.quote_literal(d.description), pg_catalog.format('COMMENT ON COLUMN %s.%s IS %L', col.tab, col.name, d.description),
           pg_catalog.format('COMMENT ON COLUMN %s.%s IS %L', col.tab, col.name, d.description), pg_catalog.format('COMMENT ON COLUMN %s.%s IS NULL', col.tab, col.name), false, NULL
    FROM col JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = col.relid AND d.objsubid = col.attnum
    WHERE col.relkind IN ('v', 'm') OR NOT col.is_local
    UNION ALL
    -- The comment on an index that a constraint made.
    SELECT pg_catalog.format('2606/%s/0', k.oid), 'comment on index', 91, pg_catalog.quote_literal(d.description), pg_catalog.format('COMMENT ON INDEX %s IS %L', rel.id, d.description),
           pg_catalog.format('COMMENT ON INDEX %s IS %L', rel.id, d.description), pg_catalog.format('COMMENT ON INDEX %s IS NULL', rel.id), false, NULL
    FROM pg_catalog.pg_constraint k JOIN rel ON rel.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
    JOIN pg_catalog.pg_description d ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = rel.oid AND d.objsubid = 0
    UNION ALL
    SELECT key, CASE WHEN given THEN 'grant ' ELSE 'revoke ' END || privilege || ' ' || role, 80, is_grantable::pg_catalog.text,
           CASE WHEN given THEN pg_catalog.format('GRANT %s ON %s TO %s%s', privilege, target, role, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                ELSE pg_catalog.format('REVOKE %s ON %s FROM %s', privilege, target, role) END, NULL,
           CASE WHEN given THEN pg_catalog.format('REVOKE %s ON %s FROM %s', privilege, target, role)
                ELSE pg_catalog.format('GRANT %s ON %s TO %s%s', privilege, target, role, CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) END, false, NULL
    FROM granted
    UNION ALL
    SELECT key, 'option ' || name, 600 + place, value, pg_catalog.format('ALTER %s SET (%s = %s)', target, name, value), pg_catalog.format('ALTER %s SET (%s = %s)', target, name, value),
           pg_catalog.format('ALTER %s RESET (%s)', target, name), false, NULL FROM option
    UNION ALL
    SELECT '1247/' || e.enumtypid || '/0', pg_catalog.quote_literal(e.enumlabel), pg_catalog.row_number() OVER (PARTITION BY e.enumtypid ORDER BY e.enumsortorder), '',
           pg_catalog.format('ALTER TYPE %s ADD VALUE %L', n.id, e.enumlabel), NULL, NULL, true, NULL
    FROM pg_catalog.pg_enum e JOIN named n ON n.key = '1247/' || e.enumtypid || '/0'
    UNION ALL
    SELECT n.key, 'default', 30, x.expression, pg_catalog.format('ALTER DOMAIN %s SET DEFAULT %s', n.id, x.expression), pg_catalog.format('ALTER DOMAIN %s SET DEFAULT %s', n.id, x.expression),
           pg_catalog.format('ALTER DOMAIN %s DROP DEFAULT', n.id), true, NULL
    FROM pg_catalog.pg_type t JOIN named n ON n.key = '1247/' || t.oid || '/0' CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault)) x (expression)
    WHERE t.typtype = 'd' AND x.expression IS NOT NULL
    UNION ALL
    SELECT n.key, 'not null', 40, '', pg_catalog.format('ALTER DOMAIN %s SET NOT NULL', n.id), NULL, pg_catalog.format('ALTER DOMAIN %s DROP NOT NULL', n.id), true, NULL
    FROM pg_catalog.pg_type t JOIN named n ON n.key = '1247/' || t.oid || '/0' WHERE t.typtype = 'd' AND t.typnotnull
    UNION ALL
    SELECT '1259/' || rel.oid || '/0', 'options', 20, o.text, NULL, pg_catalog.format('ALTER SEQUENCE %s %s', rel.id, o.text), NULL, true, NULL
    FROM rel JOIN pg_catalog.pg_sequence s ON s.seqrelid = rel.oid CROSS JOIN LATERAL (SELECT pg_catalog.format('AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s %s',
        pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)) o (text)
    UNION ALL
    SELECT '1259/' || rel.oid || '/0', 'owner', 85, pg_catalog.format('%s.%s', col.tab, col.name), pg_catalog.format('ALTER SEQUENCE %s OWNED BY %s.%s', rel.id, col.tab, col.name),
           pg_catalog.format('ALTER SEQUENCE %s OWNED BY %s.%s', rel.id, col.tab, col.name), pg_catalog.format('ALTER SEQUENCE %s OWNED BY NONE', rel.id), false, pg_catalog.format('1259/%s/%s', col.relid, col.attnum)
    FROM rel JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = rel.oid AND d.deptype = 'a'
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN col ON col.relid = d.refobjid AND col.attnum = d.refobjsubid WHERE rel.relkind = 'S'
    UNION ALL
    SELECT pg_catalog.format('1259/%s/%s', relid, attnum), p.part, p.place, p.value, p.made, p.changed, p.undone, p.is_inline, NULL
    FROM (SELECT col.*, i.options, i.changes, i.id AS sequence FROM col LEFT JOIN identity i ON i.relid = col.relid AND i.attnum = col.attnum) col CROSS JOIN LATERAL (VALUES
        ('type', 20, col.type, NULL, CASE relkind WHEN 'c' THEN pg_catalog.format('ALTER TYPE %s ALTER ATTRIBUTE %s TYPE %s', tab, name, type)
            ELSE pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s TYPE %s', tab, name, type) END, NULL, true),
        ('default', 30, CASE WHEN attgenerated = '' THEN expression END, pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', tab, name, expression),
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', tab, name, expression), pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', tab, name), true),
        ('not null', 40, CASE WHEN attnotnull THEN coalesce(pg_catalog.quote_ident(not_null), '') END, coalesce(pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT ', tab) || not_null_name || ' NOT NULL ' || name,
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET NOT NULL', tab, name)), NULL, pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL', tab, name), true),
        ('identity', 50, CASE WHEN attidentity <> '' THEN pg_catalog.concat_ws(' ', attidentity, sequence, options) END,
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s %s)', tab, name, CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, sequence, options),
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET GENERATED %s %s', tab, name, CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, changes),
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s DROP IDENTITY', tab, name), true),
        ('storage', 60, CASE WHEN attstorage <> (SELECT t.typstorage FROM pg_catalog.pg_type t WHERE t.oid = atttypid) THEN attstorage::pg_catalog.text END,
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s', tab, name, CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END),
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s', tab, name, CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END),
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STORAGE %s', tab, name, (SELECT CASE t.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
                FROM pg_catalog.pg_type t WHERE t.oid = atttypid)), false),
        ('statistics', 61, target::pg_catalog.text, pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s', tab, name, target),
            pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS %s', tab, name, target), pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET STATISTICS -1', tab, name), false)
    ) p (part, place, value, made, changed, undone, is_inline)
    WHERE p.value IS NOT NULL AND relkind IN ('r', 'p', 'c') AND is_local
    UNION ALL
    SELECT pg_catalog.format('1259/%s/0', c.relid), 'default of ' || c.name, 35, c.expression, x.own, x.own,
           pg_catalog.format('ALTER VIEW %s ALTER COLUMN %s DROP DEFAULT', c.tab, c.name), false, NULL
    FROM col c CROSS JOIN LATERAL (SELECT pg_catalog.format('ALTER VIEW %s ALTER COLUMN %s SET DEFAULT %s', c.tab, c.name, c.expression)) x (own)
    WHERE c.relkind = 'v' AND c.expression IS NOT NULL
    UNION ALL
    -- A partition may have other defaults than its parent. pg_dump writes NULL for none, which differs only for a domain.
    SELECT pg_catalog.format('1259/%s/0', c.relid), 'default of ' || c.name, 35,
           coalesce(CASE WHEN c.expression ~ '^NULL::' AND (SELECT t.typtype FROM pg_catalog.pg_type t WHERE t.oid = pg_catalog.to_regtype(pg_catalog.substr(c.expression, 7))) <> 'd'
                         THEN NULL ELSE c.expression END, ''), x.own, x.own,
           coalesce(pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT ', c.tab, c.name) || p.expression, pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', c.tab, c.name)), false,
           -- The column of the topmost table, whose default this one follows.
           (SELECT pg_catalog.format('1259/%s/%s', r.relid, r.attnum) FROM col r WHERE r.relid = coalesce(pg_catalog.pg_partition_root(c.relid)::pg_catalog.oid, i.inhparent) AND r.name = c.name)
    FROM col c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.relid JOIN col p ON p.relid = i.inhparent AND p.name = c.name
    CROSS JOIN LATERAL (SELECT coalesce(pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT ', c.tab, c.name) || c.expression, pg_catalog.format('ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT', c.tab, c.name))) x (own)
    WHERE NOT c.is_local AND c.attgenerated = '' AND c.attidentity = '' AND c.expression IS DISTINCT FROM p.expression
    UNION ALL
    SELECT '1259/' || rel.oid || '/0', p.part, p.place, p.value, p.made, p.changed, p.undone, p.is_inline, p.needs
    FROM rel CROSS JOIN LATERAL (VALUES
        ('persistence', 20, relpersistence::pg_catalog.text, NULL, pg_catalog.format('ALTER TABLE %s SET %s', id, CASE relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE 'LOGGED' END), NULL, true, NULL),
        ('partition', 30, CASE WHEN relispartition THEN pg_catalog.concat_ws(' ', (SELECT i.inhparent::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_inherits i WHERE i.inhrelid = rel.oid),
                pg_catalog.pg_get_expr(relpartbound, oid)) END,
            pg_catalog.format('ALTER TABLE %s ATTACH PARTITION %s %s', (SELECT i.inhparent::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_inherits i WHERE i.inhrelid = rel.oid LIMIT 1), id, pg_catalog.pg_get_expr(relpartbound, oid)),
            NULL, pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s', (SELECT i.inhparent::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_inherits i WHERE i.inhrelid = rel.oid LIMIT 1), id), true,
            (SELECT pg_catalog.format('1259/%s/0', i.inhparent) FROM pg_catalog.pg_inherits i WHERE i.inhrelid = rel.oid LIMIT 1)),
        ('row security', 70, CASE WHEN relrowsecurity THEN '' END, pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', id), NULL, pg_catalog.format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', id), false, NULL),
        ('forced row security', 71, CASE WHEN relforcerowsecurity THEN '' END, pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', id), NULL,
            pg_catalog.format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', id), false, NULL),
        ('replica identity', 72, CASE WHEN relreplident <> 'd' THEN relreplident::pg_catalog.text || coalesce((SELECT x.id FROM pg_catalog.pg_index i JOIN rel x ON x.oid = i.indexrelid WHERE i.indrelid = rel.oid AND i.indisreplident), '') END,
            pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY %s', id, CASE relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
                ELSE 'USING INDEX ' || (SELECT pg_catalog.quote_ident(x.relname) FROM pg_catalog.pg_index i JOIN rel x ON x.oid = i.indexrelid WHERE i.indrelid = rel.oid AND i.indisreplident LIMIT 1) END), NULL,
            pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY DEFAULT', id), false,
            (SELECT coalesce(k.key, pg_catalog.format('1259/%s/0', i.indexrelid)) FROM pg_catalog.pg_index i LEFT JOIN key_of k ON k.conindid = i.indexrelid WHERE i.indrelid = rel.oid AND i.indisreplident LIMIT 1)),
        ('cluster', 73, (SELECT pg_catalog.quote_ident(x.relname) FROM pg_catalog.pg_index i JOIN rel x ON x.oid = i.indexrelid WHERE i.indrelid = rel.oid AND i.indisclustered LIMIT 1),
            pg_catalog.format('ALTER TABLE %s CLUSTER ON %s', id, (SELECT pg_catalog.quote_ident(x.relname) FROM pg_catalog.pg_index i JOIN rel x ON x.oid = i.indexrelid WHERE i.indrelid = rel.oid AND i.indisclustered LIMIT 1)), NULL,
            pg_catalog.format('ALTER TABLE %s SET WITHOUT CLUSTER', id), false,
            (SELECT coalesce(k.key, pg_catalog.format('1259/%s/0', i.indexrelid)) FROM pg_catalog.pg_index i LEFT JOIN key_of k ON k.conindid = i.indexrelid WHERE i.indrelid = rel.oid AND i.indisclustered LIMIT 1))
    ) p (part, place, value, made, changed, undone, is_inline, needs)
    WHERE p.value IS NOT NULL AND relkind IN ('r', 'p')
    UNION ALL
    SELECT '1259/' || rel.oid || '/0', 'inherits ' || p.id, 30, '', pg_catalog.format('ALTER TABLE %s INHERIT %s', rel.id, p.id), NULL, pg_catalog.format('ALTER TABLE %s NO INHERIT %s', rel.id, p.id), true,
           '1259/' || p.oid || '/0'
    FROM rel JOIN pg_catalog.pg_inherits i ON i.inhrelid = rel.oid JOIN rel p ON p.oid = i.inhparent WHERE rel.relkind = 'r' AND NOT rel.relispartition
    UNION ALL
    SELECT pg_catalog.format('2606/%s/0', k.oid), 'validated', 20, '', pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', rel.id, k.conname), NULL, NULL, true, NULL
    FROM pg_catalog.pg_constraint k JOIN rel ON rel.oid = k.conrelid WHERE k.convalidated
    UNION ALL
    -- A key by an index that was made before it; the two statements are used instead of that of the constraint.
    SELECT k.key, p.part, p.place, '', p.made, NULL, NULL, true, NULL
    FROM key_of k JOIN rel ON rel.oid = k.conrelid JOIN rel i ON i.oid = k.conindid AND i.relam = (SELECT a.oid FROM pg_catalog.pg_am a WHERE a.amname = 'btree')
    CROSS JOIN LATERAL (VALUES ('index', 21, pg_catalog.pg_get_indexdef(i.oid)),
        ('key by index', 22, pg_catalog.concat_ws(' ', pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I', rel.id, k.conname), CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END,
            pg_catalog.format('USING INDEX %I', i.relname), CASE WHEN k.condeferrable THEN 'DEFERRABLE' END, CASE WHEN k.condeferred THEN 'INITIALLY DEFERRED' END))) p (part, place, made)
    WHERE k.contype IN ('p', 'u')
    UNION ALL
    SELECT pg_catalog.format('2620/%s/0', t.oid), 'state', 20, t.tgenabled::pg_catalog.text, x.text, x.text, pg_catalog.format('ALTER TABLE %s ENABLE TRIGGER %I', rel.id, t.tgname), false, NULL
    FROM pg_catalog.pg_trigger t JOIN rel ON rel.oid = t.tgrelid CROSS JOIN LATERAL (SELECT pg_catalog.format('ALTER TABLE %s %s TRIGGER %I', rel.id,
        CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname)) x (text)
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'O' AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc f
        JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace WHERE f.oid = t.tgfoid AND s.nspname = 'martydb_serve')
    UNION ALL
    SELECT pg_catalog.format('2618/%s/0', r.oid), 'state', 20, r.ev_enabled::pg_catalog.text, x.text, x.text, pg_catalog.format('ALTER TABLE %s ENABLE RULE %I', rel.id, r.rulename), false, NULL
    FROM pg_catalog.pg_rewrite r JOIN rel ON rel.oid = r.ev_class CROSS JOIN LATERAL (SELECT pg_catalog.format('ALTER TABLE %s %s RULE %I', rel.id,
        CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, r.rulename)) x (text)
    WHERE r.rulename <> '_RETURN' AND r.ev_enabled <> 'O'
    UNION ALL
    SELECT pg_catalog.format('6104/%s/0', p.oid), 'table ' || rel.id, 20, '', pg_catalog.format('ALTER PUBLICATION %I ADD TABLE ONLY %s', p.pubname, rel.id), NULL,
           pg_catalog.format('ALTER PUBLICATION %I DROP TABLE ONLY %s', p.pubname, rel.id), false, '1259/' || rel.oid || '/0'
    FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel t ON t.prpubid = p.oid JOIN rel ON rel.oid = t.prrelid
    UNION ALL
    SELECT pg_catalog.format('6104/%s/0', p.oid), 'publish', 10, x.text, x.text, x.text, NULL, false, NULL
    FROM pg_catalog.pg_publication p CROSS JOIN LATERAL (SELECT pg_catalog.format('ALTER PUBLICATION %I SET (publish = %L, publish_via_partition_root = %s)', p.pubname, pg_catalog.concat_ws(', ',
        CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END), CASE WHEN p.pubviaroot THEN 'true' ELSE 'false' END)) x (text)
) part WHERE EXISTS (SELECT FROM named n WHERE n.key = part.key)
