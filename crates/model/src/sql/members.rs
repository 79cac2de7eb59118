//! The one answer to "does this object belong to an extension?".

use super::statement::Statement;

/// Puts the query `member` in front of further queries of a `WITH`: objects of extensions as `classid`, `objid` and `extension`, with
/// the age of their membership in transactions (`since`). `is_part` is set for what only follows a member.
///
/// A member has a dependency of type `e`. What the server makes for it depends on it internally (`i`): arrays, row types, the
/// relation of a composite type, TOAST tables, sequences of identity columns, constructors of ranges; or is removed with its table
/// (`a`): indexes, constraints, defaults, triggers, rules, policies, statistics. `pg_dump` leaves both to the extension. An operator
/// class in an extension's family, or a partition of its table, is a user's: <https://www.postgresql.org/docs/current/catalog-pg-depend.html>.
#[macro_export]
macro_rules! with_members {
    ($($text:tt)*) => {
        concat!(
            "WITH RECURSIVE member AS (
  SELECT d.classid, d.objid, d.refobjid AS extension, pg_catalog.age(d.xmin) AS since, false AS is_part FROM pg_catalog.pg_depend d
  WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  UNION
  SELECT d.classid, d.objid, m.extension, m.since, true
  FROM member m JOIN pg_catalog.pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid
  WHERE d.deptype = 'i' OR d.deptype = 'a' AND (d.classid IN ('pg_catalog.pg_attrdef'::pg_catalog.regclass,
      'pg_catalog.pg_constraint'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass,
      'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
      'pg_catalog.pg_statistic_ext'::pg_catalog.regclass)
    OR d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indexrelid = d.objid)))",
            $($text)*
        )
    };
}

/// The query `member` of [`with_members!`](crate::with_members), with its `WITH`.
pub fn with_members() -> Statement {
    Statement::from_program(with_members!(""))
}
