//! Parts of the catalog's statement that read functions.

use martydb_model::sql::{List, Statement, stmt};

use crate::settings::ExposedFunctions;

/// Returns the expression for the list of [`super::ExposedFunction`], a JSON value. It stands where the common table
/// expression `spaces` has the exposed schemas, and `bases` the type below each domain. `unnest` of several arrays has no schema: PostgreSQL's grammar then takes its
/// own (<https://www.postgresql.org/docs/current/queries-table-expressions.html#QUERIES-TABLEFUNCTIONS>).
pub(super) fn functions(exposed: &ExposedFunctions) -> Statement {
    let named = match exposed {
        ExposedFunctions::All => stmt!("true"),
        ExposedFunctions::Listed(names) if names.is_empty() => stmt!("false"),
        ExposedFunctions::Listed(names) => {
            let names = List::literals(names.iter().cloned());
            stmt!("p.proname IN ({names})")
        }
    };
    let kind = unlimited("a.type");
    let column_kind = unlimited("c.type");
    stmt!(
        "(SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', p.oid::bigint, 'schema', s.nspname, 'name', p.proname, 'volatility', p.provolatile, 'as_owner', p.prosecdef, 'returns_set', p.proretset,
      'returned', p.prorettype::bigint, 'is_void', p.prorettype = 'void'::regtype,
      'is_composite', t.typtype = 'c' OR o.list IS NOT NULL,
      'media_type', CASE WHEN r.typbasetype <> 0 AND (r.typname = '*/*' OR r.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$')
        THEN pg_catalog.lower(r.typname) END,
      'returns_bytes', t.oid = 'bytea'::regtype,
      'parameters', COALESCE(i.list, '[]'),
      'row', pg_catalog.json_build_object('oid', COALESCE(rel.oid, 0)::bigint,
        'schema', COALESCE(rn.nspname, s.nspname), 'name', COALESCE(rel.relname, p.proname), 'is_view', false,
        'insertable', false, 'updatable', false, 'deletable', false,
        'columns', COALESCE(o.list, k.list, '[]')))
      ORDER BY s.nspname, p.proname, p.pronargs, p.oid), '[]')
    FROM pg_catalog.pg_proc p JOIN spaces s ON s.oid = p.pronamespace
      JOIN pg_catalog.pg_type r ON r.oid = p.prorettype
      JOIN bases ON bases.oid = r.oid JOIN pg_catalog.pg_type t ON t.oid = bases.base
      LEFT JOIN pg_catalog.pg_class rel ON rel.oid = t.typrelid AND rel.relkind IN ('r', 'v', 'm', 'f', 'p')
      LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = rel.relnamespace
      CROSS JOIN LATERAL (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', COALESCE(a.name, ''), 'type', {kind}, 'type_oid', a.type::bigint,
            'required', a.place <= p.pronargs - p.pronargdefaults, 'variadic', a.mode IS NOT DISTINCT FROM 'v')
            ORDER BY a.place) AS list,
          pg_catalog.count(*) FILTER (WHERE COALESCE(a.name, '') = '') AS unnamed, pg_catalog.count(*) AS number,
          pg_catalog.bool_and(a.type IN ('json'::regtype, 'jsonb'::regtype, 'text'::regtype, 'xml'::regtype, 'bytea'::regtype)) AS whole
        FROM (SELECT u.type, u.mode, u.name, pg_catalog.row_number() OVER (ORDER BY u.place) AS place
          FROM unnest(COALESCE(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes, p.proargnames)
            WITH ORDINALITY AS u (type, mode, name, place)
          WHERE u.mode IS NULL OR u.mode IN ('i', 'b', 'v')) AS a) AS i
      CROSS JOIN LATERAL (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('number', c.place, 'name', c.name,
            'type', {column_kind}, 'type_oid', c.type::bigint, 'base', b.typname, 'builtin', b.typnamespace = 'pg_catalog'::regnamespace AND b.typtype <> 'e')
            ORDER BY c.place) AS list
        FROM unnest(p.proallargtypes, p.proargmodes, p.proargnames) WITH ORDINALITY AS c (type, mode, name, place)
          JOIN bases y ON y.oid = c.type JOIN pg_catalog.pg_type b ON b.oid = y.base
        WHERE c.mode IN ('o', 'b', 't')) AS o
      CROSS JOIN LATERAL (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('number', c.place, 'name', c.name,
            'type', {column_kind}, 'type_oid', c.type::bigint, 'base', b.typname, 'builtin', b.typnamespace = 'pg_catalog'::regnamespace AND b.typtype <> 'e')
            ORDER BY c.place) AS list
        FROM (SELECT attnum AS place, attname AS name, atttypid AS type FROM pg_catalog.pg_attribute
            WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped) AS c
          JOIN bases y ON y.oid = c.type JOIN pg_catalog.pg_type b ON b.oid = y.base) AS k
    WHERE p.prokind = 'f' AND {named} AND t.typname NOT IN ('trigger', 'event_trigger', 'internal')
      AND (i.unnamed = 0 OR i.number = 1 AND i.whole))"
    )
}

/// Returns the expression for the list of [`super::MediaAggregate`], a JSON value.
pub(super) fn media_aggregates() -> Statement {
    stmt!(
        "(SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object('name', pg_catalog.json_build_array(s.nspname, p.proname),
      'relation', CASE WHEN r.oid IS NOT NULL THEN pg_catalog.json_build_array(r.nspname, r.relname) END,
      'media_type', pg_catalog.lower(t.typname), 'returns_bytes', b.base = 'bytea'::regtype) ORDER BY p.oid), '[]')
    FROM pg_catalog.pg_proc p JOIN spaces s ON s.oid = p.pronamespace
      JOIN pg_catalog.pg_type t ON t.oid = p.prorettype AND t.typbasetype <> 0
        AND (t.typname = '*/*' OR t.typname ~ '^[A-Za-z0-9.-]+/[A-Za-z0-9.+-]+$')
      JOIN bases b ON b.oid = t.oid
      JOIN pg_catalog.pg_type a ON a.oid = p.proargtypes[0] LEFT JOIN relations r ON r.oid = a.typrelid
    WHERE p.prokind = 'a' AND p.pronargs = 1 AND (r.oid IS NOT NULL OR a.oid = 'anyelement'::regtype))"
    )
}

/// Returns the expression of a type's name without a length, so that a value of any length is accepted and then checked.
fn unlimited(expression: &'static str) -> Statement {
    let kind = martydb_model::sql::Keyword(expression);
    stmt!(
        "CASE {kind} WHEN 'bit'::regtype THEN 'bit varying' WHEN 'bit[]'::regtype THEN 'bit varying[]'
            WHEN 'bpchar'::regtype THEN 'character varying' WHEN 'bpchar[]'::regtype THEN 'character varying[]'
            ELSE pg_catalog.format_type({kind}, NULL) END"
    )
}
