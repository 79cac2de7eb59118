-- All objects that migrations can create in a database: kind, name and definition. Databases with equal rows
-- are equivalent: the order of columns, OIDs, current values of sequences, both histories and members of
-- extensions are omitted.
--
-- The service owns the database, so this query converts no row that contains an anyarray (pg_attribute,
-- pg_statistic): that conversion calls casts of the element's type, which the service may have created. The
-- session's search_path is pg_catalog, because an operator cannot be schema-qualified everywhere.
--
-- Values that the server itself writes into its catalogs do not count as differences. Options of columns are
-- compared by name and value if the manual lists them, as are options of relations; of other options of
-- relations only the name is compared, and PostgreSQL rejects unknown ones in DDL. Only an extension knows the
-- options of its access method, so all of them are compared, as are the options of foreign servers, which only
-- DDL writes.
--   https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS
--   https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-STORAGE-PARAMETERS
--   https://www.postgresql.org/docs/current/sql-createview.html
ns AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'martydb', 'martydb_serve')
),
option AS (
    SELECT c.oid,
           -- As pg_get_indexdef prints them.
           ' WITH (' || pg_catalog.string_agg(pg_catalog.quote_ident(o.name) || '=' || CASE WHEN pg_catalog.quote_ident(o.value) = o.value
               THEN o.value ELSE pg_catalog.quote_literal(o.value) END, ', ' ORDER BY o.place) || ')' AS printed,
           pg_catalog.string_agg(o.name || CASE WHEN c.relam >= 16384 OR o.name = ANY (ARRAY[
               'autosummarize', 'autovacuum_analyze_scale_factor', 'autovacuum_analyze_threshold', 'autovacuum_enabled',
               'autovacuum_freeze_max_age', 'autovacuum_freeze_min_age', 'autovacuum_freeze_table_age',
               'autovacuum_multixact_freeze_max_age', 'autovacuum_multixact_freeze_min_age',
               'autovacuum_multixact_freeze_table_age', 'autovacuum_vacuum_cost_delay', 'autovacuum_vacuum_cost_limit',
               'autovacuum_vacuum_insert_scale_factor', 'autovacuum_vacuum_insert_threshold',
               'autovacuum_vacuum_max_threshold', 'autovacuum_vacuum_scale_factor', 'autovacuum_vacuum_threshold',
               'buffering', 'check_option', 'deduplicate_items', 'fastupdate', 'fillfactor', 'gin_pending_list_limit',
               'log_autovacuum_min_duration', 'pages_per_range', 'parallel_workers', 'security_barrier',
               'security_invoker', 'toast_tuple_target', 'user_catalog_table', 'vacuum_index_cleanup',
               'vacuum_max_eager_freeze_failure_rate', 'vacuum_truncate'])
               THEN '=' || o.value ELSE '' END, ',' ORDER BY o.name) AS compared
    FROM pg_catalog.pg_class c CROSS JOIN LATERAL (
        SELECT pg_catalog.split_part(u.text, '=', 1) AS name, pg_catalog.substr(u.text, pg_catalog.strpos(u.text, '=') + 1) AS value, u.place
        FROM pg_catalog.unnest(c.reloptions) WITH ORDINALITY u (text, place)) o
    GROUP BY c.oid
),
rel AS (
    SELECT c.*, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.relname) AS id FROM pg_catalog.pg_class c JOIN ns n ON n.oid = c.relnamespace
    WHERE c.relname !~ '^refinery_schema_history(_pkey)?$'
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
)
SELECT 'schema' AS kind, pg_catalog.quote_ident(nspname) AS name,
       pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(nspowner), (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
           FROM pg_catalog.unnest(coalesce(nspacl, pg_catalog.acldefault('n', nspowner))) a)) AS definition
FROM ns
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND m.objid = ns.oid)
UNION ALL
SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
                    WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type'
                    ELSE 'sequence' END, id,
       pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(relowner), relpersistence::pg_catalog.text,
           (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
            FROM pg_catalog.unnest(coalesce(relacl, pg_catalog.acldefault((CASE relkind WHEN 'S' THEN 's' ELSE 'r' END)::pg_catalog."char", relowner))) a),
           (SELECT o.compared FROM option o WHERE o.oid = rel.oid),
           (SELECT 'toast ' || o.compared FROM option o WHERE o.oid = rel.reltoastrelid),
           CASE WHEN relrowsecurity THEN 'row security' END, CASE WHEN relforcerowsecurity THEN 'forced' END,
           'identity ' || relreplident::pg_catalog.text, pg_catalog.pg_get_partkeydef(oid), pg_catalog.pg_get_expr(relpartbound, oid),
           'inherits ' || (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::pg_catalog.text, ',' ORDER BY i.inhparent::pg_catalog.regclass::pg_catalog.text)
                           FROM pg_catalog.pg_inherits i WHERE i.inhrelid = rel.oid),
           'of ' || nullif(reloftype, 0)::pg_catalog.regtype::pg_catalog.text,
           'tablespace ' || (SELECT spcname FROM pg_catalog.pg_tablespace WHERE pg_tablespace.oid = reltablespace),
           'am ' || (SELECT amname FROM pg_catalog.pg_am WHERE pg_am.oid = relam),
           CASE WHEN relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(oid) END,
           (SELECT pg_catalog.format('%s start %s by %s from %s to %s cache %s cycle %s', pg_catalog.format_type(seqtypid, NULL), seqstart,
                          seqincrement, seqmin, seqmax, seqcache, seqcycle) FROM pg_catalog.pg_sequence WHERE seqrelid = rel.oid),
           (SELECT 'owned by ' || pg_catalog.pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) FROM pg_catalog.pg_depend d
            WHERE relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = rel.oid AND d.deptype IN ('a', 'i')))
FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')
UNION ALL
SELECT 'column', pg_catalog.format('%s.%I', rel.id, att.attname),
       pg_catalog.concat_ws(' ', pg_catalog.format_type(att.atttypid, att.atttypmod),
           'collate ' || (SELECT co.collname FROM pg_catalog.pg_collation co WHERE co.oid = att.attcollation AND co.collname <> 'default'),
           CASE WHEN att.attnotnull THEN 'not null' END, 'default ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
           'identity ' || nullif(att.attidentity, '')::pg_catalog.text, 'generated ' || nullif(att.attgenerated, '')::pg_catalog.text,
           'storage ' || att.attstorage::pg_catalog.text,
           -- The default is -1 before 17 and NULL from then on.
           'statistics ' || nullif(att.attstattarget, -1)::pg_catalog.text,
           (SELECT pg_catalog.string_agg(o, ',' ORDER BY o) FROM pg_catalog.unnest(att.attoptions) o
            WHERE pg_catalog.split_part(o, '=', 1) IN ('n_distinct', 'n_distinct_inherited')),
           (SELECT pg_catalog.string_agg(x::pg_catalog.text, ',' ORDER BY x::pg_catalog.text) FROM pg_catalog.unnest(att.attacl) x))
FROM rel JOIN pg_catalog.pg_attribute att ON att.attrelid = rel.oid AND att.attnum > 0 AND NOT att.attisdropped
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = att.attrelid AND d.adnum = att.attnum
WHERE rel.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT 'constraint', pg_catalog.format('%s.%I', coalesce(rel.id, k.contypid::pg_catalog.regtype::pg_catalog.text), k.conname),
       pg_catalog.concat_ws(' ', pg_catalog.pg_get_constraintdef(k.oid), CASE WHEN NOT k.convalidated THEN 'not valid' END,
                 CASE WHEN k.condeferrable THEN 'deferrable' END, CASE WHEN k.condeferred THEN 'deferred' END)
FROM pg_catalog.pg_constraint k LEFT JOIN rel ON rel.oid = k.conrelid
WHERE rel.oid IS NOT NULL OR k.contypid <> 0 AND EXISTS (SELECT FROM ns WHERE ns.oid = k.connamespace)
UNION ALL
SELECT 'index', rel.id,
       pg_catalog.concat_ws(' ', pg_catalog.replace(pg_catalog.pg_get_indexdef(i.indexrelid), coalesce(o.printed, ''), ''), o.compared,
                 CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
                 CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica identity' END)
FROM pg_catalog.pg_index i JOIN rel ON rel.oid = i.indexrelid LEFT JOIN option o ON o.oid = i.indexrelid
UNION ALL
SELECT 'trigger', pg_catalog.format('%s.%I', rel.id, t.tgname), pg_catalog.concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled::pg_catalog.text)
FROM pg_catalog.pg_trigger t JOIN rel ON rel.oid = t.tgrelid WHERE NOT t.tgisinternal AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc f
  JOIN pg_catalog.pg_namespace s ON s.oid = f.pronamespace WHERE f.oid = t.tgfoid AND s.nspname = 'martydb_serve')
UNION ALL
SELECT 'rule', pg_catalog.format('%s.%I', rel.id, r.rulename), pg_catalog.concat_ws(' ', pg_catalog.pg_get_ruledef(r.oid), r.ev_enabled::pg_catalog.text)
FROM pg_catalog.pg_rewrite r JOIN rel ON rel.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', pg_catalog.format('%s.%I', rel.id, p.polname),
       pg_catalog.concat_ws(' ', p.polcmd::pg_catalog.text, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                 (SELECT pg_catalog.string_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(r)::pg_catalog.text END, ',' ORDER BY r)
                  FROM pg_catalog.unnest(p.polroles) r),
                 'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_catalog.pg_policy p JOIN rel ON rel.oid = p.polrelid
UNION ALL
SELECT 'routine', p.oid::pg_catalog.regprocedure::pg_catalog.text,
       pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(p.proowner),
                 (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
                  FROM pg_catalog.unnest(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a),
                 CASE WHEN p.prokind = 'a' THEN (SELECT pg_catalog.concat_ws(' ', g.aggtransfn::pg_catalog.text, g.aggfinalfn::pg_catalog.text,
                                                                  g.aggtranstype::pg_catalog.regtype::pg_catalog.text, g.agginitval)
                                                 FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid)
                      ELSE pg_catalog.pg_get_functiondef(p.oid) END)
FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = p.oid)
UNION ALL
SELECT 'type', t.oid::pg_catalog.regtype::pg_catalog.text,
       pg_catalog.concat_ws(' ', t.typtype::pg_catalog.text, pg_catalog.pg_get_userbyid(t.typowner),
                 (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text)
                  FROM pg_catalog.unnest(coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))) a),
                 (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
                  FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
                 CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
                 CASE WHEN t.typnotnull THEN 'not null' END,
                 -- Its text has names as the search_path of CREATE DOMAIN allowed them.
                 'default ' || coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault),
                 (SELECT 'range of ' || g.rngsubtype::pg_catalog.regtype::pg_catalog.text FROM pg_catalog.pg_range g WHERE g.rngtypid = t.oid))
FROM pg_catalog.pg_type t JOIN ns ON ns.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r', 'b') AND t.typelem = 0
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid)
UNION ALL
SELECT 'extension', pg_catalog.quote_ident(e.extname), pg_catalog.concat_ws(' ', e.extversion, e.extnamespace::pg_catalog.regnamespace::pg_catalog.text) FROM pg_catalog.pg_extension e
UNION ALL
SELECT 'default privileges', pg_catalog.concat_ws(' ', pg_catalog.pg_get_userbyid(d.defaclrole), d.defaclobjtype::pg_catalog.text, nullif(d.defaclnamespace, 0)::pg_catalog.regnamespace::pg_catalog.text),
       (SELECT pg_catalog.string_agg(a::pg_catalog.text, ',' ORDER BY a::pg_catalog.text) FROM pg_catalog.unnest(d.defaclacl) a)
FROM pg_catalog.pg_default_acl d
UNION ALL
SELECT 'statistics', pg_catalog.format('%I.%I', ns.nspname, s.stxname), pg_catalog.pg_get_statisticsobjdef(s.oid)
FROM pg_catalog.pg_statistic_ext s JOIN ns ON ns.oid = s.stxnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND m.objid = s.oid)
UNION ALL
-- IS DISTINCT FROM, CASE, NULLIF, IN, JOIN USING and comparisons of rows do not print the schema of their operator, so equal
-- texts may call different ones: the search path of the statement that made the object chose it. Operators of pg_catalog are in
-- pg_depend in no major.
SELECT 'operators', coalesce((SELECT pg_catalog.format('%s.%I', i.indrelid::pg_catalog.regclass, c.relname)
           FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
           WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.indexrelid = d.objid),
           pg_catalog.regexp_replace(pg_catalog.regexp_replace(o.identity, '^for ', ''), '^(.*) on (.+)$', '\2.\1')),
       pg_catalog.string_agg(DISTINCT d.refobjid::pg_catalog.regoperator::pg_catalog.text, ', ')
FROM pg_catalog.pg_depend d, pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
WHERE d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND d.deptype = 'n'
  -- Parts of operators themselves.
  AND d.classid NOT IN ('pg_catalog.pg_operator'::pg_catalog.regclass, 'pg_catalog.pg_amop'::pg_catalog.regclass,
                        'pg_catalog.pg_opclass'::pg_catalog.regclass, 'pg_catalog.pg_opfamily'::pg_catalog.regclass)
  AND coalesce(o.schema, '') !~ '^pg_temp' AND o.identity !~ '(^for| on) pg_temp[_.]'
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classid AND m.objid = d.objid)
GROUP BY 2
UNION ALL
SELECT 'publication', pg_catalog.quote_ident(p.pubname),
       pg_catalog.concat_ws(' ', (pg_catalog.to_jsonb(p) - 'oid' - 'pubowner' - 'pubname')::pg_catalog.text,
                 (SELECT pg_catalog.string_agg(t.prrelid::pg_catalog.regclass::pg_catalog.text, ',' ORDER BY t.prrelid::pg_catalog.regclass::pg_catalog.text)
                  FROM pg_catalog.pg_publication_rel t WHERE t.prpubid = p.oid))
FROM pg_catalog.pg_publication p
-- `apply` creates the publication of a declared login, with the login's name.
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = p.pubname AND r.rolreplication)
UNION ALL
SELECT 'foreign server', pg_catalog.quote_ident(s.srvname), pg_catalog.concat_ws(' ', s.srvtype, s.srvversion, pg_catalog.array_to_string(s.srvoptions, ','))
FROM pg_catalog.pg_foreign_server s
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_foreign_server'::pg_catalog.regclass AND m.objid = s.oid)
UNION ALL
SELECT 'cast', pg_catalog.format('%s as %s', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype), pg_catalog.concat_ws(' ', c.castfunc::pg_catalog.regproc::pg_catalog.text, c.castcontext::pg_catalog.text)
FROM pg_catalog.pg_cast c WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass AND m.objid = c.oid)
UNION ALL
SELECT 'comment', pg_catalog.concat_ws(' ', o.type, o.identity), d.description
FROM pg_catalog.pg_description d, pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) o
WHERE d.objoid >= 16384 AND coalesce(o.schema, '') NOT IN ('martydb', 'martydb_serve')
  -- Of an extension: its control file has it, and a service may not change it.
  AND d.classoid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
  -- Temporary objects of any session, and parts of them.
  AND coalesce(o.schema, '') !~ '^pg_temp' AND o.identity !~ ' on pg_temp[_.]'
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classoid AND m.objid = d.objoid)
UNION ALL
-- Lists objects that the queries above do not cover.
SELECT 'owner', pg_catalog.concat_ws(' ', o.type, CASE o.type WHEN 'large object' THEN '' ELSE o.identity END),
       pg_catalog.string_agg(pg_catalog.pg_get_userbyid(s.refobjid)::pg_catalog.text, ',' ORDER BY s.objid)
FROM pg_catalog.pg_shdepend s, pg_catalog.pg_identify_object(s.classid, s.objid, s.objsubid) o
WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype = 'o' AND coalesce(o.schema, '') NOT IN ('martydb', 'martydb_serve')
  AND coalesce(o.schema, '') !~ '^pg_temp'
  AND NOT EXISTS (SELECT FROM member m WHERE m.classid = s.classid AND m.objid = s.objid)
  AND o.identity !~ '(^|\.)(martydb|martydb_serve|refinery_schema_history)$'
  -- A multirange type is the server's, and stays with its first owner when its range type gets another.
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t
                  WHERE s.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = s.objid AND t.typtype = 'm')
GROUP BY 1, 2
ORDER BY 1, 2
