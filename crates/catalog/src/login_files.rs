//! Files of the login rules: pg_hba.conf, pg_ident.conf and everything that they name, in the server's own spelling of
//! `include`, `include_if_exists`, `include_dir` and `@list`.
//! <https://www.postgresql.org/docs/current/auth-pg-hba-conf.html>
//!
//! The server's views show the files as they are now. The rules in force are others where the server refused the files at
//! its last reload, or has not read them since they changed.

mod words;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::rows;
use super::snapshot::{ConfigFile, RefusedLine, text_of_hex};
use martydb_model::error::Result;
use martydb_model::sql::{ArrayLiteral, Literal, Statement, stmt};
use martydb_pg::server::Connection;
pub use words::{Lines, QuotedWord, Quoting, quoting};

/// Most files that are followed.
const MOST_FILES: usize = 256;

/// Bytes of a file that are read.
const MOST_BYTES: i64 = 1 << 20;

/// A file or folder that login rules name, as it is on the server's disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct LoginFile {
    path: String,
    #[serde(rename = "bytes", deserialize_with = "text_of_hex")]
    text: String,
    /// `true` if it is longer than what was read of it.
    cut: bool,
    /// `true` if it changed, or its folder if it is missing, after the server last loaded its configuration.
    changed: bool,
    /// Names in it, if it is a folder.
    entries: Option<Vec<String>>,
}

/// Files of the rules, the first one first.
#[derive(Debug, Default)]
pub(crate) struct LoginFiles(Vec<LoginFile>);

impl LoginFiles {
    /// Reads the file of a setting, and the files that it names.
    ///
    /// # Errors
    /// If the admin may not read files of the server, or the server cannot.
    pub(crate) async fn read(connection: &mut Connection, setting: &'static str) -> Result<LoginFiles> {
        let setting = Literal(setting.to_owned());
        let mut found = LoginFiles::default();
        let mut next = stmt!("ARRAY[pg_catalog.current_setting({setting})]");
        loop {
            let files: Vec<LoginFile> = rows::document_of(connection, &statement(&next)).await?;
            let named: BTreeSet<String> = files.iter().flat_map(named_paths).collect();
            found.0.extend(files);
            let unknown: Vec<String> = named.into_iter().filter(|path| !found.has(path)).collect();
            if unknown.is_empty() || found.0.len() >= MOST_FILES {
                return Ok(found);
            }
            let unknown = ArrayLiteral(unknown);
            next = stmt!("{unknown}::text[]");
        }
    }

    fn has(&self, path: &str) -> bool {
        self.0.iter().any(|file| file.path == path)
    }

    /// Returns the texts, for the words of their lines.
    pub(crate) fn texts(&self) -> Vec<ConfigFile> {
        let files = self.0.iter().filter(|file| file.entries.is_none());
        files.map(|file| ConfigFile { path: file.path.clone(), text: file.text.clone() }).collect()
    }

    /// Returns the files that changed after the server loaded its configuration.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|file| file.changed).map(|file| file.path.as_str())
    }

    /// Returns the files that are too long, or too many.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let cut = self.0.iter().filter(|file| file.cut).map(|file| file.path.clone());
        let rest = (self.0.len() >= MOST_FILES).then(|| format!("files after the first {MOST_FILES}"));
        cut.chain(rest).collect()
    }
}

/// Returns the reasons why the rules in force are unknown, each with the statement that makes them known. A reload that the
/// server refused moves `pg_conf_load_time()` too, so that the time alone does not show it.
pub(crate) fn unknown_rules(setting: &str, refused: &[RefusedLine], files: &LoginFiles) -> Vec<String> {
    const RELOAD: &str = "SELECT pg_catalog.pg_reload_conf()";
    let refusal = |line: &RefusedLine| {
        let file = line.file.as_deref().unwrap_or_else(|| files.0.first().map_or(setting, |file| &file.path));
        format!(
            "{file} line {}: {}; the server refuses the file and keeps the rules that it loaded before: correct the line, then {RELOAD}",
            line.line, line.error
        )
    };
    let change = |path| format!("{path} changed after the server loaded its rules: review it, then {RELOAD}");
    let rest = |path| format!("{path} is too long to be searched for the files that it names");
    let changed = files.changed().map(change);
    refused.iter().map(refusal).chain(changed).chain(files.unfinished().into_iter().map(rest)).collect()
}

/// Makes the query for the files of an array. A file that may be missing (`include_if_exists`) has its folder's time.
fn statement(paths: &Statement) -> Statement {
    stmt!(
        "SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('path', f.path, \
         'cut', coalesce(NOT s.isdir AND s.size > {MOST_BYTES}, false), \
         'changed', coalesce(greatest(s.modification, s.change), greatest(d.modification, d.change)) \
         > pg_catalog.pg_conf_load_time(), \
         'bytes', CASE WHEN NOT s.isdir THEN pg_catalog.encode(pg_catalog.pg_read_binary_file(f.path, 0, {MOST_BYTES}, true), 'hex') END, \
         'entries', CASE WHEN s.isdir THEN (SELECT coalesce(pg_catalog.jsonb_agg(l.name), '[]') \
         FROM pg_catalog.pg_ls_dir(f.path, true, false) l (name)) END) ORDER BY f.at), '[]')::text \
         FROM pg_catalog.unnest({paths}) WITH ORDINALITY f (path, at) \
         LEFT JOIN LATERAL pg_catalog.pg_stat_file(f.path, true) s ON true \
         LEFT JOIN LATERAL pg_catalog.pg_stat_file(pg_catalog.regexp_replace(f.path, '[^/]+$', '.'), true) d ON true"
    )
}

/// Returns the paths that a file names, or those of a folder of `include_dir`.
fn named_paths(file: &LoginFile) -> Vec<String> {
    if let Some(entries) = &file.entries {
        let is_read = |name: &&String| name.ends_with(".conf") && !name.starts_with('.');
        return entries.iter().filter(is_read).map(|name| joined(Path::new(&file.path), name)).collect();
    }
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new("/"));
    let lines = words::logical_lines(&file.text);
    lines.iter().flat_map(|fields| named_by_line(fields)).map(|path| joined(folder, path)).collect()
}

fn named_by_line(fields: &[Vec<QuotedWord>]) -> Vec<&str> {
    let directive = fields.first().filter(|field| field.len() == 1).map(|field| field[0].text.as_str());
    match directive {
        Some("include" | "include_dir" | "include_if_exists") => {
            fields.get(1).into_iter().flatten().map(|word| word.text.as_str()).collect()
        }
        _ => fields.iter().flatten().filter_map(QuotedWord::list).collect(),
    }
}

/// Returns the absolute path, in the form in which the server prints it.
fn joined(folder: &Path, path: &str) -> String {
    let mut real = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                real.pop();
            }
            part => real.push(part),
        }
    }
    real.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_rules_name_is_found() {
        let text = "include more.conf\ninclude_if_exists /etc/pg/../extra.conf\ninclude_dir \"conf d\" # include no.conf\n\
                    host all @people,\"@quoted\" samenet \\\n scram-sha-256\nlocal @ @lists/db all peer\n# host all @no\n";
        let file = LoginFile { path: "/data/pg_hba.conf".into(), text: text.into(), ..LoginFile::default() };
        let expected =
            ["/data/more.conf", "/etc/extra.conf", "/data/conf d", "/data/people", "/data/lists/db"];
        assert_eq!(named_paths(&file), expected);
    }

    #[test]
    fn a_folder_stands_for_the_files_that_the_server_reads_in_it() {
        let entries = ["a.conf", ".hidden.conf", "b.conf.bak", "c.conf"].map(str::to_owned).to_vec();
        let folder = LoginFile { path: "/d".into(), entries: Some(entries), ..LoginFile::default() };
        assert_eq!(named_paths(&folder), ["/d/a.conf", "/d/c.conf"]);
    }
}
