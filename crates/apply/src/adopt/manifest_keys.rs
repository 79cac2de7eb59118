//! Keys of the service: its schemas, its extensions, and the settings of its sessions.

use std::collections::{BTreeMap, BTreeSet};

use super::holders::ScanContext;
use martydb_migrate::check::other_tools;
use martydb_model::contract::HISTORY_SCHEMA;
use martydb_model::sql::split_name_list;
use martydb_model::{
    ActualServer, Contents, DbName, DesiredExtension, DesiredService, SERVE_SCHEMA, SchemaName, is_cut,
    refused_setting,
};
use martydb_plan::same_setting;

/// Settings that martydb manages itself (docs/role-model.md).
const RESERVED: [&str; 2] = ["search_path", "role"];

/// Keys that the manifest lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceKeys {
    /// All schemas; `None` if the manifest declares them.
    pub schemas: Option<Vec<String>>,
    /// All extensions; `None` if the manifest declares them.
    pub extensions: Option<Vec<DesiredExtension>>,
    /// Settings of its logins that differ.
    pub settings: BTreeMap<String, String>,
    /// Settings of its database that differ.
    pub database_settings: BTreeMap<String, String>,
    /// Connection limit of its database, if the manifest does not declare one.
    pub connection_limit: Option<i32>,
    pub notes: Vec<String>,
}

/// Returns the keys that the manifest lacks. `declared` are its schemas, if it has the key.
pub fn declare(scene: &ScanContext<'_>, declared: Option<&[String]>) -> ServiceKeys {
    let ScanContext { service, actual, contents, .. } = *scene;
    let mut keys = ServiceKeys::default();
    // All schemas count here: they decide which old owners' settings and search path are used.
    let all = DesiredService { schemas: contents.schemas.keys().cloned().collect(), ..service.clone() };
    let scene = &ScanContext { service: &all, ..*scene };
    let path = search_path(scene);
    let schemas = schemas(contents, declared.unwrap_or_default(), &path, &mut keys.notes);
    let present: Vec<&str> = service.search_path.iter().map(SchemaName::as_str).collect();
    keys.schemas = (schemas != present).then_some(schemas);
    let missing =
        contents.extensions.iter().filter(|(name, _)| *name != "plpgsql" && !service.installs(name));
    let missing: Vec<DesiredExtension> =
        missing.map(|(name, schema)| extension(contents, name, schema)).collect();
    if !missing.is_empty() {
        keys.extensions = Some(service.extensions.iter().cloned().chain(missing).collect());
    }
    settings(scene, &mut keys);
    let owned_by_root = owned_by_superusers(actual, contents);
    if !owned_by_root.is_empty() {
        let names = owned_by_root.join(", ");
        keys.notes
            .push(format!("schema {names} belongs to a superuser: `apply` gives it to the service's owner"));
    }
    keys
}

/// Returns the entry of an installed extension: with its schema if that holds nothing else.
fn extension(contents: &Contents, name: &str, schema: &str) -> DesiredExtension {
    let schema = SchemaName::new(schema).ok().filter(|_| is_of_extensions(contents, schema));
    DesiredExtension { name: name.to_owned(), schema }
}

/// Returns `true` for a schema with extensions and no object of the service. One that an extension made is not listed.
fn is_of_extensions(contents: &Contents, schema: &str) -> bool {
    schema != "public"
        && contents.schemas.keys().any(|name| name.as_str() == schema)
        && contents.extensions.iter().any(|(name, of)| of == schema && name != "plpgsql")
        && !contents.objects.iter().any(|found| found.schema.as_str() == schema)
}

/// Returns the search path of the application's sessions: its login's in this database, its login's everywhere, the
/// database's, or PostgreSQL's default. A login finds its own name in place of `"$user"`.
fn search_path(scene: &ScanContext<'_>) -> Vec<String> {
    let found = of_owners(scene)
        .remove("search_path")
        .or_else(|| of_owners_in(scene, None).remove("search_path"))
        .or_else(|| of_database(scene).remove("search_path"));
    let path = split_name_list(found.as_deref().unwrap_or("\"$user\", public"));
    let owners = scene.old_owners();
    path.into_iter()
        .flat_map(|name| match name.as_str() {
            "$user" => owners.iter().map(ToString::to_string).collect(),
            _ => vec![name],
        })
        .collect()
}

/// Returns settings of the old owners that apply only in this database (`ALTER ROLE … IN DATABASE … SET`).
fn of_owners(scene: &ScanContext<'_>) -> BTreeMap<String, String> {
    of_owners_in(scene, Some(&scene.service.database))
}

/// Returns settings of the old owners in one database, or those for every database.
fn of_owners_in(scene: &ScanContext<'_>, database: Option<&DbName>) -> BTreeMap<String, String> {
    let owners = scene.old_owners();
    let settings = owners.iter().filter_map(|owner| scene.actual.role_settings.get(owner)).flatten();
    let here = settings.filter(|setting| setting.database.as_ref() == database);
    here.map(|setting| (setting.name.clone(), setting.value.clone())).collect()
}

fn of_database(scene: &ScanContext<'_>) -> BTreeMap<String, String> {
    let found = scene.actual.databases.get(&scene.service.database);
    found.map(|found| found.settings.iter().cloned().collect()).unwrap_or_default()
}

/// Returns every schema that does not belong to an extension, the server or another tool. Declaring all matters:
/// objects of an undeclared schema cannot be part of an initial migration. The schemas of the manifest come first,
/// then those of the search path.
pub(crate) fn schemas(
    contents: &Contents,
    declared: &[String],
    path: &[String],
    notes: &mut Vec<String>,
) -> Vec<String> {
    let found: BTreeSet<&str> = contents.schemas.keys().map(SchemaName::as_str).collect();
    let mut all: Vec<String> = declared.to_vec();
    let in_path = path.iter().map(String::as_str).filter(|name| found.contains(name));
    // The first schema of most databases.
    let public = found.contains("public").then_some("public");
    for name in in_path.chain(public).chain(found.iter().copied()) {
        let is_known = all.iter().any(|known| known == name);
        let is_aside = is_of_extensions(contents, name) && !path.iter().any(|on_path| on_path == name);
        if is_known || is_own(name) || is_of_tool(contents, name) || is_aside {
            continue;
        }
        match SchemaName::new(name) {
            Ok(_) => all.push(name.to_owned()),
            Err(error) => notes.push(format!("schema {name:?} cannot be declared: it {error}")),
        }
    }
    if all.len() > 1 && is_empty(contents, "public") && !declared.iter().any(|name| name == "public") {
        all.retain(|name| name != "public");
    }
    all
}

/// Returns `true` for the schemas that martydb makes.
fn is_own(schema: &str) -> bool {
    [HISTORY_SCHEMA, SERVE_SCHEMA].contains(&schema)
}

/// Returns `true` if the schema has neither an object nor an extension.
fn is_empty(contents: &Contents, schema: &str) -> bool {
    !contents.objects.iter().any(|found| found.schema.as_str() == schema)
        && !contents.extensions.iter().any(|(name, of)| of == schema && name != "plpgsql")
}

/// Returns `true` if the schema contains only the history of a migration tool.
fn is_of_tool(contents: &Contents, schema: &str) -> bool {
    let inside = contents.objects.iter().filter(|found| found.schema.as_str() == schema);
    let tables: BTreeSet<&str> =
        inside.map(|found| found.of_table.as_deref().unwrap_or(&found.name)).collect();
    schema != "public" && !tables.is_empty() && other_tools::histories(&tables) == tables
}

fn owned_by_superusers<'a>(actual: &ActualServer, contents: &'a Contents) -> Vec<&'a str> {
    let is_root = |found: &&martydb_model::ActualSchema| {
        actual.roles.get(&found.owner).is_some_and(|role| role.superuser)
    };
    let mut all: Vec<&str> = contents
        .schemas
        .iter()
        .filter(|(name, found)| name.as_str() != "public" && is_root(found))
        .map(|(name, _)| name.as_str())
        .collect();
    all.retain(|name| !is_own(name) && !is_of_tool(contents, name));
    all
}

/// Collects settings. The database keeps its own. The old owners' settings in this database become the service's. A
/// setting of the database also becomes the service's if the service's logins would override it.
fn settings(scene: &ScanContext<'_>, keys: &mut ServiceKeys) {
    let DesiredService { settings: own, parameters, .. } = scene.service;
    for (name, value) in of_database(scene) {
        let declared = parameters.settings.get(&name);
        if declared.is_some_and(|declared| same_setting(&name, declared, &value)) {
            continue;
        }
        // The logins that use the database keep these: the plan names each.
        if RESERVED.contains(&name.as_str()) {
            continue;
        }
        let why = if is_cut(&value) { Some("it is too long") } else { refused_setting(&name, &value) };
        if let Some(why) = why {
            keys.notes.push(format!(
                "{name}: `apply` resets it on the database, and the manifest cannot keep it there: {why}"
            ));
            continue;
        }
        if own.get(&name).is_some_and(|own| !same_setting(&name, own, &value)) {
            keys.settings.insert(name.clone(), value.clone());
        }
        keys.database_settings.insert(name, value);
    }
    for (name, value) in of_owners(scene) {
        let is_same = own.get(&name).is_some_and(|own| same_setting(&name, own, &value));
        if is_cut(&value) {
            keys.notes.push(format!("setting {name} is too long to adopt"));
        } else if !RESERVED.contains(&name.as_str()) && !is_same {
            keys.settings.insert(name, value);
        }
    }
    let limit = scene.actual.databases.get(&scene.service.database).map(|found| found.connection_limit);
    keys.connection_limit = limit.filter(|limit| *limit >= 0 && parameters.connection_limit.is_none());
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::{ActualObject, ActualSchema, ObjectKind, RoleName};

    fn contents(schemas: &[&str], tables: &[(&str, &str)]) -> Contents {
        let owner = RoleName::new("legacy").unwrap();
        let schema = |name: &&str| {
            let found = ActualSchema { owner: owner.clone(), acl: vec![] };
            (SchemaName::found(*name).unwrap(), found)
        };
        let table = |(schema, name): &(&str, &str)| ActualObject {
            is_plain: false,
            policies_spare_owner: false,
            kind: ObjectKind::Table,
            schema: SchemaName::new(*schema).unwrap(),
            name: (*name).into(),
            signature: None,
            owner: owner.clone(),
            security_definer: false,
            dependent: false,
            of_table: None,
            acl: vec![],
            column_acl: vec![],
        };
        Contents {
            schemas: schemas.iter().map(schema).collect(),
            objects: tables.iter().map(table).collect(),
            ..Contents::default()
        }
    }

    #[test]
    fn schemas_are_the_applications_in_the_order_of_its_sessions() {
        type Case<'a> =
            (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str], &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            (&["public"], &[], &[], &[], &["public"]),
            (&["app", "public"], &[("app", "t")], &[], &[], &["app"]),
            (&["app", "public"], &[("public", "t")], &[], &[], &["public", "app"]),
            (
                &["app", "public", "z"],
                &[("public", "t")],
                &[],
                &["z", "$user", "public"],
                &["z", "public", "app"],
            ),
            (&["app", "public"], &[("app", "t")], &["public"], &[], &["public", "app"]),
            (&["martydb", "public"], &[("public", "t")], &[], &[], &["public"]),
            (
                &["drizzle", "public"],
                &[("drizzle", "__drizzle_migrations"), ("public", "t")],
                &[],
                &[],
                &["public"],
            ),
            (&["$user", "public"], &[("public", "t")], &[], &[], &["public"]),
            (
                &["app", "public"],
                &[("app", "t"), ("public", "u")],
                &[],
                &["app", "public"],
                &["app", "public"],
            ),
        ];
        for (found, tables, declared, path, expected) in cases {
            let [declared, path] =
                [declared, path].map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
            let mut notes = vec![];
            assert_eq!(
                schemas(&contents(found, tables), &declared, &path, &mut notes),
                *expected,
                "{found:?}"
            );
            assert_eq!(notes.len(), usize::from(found.contains(&"$user")));
        }
    }
}
