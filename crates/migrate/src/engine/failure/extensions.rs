//! Extensions by the names they provide: the types, operator classes, access methods and functions that
//! migrations use most, from the extensions' own scripts
//! (<https://www.postgresql.org/docs/current/contrib.html>, <https://postgis.net/docs/reference.html>,
//! <https://github.com/pgvector/pgvector>).

use martydb_model::sqlstate;

/// An extension, and names that only it provides; a final `*` matches every name with that prefix.
struct Provider {
    extension: &'static str,
    /// Types, operator classes, access methods, foreign-data wrappers.
    objects: &'static [&'static str],
    functions: &'static [&'static str],
    relations: &'static [&'static str],
}

const fn provider(
    extension: &'static str,
    objects: &'static [&'static str],
    functions: &'static [&'static str],
    relations: &'static [&'static str],
) -> Provider {
    Provider { extension, objects, functions, relations }
}

const PROVIDERS: &[Provider] = &[
    provider("citext", &["citext"], &["citext"], &[]),
    provider("hstore", &["hstore", "gin_hstore_ops", "gist_hstore_ops"], &["hstore", "hstore_to_json*"], &[]),
    provider(
        "pg_trgm",
        &["gin_trgm_ops", "gist_trgm_ops"],
        &["similarity", "word_similarity", "show_trgm"],
        &[],
    ),
    provider("uuid-ossp", &[], &["uuid_generate_v*", "uuid_nil", "uuid_ns_*"], &[]),
    provider(
        "pgcrypto",
        &[],
        &["gen_salt", "crypt", "digest", "hmac", "gen_random_bytes", "pgp_*", "gen_random_uuid"],
        &[],
    ),
    provider("postgis", &["geometry", "geography", "box2d", "box3d"], &["st_*"], &["spatial_ref_sys"]),
    provider(
        "vector",
        &["vector", "halfvec", "sparsevec", "hnsw", "ivfflat", "vector_*", "halfvec_*", "sparsevec_*"],
        &[],
        &[],
    ),
    provider("ltree", &["ltree", "lquery", "ltxtquery", "gist_ltree_ops"], &["text2ltree", "nlevel"], &[]),
    provider("intarray", &["gin__int_ops", "gist__int_ops", "gist__intbig_ops", "query_int"], &[], &[]),
    provider("unaccent", &["unaccent"], &["unaccent"], &[]),
    provider("fuzzystrmatch", &[], &["levenshtein*", "soundex", "metaphone", "dmetaphone*"], &[]),
    provider("tablefunc", &[], &["crosstab*", "connectby", "normal_rand"], &[]),
    provider("cube", &["cube", "gist_cube_ops"], &["cube", "cube_*"], &[]),
    provider("earthdistance", &["earth"], &["ll_to_earth", "earth_distance", "earth_box"], &[]),
    provider("isn", &["isbn", "isbn13", "issn", "issn13", "ean13", "ismn"], &[], &[]),
    provider("postgres_fdw", &["postgres_fdw"], &[], &[]),
    provider("file_fdw", &["file_fdw"], &[], &[]),
    provider("dblink", &[], &["dblink", "dblink_*"], &[]),
    provider("pg_stat_statements", &[], &["pg_stat_statements*"], &["pg_stat_statements"]),
    provider("timescaledb", &[], &["create_hypertable", "time_bucket", "add_retention_policy"], &[]),
];

/// Returns the extension that provides a name, unqualified and in lower case, of the kind that the SQLSTATE is about.
pub(crate) fn extension_for(name: &str, state: &str) -> Option<&'static str> {
    let provides = |row: &&Provider| {
        let names = match state {
            sqlstate::UNDEFINED_OBJECT => row.objects,
            sqlstate::UNDEFINED_FUNCTION => row.functions,
            sqlstate::UNDEFINED_TABLE => row.relations,
            _ => &[],
        };
        contains(names, name)
    };
    PROVIDERS.iter().find(provides).map(|row| row.extension)
}

/// The same for a name of any kind.
pub(crate) fn extension_for_any(name: &str) -> Option<&'static str> {
    let provides = |row: &&Provider| {
        [row.objects, row.functions, row.relations].into_iter().any(|names| contains(names, name))
    };
    PROVIDERS.iter().find(provides).map(|row| row.extension)
}

fn contains(names: &[&str], name: &str) -> bool {
    names.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_extension_and_others_to_none() {
        let (object, function, table) =
            (sqlstate::UNDEFINED_OBJECT, sqlstate::UNDEFINED_FUNCTION, sqlstate::UNDEFINED_TABLE);
        for (name, state, extension) in [
            ("citext", object, Some("citext")),
            ("uuid_generate_v4", function, Some("uuid-ossp")),
            ("st_makepoint", function, Some("postgis")),
            ("st_orders", table, None),
            ("vector_cosine_ops", object, Some("vector")),
            ("vector", table, None),
            ("status", object, None),
        ] {
            assert_eq!(extension_for(name, state), extension, "{name}");
        }
    }
}
