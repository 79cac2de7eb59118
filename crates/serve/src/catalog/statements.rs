//! Statements that read the catalogs, as the login that reads rows.

use std::collections::BTreeMap;
use std::time::Duration;

use martydb_model::DETACHED_PARTITION;
use martydb_model::sql::{List, Literal, Statement, stmt};

use super::cached::cached;
use super::code::code_beside;
use super::routines::{functions, media_aggregates};
use super::types::types;
use super::views::CatalogOid;
use crate::settings::ExposedFunctions;

/// Returns the statement for [`super::RawCatalog`], one JSON text.
pub(crate) fn read(
    schemas: &[String],
    exposed: &ExposedFunctions,
    kept: &BTreeMap<String, Duration>,
) -> Statement {
    let with = relations(schemas);
    let (functions, media, cached) = (functions(exposed), media_aggregates(), cached(kept));
    stmt!(
        "{with}SELECT pg_catalog.json_build_object(
  'version', pg_catalog.current_setting('server_version_num')::integer,
  'relations', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', r.oid::bigint, 'schema', r.nspname, 'name', r.relname, 'is_view', r.relkind IN ('v', 'm'),
      'has_children', r.has_children,
      'columns', COALESCE(c.list, '[]'),
      'indexed', (SELECT COALESCE(pg_catalog.json_agg(d.text ORDER BY i.indexrelid), '[]')
        FROM pg_catalog.pg_index i CROSS JOIN LATERAL pg_catalog.pg_get_indexdef(i.indexrelid, 1, false) AS d(text)
        WHERE i.indrelid = r.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = 0
          AND d.text LIKE '((doc #> %' AND pg_catalog.length(d.text) < 2000),
      'is_detached', r.is_detached, 'insertable', r.insertable, 'updatable', r.updatable, 'deletable', r.deletable, 'runs_code', r.runs_code,
      'is_plain', NOT r.runs_code AND NOT (SELECT o.here FROM overloads o) AND NOT EXISTS (SELECT FROM families f
        WHERE f.oid = r.oid AND f.member IN (SELECT w.oid FROM with_code w)),
      'is_plain_to_write', NOT EXISTS (SELECT FROM written w WHERE w.oid = r.oid AND w.member IN (SELECT a.oid FROM acting a))
        AND NOT EXISTS (SELECT FROM touched t WHERE t.oid = r.oid AND (t.member IN (SELECT w.oid FROM with_code w)
          OR t.member NOT IN (SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace IN (SELECT s.oid FROM spaces s)))))), '[]')
    FROM relations r LEFT JOIN columns c ON c.attrelid = r.oid),
  'keys', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname, 'kind', k.contype, 'table', k.conrelid::bigint, 'columns', k.conkey,
      'target', k.confrelid::bigint, 'target_columns', COALESCE(k.confkey, '{{}}')) ORDER BY k.conname, k.oid), '[]')
    FROM pg_catalog.pg_constraint k
    WHERE k.contype IN ('p', 'u', 'f') AND k.conparentid = 0 AND k.connamespace <> 'pg_catalog'::regnamespace),
  'rules', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(c.oid::bigint, r.ev_action::text)), '[]')
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    WHERE c.relkind IN ('v', 'm') AND r.rulename = '_RETURN'
      AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)),
  'types', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(t.typname, pg_catalog.format_type(t.oid, NULL),
      t.oid IN (SELECT h.oid FROM harmless_types h))), '[]')
    FROM pg_catalog.pg_type t
    WHERE t.oid IN (SELECT a.oid FROM allowed_types a)
      AND (t.typnamespace = 'pg_catalog'::regnamespace OR t.typnamespace IN (SELECT oid FROM spaces))),
  'languages', (SELECT COALESCE(pg_catalog.json_agg(cfgname), '[]') FROM pg_catalog.pg_ts_config
    WHERE pg_catalog.pg_ts_config_is_visible(oid)),
  'computed', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_array(r.nspname, r.relname, p.proname, y.typname)), '[]')
    FROM pg_catalog.pg_proc p JOIN bases b ON b.oid = p.prorettype JOIN pg_catalog.pg_type y ON y.oid = b.base JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0] JOIN relations r ON r.oid = t.typrelid
    WHERE p.pronargs = 1 AND p.prokind = 'f' AND NOT p.proretset
      AND pg_catalog.pg_function_is_visible(p.oid)),
  'row_functions', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', pg_catalog.json_build_array(s.nspname, p.proname), 'source', pg_catalog.json_build_array(a.nspname, a.relname),
      'target', pg_catalog.json_build_array(b.nspname, b.relname), 'single', NOT p.proretset OR p.prorows = 1)
      ORDER BY s.nspname, p.proname, p.oid), '[]')
    FROM pg_catalog.pg_proc p JOIN spaces s ON s.oid = p.pronamespace
      JOIN pg_catalog.pg_type x ON x.oid = p.proargtypes[0] JOIN relations a ON a.oid = x.typrelid
      JOIN pg_catalog.pg_type y ON y.oid = p.prorettype JOIN relations b ON b.oid = y.typrelid
    WHERE p.pronargs = 1 AND p.prokind = 'f'),
  'media', {media},
  'cached', {cached},
  'functions', {functions}
)::text"
    )
}

/// Returns the common table expressions of the exposed relations with their columns.
fn relations(schemas: &[String]) -> Statement {
    let (plain, types) = (code_beside(), types());
    let (schemas, detached) =
        (List::literals(schemas.iter().cloned()), Literal(DETACHED_PARTITION.to_owned()));
    stmt!(
        "WITH RECURSIVE spaces AS (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname IN ({schemas})
), far AS (
  SELECT t.ftrelid AS oid FROM pg_catalog.pg_foreign_table t
  UNION SELECT w.ev_class FROM far f JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = f.oid
    AND d.classid = 'pg_rewrite'::regclass JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
), relations AS (
  SELECT c.oid, s.nspname, c.relname, c.relkind, c.relkind = 'r' AND c.relhassubclass AS has_children, (e.events & 8) = 8 AS insertable, (e.events & 4) = 4 AS updatable,
    (e.events & 16) = 16 AS deletable,
    pg_catalog.obj_description(c.oid, 'pg_class') IS NOT DISTINCT FROM {detached} AS is_detached, c.relkind IN ('v', 'f') OR c.relrowsecurity AS runs_code
  FROM pg_catalog.pg_class c JOIN spaces s ON s.oid = c.relnamespace
    -- The function runs the handler of a foreign table: one that is missing or fails would be an error of the whole answer, so
    -- the server decides at a write.
    CROSS JOIN LATERAL (SELECT CASE WHEN c.relkind IN ('r', 'p') OR c.oid IN (SELECT f.oid FROM far f) THEN 28
      ELSE pg_catalog.pg_relation_is_updatable(c.oid, true) END AS events) e
  WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition
), chains AS (
  SELECT t.oid, t.oid AS base, t.typtype, t.typbasetype FROM pg_catalog.pg_type t
  UNION ALL SELECT c.oid, t.oid, t.typtype, t.typbasetype FROM chains c JOIN pg_catalog.pg_type t ON t.oid = c.typbasetype
    WHERE c.typtype = 'd'
), bases AS (SELECT c.oid, c.base FROM chains c WHERE c.typtype <> 'd'), casts AS (
  SELECT c.castsource, c.casttarget, c.castfunc FROM pg_catalog.pg_cast c
  WHERE c.castcontext = 'i' AND c.castmethod = 'f' AND pg_catalog.has_function_privilege(c.castfunc, 'execute')
    AND EXISTS (SELECT FROM pg_catalog.pg_type d WHERE d.typtype = 'd' AND d.oid IN (c.castsource, c.casttarget))
), columns AS (
  SELECT a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
      'number', a.attnum, 'name', a.attname,
      'type', CASE b.oid WHEN 'bit'::regtype THEN 'bit varying' WHEN 'bpchar'::regtype THEN 'character varying'
        ELSE pg_catalog.format_type(a.atttypid, NULL) END,
      'base', b.typname, 'type_oid', a.atttypid::bigint, 'fixed', a.attgenerated <> '' OR a.attidentity = 'a',
      'builtin', b.typnamespace = 'pg_catalog'::regnamespace AND b.typtype <> 'e',
      'to_json', (SELECT c.castfunc::regproc::text FROM casts c WHERE c.castsource = t.oid AND c.casttarget = 'json'::regtype),
      'from_json', (SELECT c.castfunc::regproc::text FROM casts c WHERE c.castsource = 'json'::regtype AND c.casttarget = t.oid),
      'from_text', (SELECT c.castfunc::regproc::text FROM casts c WHERE c.castsource = 'text'::regtype AND c.casttarget = t.oid),
      'language', CASE WHEN a.attgenerated = 's' AND b.oid = 'tsvector'::regtype
        THEN pg_catalog.substring(pg_catalog.pg_get_expr(d.adbin, d.adrelid), 'to_tsvector\\(''([^'']+)''::regconfig') END,
      'default', CASE
        WHEN a.attidentity <> '' THEN pg_catalog.format('nextval(%L)', seq.oid::regclass)
        WHEN a.attgenerated <> '' THEN NULL
        ELSE COALESCE(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault) END) ORDER BY a.attnum) AS list
  FROM pg_catalog.pg_attribute a JOIN relations r ON r.oid = a.attrelid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN bases ON bases.oid = t.oid JOIN pg_catalog.pg_type b ON b.oid = bases.base
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_depend dep ON dep.refobjid = a.attrelid AND dep.refobjsubid = a.attnum
      AND dep.deptype = 'i' AND dep.classid = 'pg_class'::regclass AND a.attidentity <> ''
    LEFT JOIN pg_catalog.pg_class seq ON seq.oid = dep.objid AND seq.relkind = 'S'
  WHERE a.attnum > 0 AND NOT a.attisdropped
  GROUP BY a.attrelid
){plain}{types}
"
    )
}

/// Returns the statement for a fingerprint of the catalogs, which differs after a migration.
pub(crate) fn fingerprint(schemas: &[String]) -> Statement {
    let schemas = List::literals(schemas.iter().cloned());
    stmt!(
        "WITH spaces AS (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ({schemas})),
path AS (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (pg_catalog.current_schemas(false))),
relations AS (SELECT c.oid, c.xmin FROM pg_catalog.pg_class c WHERE c.relnamespace IN (SELECT oid FROM spaces)
  AND c.relkind IN ('r', 'v', 'm', 'f', 'p'))
SELECT pg_catalog.md5(pg_catalog.concat_ws(';',
  (SELECT pg_catalog.string_agg(pg_catalog.concat(r.oid, ':', r.xmin), ',' ORDER BY r.oid) FROM relations r),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(a.attrelid, '.', a.attnum, ':', a.xmin), ',' ORDER BY a.attrelid, a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND a.attrelid IN (SELECT oid FROM relations)),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(k.oid, ':', k.xmin), ',' ORDER BY k.oid) FROM pg_catalog.pg_constraint k
    WHERE k.connamespace IN (SELECT oid FROM spaces)),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(i.indexrelid, ':', i.indisvalid), ',' ORDER BY i.indexrelid)
    FROM pg_catalog.pg_index i WHERE i.indrelid IN (SELECT oid FROM relations)),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(h.inhparent, ':', h.inhrelid), ',' ORDER BY h.inhrelid, h.inhparent)
    FROM pg_catalog.pg_inherits h),
  (SELECT pg_catalog.string_agg(o.oid::text, ',' ORDER BY o.oid) FROM pg_catalog.pg_operator o
    WHERE o.oid >= 16384 AND o.oprnamespace IN (SELECT oid FROM path)),
  (SELECT pg_catalog.string_agg(c.oid::text, ',' ORDER BY c.oid) FROM pg_catalog.pg_cast c WHERE c.castfunc >= 16384),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(p.oid, ':', p.xmin), ',' ORDER BY p.oid) FROM pg_catalog.pg_proc p
    WHERE p.pronamespace IN (SELECT oid FROM path)),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(t.oid, ':', t.xmin), ',' ORDER BY t.oid) FROM pg_catalog.pg_trigger t
    WHERE NOT t.tgisinternal AND t.tgrelid IN (SELECT oid FROM relations)),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(w.oid, ':', w.xmin), ',' ORDER BY w.oid) FROM pg_catalog.pg_rewrite w
    WHERE w.ev_class IN (SELECT oid FROM relations)),
  (SELECT pg_catalog.string_agg(pg_catalog.concat(d.oid, ':', d.xmin), ',' ORDER BY d.oid) FROM pg_catalog.pg_attrdef d
    WHERE d.adrelid IN (SELECT oid FROM relations)),
  (SELECT pg_catalog.string_agg(u.srrelid::text, ',' ORDER BY u.srrelid) FROM pg_catalog.pg_subscription_rel u
    WHERE u.srrelid IN (SELECT oid FROM relations))))"
    )
}

/// Returns the statement for the schemas of relations, one row for each: columns on which the session's login has a privilege,
/// the key, and indexes of such columns. A relation without such a column has no row.
pub(crate) fn describe(relations: Vec<CatalogOid>) -> Statement {
    let relations = List(relations);
    stmt!(
        "WITH columns AS (
  SELECT a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
    a.atthasdef OR a.attidentity <> '' AS has_default, a.attgenerated <> '' OR a.attidentity = 'a' AS fixed,
    pg_catalog.left(pg_catalog.col_description(a.attrelid, a.attnum), 1000) AS comment,
    ARRAY(SELECT p FROM pg_catalog.unnest('{{SELECT,INSERT,UPDATE}}'::text[]) AS p
      WHERE pg_catalog.has_column_privilege(a.attrelid, a.attnum, p)) AS privileges
  FROM pg_catalog.pg_attribute a WHERE a.attrelid IN ({relations}) AND a.attnum > 0 AND NOT a.attisdropped
), visible AS (SELECT * FROM columns WHERE privileges <> '{{}}')
SELECT pg_catalog.json_build_object('collection', c.relname, 'oid', c.oid::bigint,
  'kind', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END,
  'comment', pg_catalog.left(pg_catalog.obj_description(c.oid, 'pg_class'), 1000),
  'privileges', ARRAY(SELECT p FROM pg_catalog.unnest('{{SELECT,INSERT,UPDATE,DELETE}}'::text[]) AS p
    WHERE pg_catalog.has_table_privilege(c.oid, p)),
  'columns', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', v.attname, 'type', v.type, 'nullable', v.nullable,
    'default', v.has_default, 'generated', v.fixed, 'comment', v.comment, 'privileges', v.privileges) ORDER BY v.attnum)
    FROM visible v WHERE v.attrelid = c.oid),
  'key', COALESCE((SELECT pg_catalog.json_agg(v.attname ORDER BY pg_catalog.array_position(k.conkey, v.attnum))
    FROM pg_catalog.pg_constraint k JOIN visible v ON v.attrelid = k.conrelid AND v.attnum = ANY (k.conkey)
    WHERE k.conrelid = c.oid AND k.contype = 'p'), '[]'),
  'indexes', COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', x.relname, 'unique', i.indisunique,
      'columns', (SELECT pg_catalog.json_agg(v.attname ORDER BY pg_catalog.array_position(i.indkey::smallint[], v.attnum))
        FROM visible v WHERE v.attrelid = c.oid AND v.attnum = ANY (i.indkey::smallint[]))) ORDER BY x.relname)
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.unnest(i.indkey::smallint[]) AS n
        WHERE n NOT IN (SELECT v.attnum FROM visible v WHERE v.attrelid = c.oid))), '[]')
)::text
FROM pg_catalog.pg_class c WHERE c.oid IN ({relations}) AND EXISTS (SELECT FROM visible v WHERE v.attrelid = c.oid)"
    )
}

/// Returns the statement for the functions on which the session's login has EXECUTE, one row for each.
pub(crate) fn callable(functions: Vec<CatalogOid>) -> Statement {
    let functions = List(functions);
    stmt!(
        "SELECT p.oid::text FROM pg_catalog.pg_proc p WHERE p.oid IN ({functions}) AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
    )
}
