-- Everything that migrations can make in a database: kind, name and definition of each object. Two databases with the
-- same rows are the same to whoever uses them: the order of columns, OIDs and the current values of sequences are
-- left out, and so are both histories and what belongs to extensions.
WITH ns AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'martydb')
),
member AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
rel AS (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS id FROM pg_class c JOIN ns n ON n.oid = c.relnamespace
    WHERE c.relname !~ '^refinery_schema_history(_pkey)?$'
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
)
SELECT 'schema' AS kind, quote_ident(nspname) AS name,
       concat_ws(' ', pg_get_userbyid(nspowner), (SELECT string_agg(a::text, ',' ORDER BY a::text)
           FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) a)) AS definition
FROM ns
UNION ALL
SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                    WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type'
                    ELSE 'sequence' END, id,
       concat_ws(' ', pg_get_userbyid(relowner), relpersistence::text,
           (SELECT string_agg(a::text, ',' ORDER BY a::text)
            FROM unnest(coalesce(relacl, acldefault((CASE relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", relowner))) a),
           (SELECT string_agg(o, ',' ORDER BY o) FROM unnest(reloptions) o),
           CASE WHEN relrowsecurity THEN 'row security' END, CASE WHEN relforcerowsecurity THEN 'forced' END,
           'identity ' || relreplident::text, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid),
           'inherits ' || (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhparent::regclass::text)
                           FROM pg_inherits i WHERE i.inhrelid = rel.oid),
           'of ' || nullif(reloftype, 0)::regtype::text,
           'tablespace ' || (SELECT spcname FROM pg_tablespace WHERE pg_tablespace.oid = reltablespace),
           'am ' || (SELECT amname FROM pg_am WHERE pg_am.oid = relam),
           CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END,
           (SELECT format('%s start %s by %s from %s to %s cache %s cycle %s', format_type(seqtypid, NULL), seqstart,
                          seqincrement, seqmin, seqmax, seqcache, seqcycle) FROM pg_sequence WHERE seqrelid = rel.oid),
           (SELECT 'owned by ' || pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) FROM pg_depend d
            WHERE relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = rel.oid AND d.deptype IN ('a', 'i')))
FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')
UNION ALL
SELECT 'column', format('%s.%I', rel.id, a.attname),
       concat_ws(' ', format_type(a.atttypid, a.atttypmod),
           'collate ' || (SELECT co.collname FROM pg_collation co WHERE co.oid = a.attcollation AND co.collname <> 'default'),
           CASE WHEN a.attnotnull THEN 'not null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
           'identity ' || nullif(a.attidentity, '')::text, 'generated ' || nullif(a.attgenerated, '')::text,
           'storage ' || a.attstorage::text, 'compression ' || nullif(to_jsonb(a) ->> 'attcompression', ''),
           'statistics ' || nullif(to_jsonb(a) ->> 'attstattarget', '-1'),
           (SELECT string_agg(o, ',' ORDER BY o) FROM unnest(a.attoptions) o),
           (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(a.attacl) x))
FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE rel.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT 'constraint', format('%s.%I', coalesce(rel.id, k.contypid::regtype::text), k.conname),
       concat_ws(' ', pg_get_constraintdef(k.oid), CASE WHEN NOT k.convalidated THEN 'not valid' END,
                 CASE WHEN k.condeferrable THEN 'deferrable' END, CASE WHEN k.condeferred THEN 'deferred' END)
FROM pg_constraint k LEFT JOIN rel ON rel.oid = k.conrelid
WHERE rel.oid IS NOT NULL OR k.contypid <> 0 AND EXISTS (SELECT FROM ns WHERE ns.oid = k.connamespace)
UNION ALL
SELECT 'index', rel.id,
       concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
                 CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica identity' END)
FROM pg_index i JOIN rel ON rel.oid = i.indexrelid
UNION ALL
SELECT 'trigger', format('%s.%I', rel.id, t.tgname), concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled::text)
FROM pg_trigger t JOIN rel ON rel.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', format('%s.%I', rel.id, r.rulename), concat_ws(' ', pg_get_ruledef(r.oid), r.ev_enabled::text)
FROM pg_rewrite r JOIN rel ON rel.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', format('%s.%I', rel.id, p.polname),
       concat_ws(' ', p.polcmd::text, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                 (SELECT string_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r)::text END, ',' ORDER BY r)
                  FROM unnest(p.polroles) r),
                 'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN rel ON rel.oid = p.polrelid
UNION ALL
SELECT 'routine', p.oid::regprocedure::text,
       concat_ws(' ', pg_get_userbyid(p.proowner),
                 (SELECT string_agg(a::text, ',' ORDER BY a::text)
                  FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a),
                 CASE WHEN p.prokind = 'a' THEN (SELECT concat_ws(' ', g.aggtransfn::text, g.aggfinalfn::text,
                                                                  g.aggtranstype::regtype::text, g.agginitval)
                                                 FROM pg_aggregate g WHERE g.aggfnoid = p.oid)
                      ELSE pg_get_functiondef(p.oid) END)
FROM pg_proc p JOIN ns ON ns.oid = p.pronamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
UNION ALL
SELECT 'type', t.oid::regtype::text,
       concat_ws(' ', t.typtype::text, pg_get_userbyid(t.typowner),
                 (SELECT string_agg(a::text, ',' ORDER BY a::text)
                  FROM unnest(coalesce(t.typacl, acldefault('T', t.typowner))) a),
                 (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
                  FROM pg_enum e WHERE e.enumtypid = t.oid),
                 CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
                 CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault,
                 (SELECT 'range of ' || g.rngsubtype::regtype::text FROM pg_range g WHERE g.rngtypid = t.oid))
FROM pg_type t JOIN ns ON ns.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r', 'b') AND t.typelem = 0
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
UNION ALL
SELECT 'extension', quote_ident(e.extname), concat_ws(' ', e.extversion, e.extnamespace::regnamespace::text) FROM pg_extension e
UNION ALL
SELECT 'default privileges', concat_ws(' ', pg_get_userbyid(d.defaclrole), d.defaclobjtype::text, nullif(d.defaclnamespace, 0)::regnamespace::text),
       (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(d.defaclacl) a)
FROM pg_default_acl d
UNION ALL
SELECT 'statistics', format('%I.%I', ns.nspname, s.stxname), pg_get_statisticsobjdef(s.oid)
FROM pg_statistic_ext s JOIN ns ON ns.oid = s.stxnamespace
UNION ALL
SELECT 'publication', quote_ident(p.pubname),
       concat_ws(' ', (to_jsonb(p) - 'oid' - 'pubowner' - 'pubname')::text,
                 (SELECT string_agg(t.prrelid::regclass::text, ',' ORDER BY t.prrelid::regclass::text)
                  FROM pg_publication_rel t WHERE t.prpubid = p.oid))
FROM pg_publication p
UNION ALL
SELECT 'foreign server', quote_ident(s.srvname), concat_ws(' ', s.srvtype, s.srvversion, array_to_string(s.srvoptions, ','))
FROM pg_foreign_server s
UNION ALL
SELECT 'cast', format('%s as %s', c.castsource::regtype, c.casttarget::regtype), concat_ws(' ', c.castfunc::regproc::text, c.castcontext::text)
FROM pg_cast c WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_cast'::regclass AND m.objid = c.oid)
UNION ALL
SELECT 'comment', concat_ws(' ', o.type, o.identity), d.description
FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o
WHERE d.objoid >= 16384 AND o.schema IS DISTINCT FROM 'martydb'
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classoid AND m.objid = d.objoid)
UNION ALL
-- Whatever the parts above do not know is at least seen to be there.
SELECT 'owner', concat_ws(' ', o.type, CASE o.type WHEN 'large object' THEN '' ELSE o.identity END),
       string_agg(pg_get_userbyid(s.refobjid)::text, ',' ORDER BY s.objid)
FROM pg_shdepend s, pg_identify_object(s.classid, s.objid, s.objsubid) o
WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND o.schema IS DISTINCT FROM 'martydb'
  AND o.identity !~ '(^|\.)(martydb|refinery_schema_history)$'
GROUP BY 1, 2
ORDER BY 1, 2
