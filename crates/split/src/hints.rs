//! Evidence of services' tables in the manifest and in their migrations.

use std::collections::BTreeMap;

use super::proposal::ServiceHints;
use martydb_manifest::Manifest;
use martydb_migrate::files::{ScriptItem, StatementHead, bare, folder, is_word, walk};
use martydb_model::{DesiredService, SchemaName};

/// Returns the evidence of every service. An unreadable folder contributes none.
pub fn service_hints(manifest: &Manifest) -> Vec<ServiceHints> {
    manifest.services.values().map(|service| signs(manifest, service)).collect()
}

fn signs(manifest: &Manifest, service: &DesiredService) -> ServiceHints {
    let mut makes = BTreeMap::new();
    for migration in folder::load(&service.migrations).all() {
        let file = migration.up.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for table in tables_made(&migration.up.text) {
            makes.entry(table).or_insert_with(|| file.clone());
        }
    }
    let database = service.database.as_str();
    let project = format!("{}_", manifest.project.replace('-', "_"));
    let schemas = service.schemas.iter().map(SchemaName::as_str).filter(|schema| *schema != "public");
    ServiceHints {
        service: service.name.clone(),
        database: database.strip_prefix(&project).unwrap_or(database).to_owned(),
        schemas: schemas.map(str::to_owned).collect(),
        makes,
    }
}

fn tables_made(sql: &str) -> Vec<String> {
    let mut all = vec![];
    walk(sql, |item| {
        if let ScriptItem::Statement(seen) = item {
            all.extend(table_made(&seen));
        }
    });
    all
}

/// Returns the bare name of the table of a `CREATE TABLE`.
fn table_made(seen: &StatementHead) -> Option<String> {
    let made =
        [&["create", "table"][..], &["create", "unlogged", "table"]].iter().any(|words| seen.begins(words));
    let rest = seen.text.get(after_table(seen)?..)?;
    let words = martydb_migrate::files::tokens(rest);
    // The last part of a qualified name.
    let name = words.iter().skip_while(|word| is_filler(&rest[word.start..word.end]));
    let mut last = None;
    for token in name {
        match &rest[token.start..token.end] {
            "." => {}
            text if last.is_none() || rest[..token.start].ends_with('.') => last = Some(text),
            _ => break,
        }
    }
    last.filter(|_| made).map(bare)
}

fn is_filler(word: &str) -> bool {
    ["if", "not", "exists"].iter().any(|filler| is_word(word, filler))
}

/// Returns the end of the word TABLE.
fn after_table(seen: &StatementHead) -> Option<usize> {
    let tokens = martydb_migrate::files::tokens(seen.text);
    let found = tokens.iter().find(|token| is_word(&seen.text[token.start..token.end], "table"))?;
    Some(found.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_a_script_are_found() {
        let sql = "CREATE TABLE a (id int); create table if not exists S.\"B\" (id int);\n\
                   CREATE UNLOGGED TABLE public.c(id int); ALTER TABLE d ADD e int; CREATE INDEX i ON f (g);\n\
                   CREATE TABLE h PARTITION OF a FOR VALUES IN (1)";
        assert_eq!(tables_made(sql), ["a", "B", "c", "h"]);
    }
}
