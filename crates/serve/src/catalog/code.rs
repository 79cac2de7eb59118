//! Code of the service that reading a relation may run beside what the request names.

use martydb_model::sql::{Statement, stmt};

/// Returns common table expressions behind `relations`: `families`, each relation with its partitions and children;
/// `with_code`, tables whose indexes, constraints, defaults or statistics depend on a function, an operator or a type that initdb
/// did not make (<https://www.postgresql.org/docs/current/catalog-pg-depend.html>: of initdb's own objects it has no rows); and
/// `overloads`, one row that is true where a statement may find the service's objects in place of PostgreSQL's.
pub fn code_beside() -> Statement {
    stmt!(
        ", families AS (
  SELECT r.oid, r.oid AS member FROM relations r
  UNION SELECT f.oid, h.inhrelid FROM families f JOIN pg_catalog.pg_inherits h ON h.inhparent = f.member
), parts AS (
  SELECT f.member, 'pg_class'::regclass AS class, f.member AS part FROM families f
  UNION SELECT i.indrelid, 'pg_class'::regclass, i.indexrelid FROM pg_catalog.pg_index i
  UNION SELECT d.adrelid, 'pg_attrdef'::regclass, d.oid FROM pg_catalog.pg_attrdef d
  UNION SELECT k.conrelid, 'pg_constraint'::regclass, k.oid FROM pg_catalog.pg_constraint k
  UNION SELECT s.stxrelid, 'pg_statistic_ext'::regclass, s.oid FROM pg_catalog.pg_statistic_ext s
), with_code AS (
  SELECT p.member AS oid FROM parts p JOIN pg_catalog.pg_depend d ON d.classid = p.class AND d.objid = p.part
    LEFT JOIN pg_catalog.pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
  WHERE d.refobjid >= 16384 AND t.typtype IS DISTINCT FROM 'e'
    AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_type'::regclass)
  UNION SELECT c.oid FROM families f JOIN pg_catalog.pg_class c ON c.oid = f.member WHERE c.relrowsecurity OR c.relkind IN ('f', 'v')
), path AS (
  SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (pg_catalog.current_schemas(false))
), overloads AS (
  SELECT EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE o.oid >= 16384 AND o.oprnamespace IN (SELECT oid FROM path))
    OR EXISTS (SELECT FROM pg_catalog.pg_cast c WHERE c.castfunc >= 16384)
    OR EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_proc b ON b.proname = p.proname
      WHERE p.pronamespace IN (SELECT oid FROM path) AND b.pronamespace = 'pg_catalog'::regnamespace) AS here)"
    )
}
