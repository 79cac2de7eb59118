//! Types that a cast may name: a list of PostgreSQL's own that show nothing but their value, and what is made of them.

use std::collections::BTreeMap;

use martydb_model::sql::{List, Statement, stmt};

/// A type to which a request may cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CastType {
    /// Name in SQL, as the server quotes it.
    pub name: String,
    /// `true` if a cast to it runs nothing but PostgreSQL's own code.
    pub(crate) is_harmless: bool,
}

/// PostgreSQL's types whose values say nothing of the catalogs. Those of `reg…` show, and look for, names of objects that the
/// login may not see (<https://www.postgresql.org/docs/current/datatype-oid.html>), and so do `aclitem` and the types of the planner.
const OWN: [&str; 55] = [
    "bit", "bool", "box", "bpchar", "bytea", "char", "cidr", "circle", "date", "datemultirange", "daterange",
    "float4", "float8", "inet", "int2", "int4", "int4multirange", "int4range", "int8", "int8multirange",
    "int8range", "interval", "json", "jsonb", "jsonpath", "line", "lseg", "macaddr", "macaddr8", "money",
    "name", "numeric", "nummultirange", "numrange", "oid", "path", "pg_lsn", "point", "polygon", "text",
    "tid", "time", "timestamp", "timestamptz", "timetz", "tsmultirange", "tsquery", "tsrange",
    "tstzmultirange", "tstzrange", "tsvector", "uuid", "varbit", "varchar", "xml",
];

/// Names of types that the grammar of SQL has beside those in `pg_type`
/// (<https://www.postgresql.org/docs/current/datatype.html>, table 8.1).
const TYPE_ALIASES: &[(&str, &str)] = &[
    ("bigint", "bigint"),
    ("boolean", "boolean"),
    ("char", "char"),
    ("character", "character"),
    ("character varying", "character varying"),
    ("decimal", "numeric"),
    ("double precision", "double precision"),
    ("float", "double precision"),
    ("int", "integer"),
    ("integer", "integer"),
    ("real", "real"),
    ("smallint", "smallint"),
    ("time with time zone", "time with time zone"),
    ("time without time zone", "time without time zone"),
    ("timestamp with time zone", "timestamp with time zone"),
    ("timestamp without time zone", "timestamp without time zone"),
    ("varchar", "character varying"),
];

/// Returns the types by their names.
pub(super) fn by_name(raw: Vec<(String, String, bool)>) -> BTreeMap<String, CastType> {
    let aliases = TYPE_ALIASES.iter().map(|(alias, name)| ((*alias).to_owned(), (*name).to_owned(), true));
    let all = raw.into_iter().chain(aliases);
    all.map(|(alias, name, is_harmless)| (alias, CastType { name, is_harmless })).collect()
}

/// Returns common table expressions behind `spaces`: `allowed_types`, the listed ones, enumerations and base types of the exposed schemas,
/// and arrays, domains, ranges and multiranges of allowed ones; and `harmless_types`, which are PostgreSQL's own, enumerations, and
/// arrays of such. A multirange depends on its range; no column of PostgreSQL 13 has it
/// (<https://www.postgresql.org/docs/current/catalog-pg-type.html>).
pub(super) fn types() -> Statement {
    let own = List::literals(OWN.iter().map(|name| (*name).to_owned()));
    stmt!(
        ", made_types AS (
  SELECT t.typelem AS source, t.oid AS target, true AS is_array FROM pg_catalog.pg_type t WHERE t.typelem <> 0 AND t.typcategory = 'A'
  UNION ALL SELECT t.typbasetype, t.oid, false FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
  UNION ALL SELECT r.rngsubtype, r.rngtypid, false FROM pg_catalog.pg_range r
  UNION ALL SELECT d.refobjid, d.objid, false FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_type t ON t.oid = d.objid
    WHERE t.typtype = 'm' AND d.classid = 'pg_type'::regclass AND d.refclassid = 'pg_type'::regclass
), own_types AS (
  SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typname IN ({own})
), allowed_types AS (
  SELECT o.oid FROM own_types o
  UNION SELECT t.oid FROM pg_catalog.pg_type t
    WHERE t.typnamespace IN (SELECT s.oid FROM spaces s) AND (t.typtype = 'e' OR t.typtype = 'b' AND t.typcategory <> 'A')
  UNION SELECT m.target FROM allowed_types a JOIN made_types m ON m.source = a.oid
), harmless_types AS (
  SELECT o.oid FROM own_types o
  UNION SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typtype = 'e'
  UNION SELECT m.target FROM harmless_types h JOIN made_types m ON m.source = h.oid AND m.is_array
)"
    )
}
