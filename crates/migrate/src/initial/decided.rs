//! Removal of the parts of a database that no migration decides: they are no difference to the files.

use martydb_model::{RoleName, SchemaName};

use crate::history::Catalog;

/// Returns a catalog without large objects, which are rows; without default privileges of other roles than the owner, because
/// no migration runs as them; without the owners of publications, which `apply` decides; and without the schema `public` if the
/// manifest does not declare it.
#[must_use]
pub fn without_decided(mut catalog: Catalog, owner: &RoleName, schemas: &[SchemaName]) -> Catalog {
    let of_owner = format!("{owner} ");
    let has_public = schemas.contains(&SchemaName::public());
    catalog.0.retain(|(kind, name), _| match kind.as_str() {
        "default privileges" => name.starts_with(&of_owner),
        "owner" | "comment" => {
            let of = |kind: &str| name.starts_with(kind);
            !(of("large object ")
                || kind == "owner" && (of("publication ") || of("default acl "))
                || name == "schema public" && !has_public)
        }
        "schema" => name != "public" || has_public,
        _ => true,
    });
    catalog
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_migration_decides_is_left() {
        let rows = [
            ("default privileges", "shop_owner f", true),
            ("default privileges", "former f", false),
            ("owner", "default acl for role former on functions", false),
            ("owner", "large object ", false),
            ("comment", "large object 16400", false),
            ("owner", "publication all", false),
            ("comment", "publication all", true),
            ("publication", "all", true),
            ("owner", "schema public", false),
            ("comment", "schema public", false),
            ("schema", "public", false),
            ("owner", "table public.t", true),
            ("table", "public.t", true),
        ];
        let key = |row: &(&str, &str, bool)| (row.0.to_owned(), row.1.to_owned());
        let all = Catalog(rows.iter().map(|row| (key(row), String::new())).collect());
        let owner = RoleName::found("shop_owner").unwrap();
        let left = |schemas: &[SchemaName]| -> Vec<_> {
            without_decided(all.clone(), &owner, schemas).0.into_keys().collect()
        };
        let mut expected: Vec<_> = rows.iter().filter(|row| row.2).map(key).collect();
        expected.sort();
        assert_eq!(left(&[]), expected);
        assert_eq!(left(&[SchemaName::public()]).len(), expected.len() + 3);
    }
}
