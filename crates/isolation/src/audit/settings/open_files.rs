//! Files of the server's configuration, and those that its commands execute or write, that every account of its host can change.
//! Who changes one becomes the server's account with
//! the next restart, by a library or a command, and a superuser with the next reload, by a line of pg_hba.conf.

use super::super::context::Audit;
use martydb_model::findings::Severity::High;
use martydb_model::findings::{FindingBuilder, PUBLIC, SERVER_SETTING};

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for found in &audit.snapshot.open_files {
        let (file, open) = (found.file.display().to_string(), found.open.display().to_string());
        let place = if file == open { "it".to_owned() } else { open.clone() };
        let reads = found.by.as_ref().map_or("the server reads".to_owned(), |by| format!("{by} names"));
        let (verb, right) = if found.read { ("read", 'r') } else { ("write to", 'w') };
        let seen = format!(
            "{reads} {file}, and every account of its host can {verb} {place}: mode {:04o}",
            found.mode
        );
        let found = SERVER_SETTING.of(PUBLIC).at(High).object(format!("file {file}")).evidence(seen);
        out.push(found.advice(&format!("on the server's host: chmod o-{right} '{open}'")));
    }
}
