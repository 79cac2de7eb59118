//! Sources that need a privilege of their own: without it the audit says what was not examined, and which GRANT would let it.

use serde::Deserialize;

use crate::login_files::{self, LoginFiles};
use crate::rows;
use crate::snapshot::{NotExamined, RefusedLine, Unread};
use martydb_model::error::{Kind, Result};
use martydb_model::sqlstate;
use martydb_pg::server::Connection;

/// A description of something that needs a privilege to be read, and the beginning of the GRANT for it.
pub(super) type GuardedSource = (&'static str, &'static str);

pub(super) const PASSWORDS: GuardedSource =
    ("how passwords are kept (pg_authid)", "GRANT SELECT ON pg_catalog.pg_authid TO");
pub(super) const SOURCES: GuardedSource = (
    "where subscriptions get their rows from (pg_subscription)",
    "GRANT SELECT ON pg_catalog.pg_subscription TO",
);
pub(super) const HBA: GuardedSource = (
    "the rules of pg_hba.conf",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO \"ADMIN\"; GRANT SELECT ON pg_catalog.pg_hba_file_rules TO",
);
pub(super) const FILES: GuardedSource = (
    "secrets in the server's configuration files",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings() TO \"ADMIN\"; GRANT SELECT ON pg_catalog.pg_file_settings TO",
);
pub(super) const IDENT: GuardedSource = (
    "the maps of pg_ident.conf",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ident_file_mappings() TO \"ADMIN\"; GRANT SELECT ON pg_catalog.pg_ident_file_mappings TO",
);
pub(super) const IDENT_FILE: GuardedSource = (
    IDENT.0,
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO \"ADMIN\"; GRANT pg_read_all_settings, pg_read_server_files TO",
);

const CHANGES: &str =
    "changes of pg_hba.conf, pg_ident.conf and the files that they name since the server loaded them";
const CHANGES_GRANT: &str = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean), \
    pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean), pg_catalog.pg_ls_dir(text, boolean, boolean) TO \"ADMIN\"; \
    GRANT pg_read_all_settings, pg_read_server_files TO";

/// Collects what the admin lacks the privilege to read.
pub(super) struct MissingPrivileges<'a> {
    pub admin: &'a str,
    pub all: &'a mut Vec<NotExamined>,
}

impl MissingPrivileges<'_> {
    pub(super) fn or<T>(&mut self, read: Result<T>, (what, grant): GuardedSource) -> Result<Option<T>> {
        match read {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => {
                let admin = self.admin;
                let grant = format!("{} \"{admin}\"", grant.replace("ADMIN", admin));
                let note = NotExamined::new(what, format!("{admin} may not read it"));
                self.all.push(note.allowed_by(grant));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Collects the same for files: one that is damaged or missing is inconclusive, and does not stop the rest.
pub(super) struct Files<'a> {
    pub missing: MissingPrivileges<'a>,
    pub unread: &'a mut Vec<Unread>,
    pub server: &'a str,
}

impl Files<'_> {
    pub(super) async fn read<T: for<'de> Deserialize<'de>>(
        &mut self,
        connection: &mut Connection,
        sql: &'static str,
        guarded: GuardedSource,
    ) -> Result<Option<T>> {
        let read = rows::document(connection, sql).await;
        let read = self.missing.or(read, guarded);
        self.note_unread(read, guarded.0).map(Option::flatten)
    }

    /// Reads the files of a setting, and records why the rules in force may be others than theirs: what the server refuses,
    /// or has not loaded.
    pub(super) async fn in_force(
        &mut self,
        connection: &mut Connection,
        setting: &'static str,
        refused: Vec<RefusedLine>,
    ) -> Result<LoginFiles> {
        let what = format!("the login rules in force ({setting})");
        let mut read = LoginFiles::default();
        if !self.missing.all.iter().any(|one| one.what == CHANGES) {
            let found =
                self.missing.or(LoginFiles::read(connection, setting).await, (CHANGES, CHANGES_GRANT));
            read = self.note_unread(found, &what)?.flatten().unwrap_or_default();
        }
        for why in login_files::unknown_rules(setting, &refused, &read) {
            self.add_unread(&what, why);
        }
        Ok(read)
    }

    /// Reads what is not worth that privilege either, such as modification times; `None` without it.
    pub(super) async fn or_none<T: for<'de> Deserialize<'de>>(
        &mut self,
        connection: &mut Connection,
        sql: &'static str,
        guarded: GuardedSource,
    ) -> Result<Vec<T>> {
        match rows::document(connection, sql).await {
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE) => Ok(vec![]),
            read => Ok(self.note_unread(read, guarded.0)?.unwrap_or_default()),
        }
    }

    fn note_unread<T>(&mut self, read: Result<T>, what: &str) -> Result<Option<T>> {
        match read {
            Err(error) if error.kind == Kind::Operation => {
                self.add_unread(what, error.to_string());
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    fn add_unread(&mut self, what: &str, why: String) {
        let server = self.server.into();
        self.unread.push(Unread { service: None, server, at: None, database: None, what: what.into(), why });
    }
}
