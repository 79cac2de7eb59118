//! Code of the service that reading or writing a relation may run beside what the request names.

use martydb_model::sql::{List, Statement, stmt};

/// PostgreSQL's own functions in defaults and checks that are not immutable, and neither run SQL nor change the session beside
/// values of sequences (<https://www.postgresql.org/docs/current/functions.html>). Others, such as `set_config`, are code.
const HARMLESS: [&str; 24] = [
    "nextval", "random", "gen_random_uuid", "uuidv4", "uuidv7", "now", "transaction_timestamp",
    "statement_timestamp", "clock_timestamp", "timeofday", "timezone", "date_trunc", "date_part", "extract",
    "to_char", "to_timestamp", "to_date", "date", "age", "concat", "concat_ws", "format", "to_json",
    "to_jsonb",
];

/// Returns common table expressions behind `relations` and `spaces`: `families`, each relation with its partitions and children;
/// `written`, each with the tables that a write to it changes, by foreign keys too; `touched`, those and the tables at which its
/// foreign keys look; `with_code`, tables that themselves, or whose indexes, constraints, defaults or statistics, depend on anything
/// that initdb did not make (<https://www.postgresql.org/docs/current/catalog-pg-depend.html>: of initdb's own objects it has
/// no rows), but for what is no code: relations, schemas, constraints, extensions, enumerations and arrays of these; `acting`, tables with triggers, rules, or functions of PostgreSQL's that act; and `overloads`, one row that is true where
/// a statement may find the service's objects in place of PostgreSQL's.
pub(super) fn code_beside() -> Statement {
    let harmless = List::literals(HARMLESS.iter().map(|name| (*name).to_owned()));
    stmt!(
        ", families AS (
  SELECT r.oid, r.oid AS member FROM relations r
  UNION SELECT f.oid, h.inhrelid FROM families f JOIN pg_catalog.pg_inherits h ON h.inhparent = f.member
), foreign_keys AS (
  SELECT k.conrelid, k.confrelid, k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd') AS acts
  FROM pg_catalog.pg_constraint k WHERE k.contype = 'f'
), written AS (
  SELECT r.oid, r.oid AS member FROM relations r
  UNION SELECT w.oid, s.target FROM written w JOIN (
    SELECT h.inhparent AS source, h.inhrelid AS target FROM pg_catalog.pg_inherits h
    UNION ALL SELECT k.confrelid, k.conrelid FROM foreign_keys k WHERE k.acts) s ON s.source = w.member
), touched AS (
  SELECT w.oid, w.member, true AS is_written FROM written w
  UNION SELECT t.oid, s.target, false FROM touched t JOIN (
    SELECT h.inhparent AS source, h.inhrelid AS target, true AS always FROM pg_catalog.pg_inherits h
    UNION ALL SELECT k.confrelid, k.conrelid, false FROM foreign_keys k
    UNION ALL SELECT k.conrelid, k.confrelid, false FROM foreign_keys k) s ON s.source = t.member AND (s.always OR t.is_written)
), parts AS (
  SELECT t.member, 'pg_class'::regclass AS class, t.member AS part FROM touched t
  UNION SELECT i.indrelid, 'pg_class'::regclass, i.indexrelid FROM pg_catalog.pg_index i
  UNION SELECT d.adrelid, 'pg_attrdef'::regclass, d.oid FROM pg_catalog.pg_attrdef d
  UNION SELECT k.conrelid, 'pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint k
  UNION SELECT s.stxrelid, 'pg_statistic_ext'::regclass, s.oid FROM pg_catalog.pg_statistic_ext s
), with_code AS (
  SELECT p.member AS oid FROM parts p JOIN pg_catalog.pg_depend d ON d.classid = p.class AND d.objid = p.part
    LEFT JOIN pg_catalog.pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  WHERE d.refobjid >= 16384 AND COALESCE(e.typtype, t.typtype) IS DISTINCT FROM 'e'
    AND d.refclassid NOT IN ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_constraint'::regclass, 'pg_extension'::regclass)
  UNION SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relrowsecurity OR c.relkind IN ('f', 'v')
), expressions AS (
  SELECT d.adrelid AS oid, d.adbin::text AS tree FROM pg_catalog.pg_attrdef d
  UNION ALL SELECT k.conrelid, k.conbin::text FROM pg_catalog.pg_constraint k WHERE k.contype = 'c'
), acting AS (
  SELECT t.tgrelid AS oid FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal
  UNION SELECT w.ev_class FROM pg_catalog.pg_rewrite w
  UNION SELECT e.oid FROM expressions e CROSS JOIN LATERAL pg_catalog.regexp_matches(e.tree, ':(?:op)?funcid ([0-9]+)', 'g') AS f(id)
    LEFT JOIN pg_catalog.pg_proc p ON p.oid = f.id[1]::oid
    WHERE p.provolatile IS DISTINCT FROM 'i' AND (p.proname IS NULL OR p.proname NOT IN ({harmless}))
), path AS (
  SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (pg_catalog.current_schemas(false))
), overloads AS (
  SELECT EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE o.oid >= 16384 AND o.oprnamespace IN (SELECT oid FROM path))
    OR EXISTS (SELECT FROM pg_catalog.pg_cast c WHERE c.castfunc >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_proc b ON b.proname = p.proname
      WHERE p.pronamespace IN (SELECT oid FROM path) AND b.pronamespace = 'pg_catalog'::regnamespace) AS here)"
    )
}
