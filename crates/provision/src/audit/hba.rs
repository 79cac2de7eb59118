//! pg_hba.conf and pg_ident.conf: which logins get in without a password of theirs, or by the word of something outside.
//! The file is what would be loaded next; what is loaded now is for the probes to find out.
//!
//! A line counts for what it decides: the server takes the first line that matches.

mod addresses;
mod decisions;
mod doors;
mod exposure;
mod groups;
mod line;
mod maps;
mod methods;
mod rules;
mod tokens;
mod wording;

use super::context::Audit;
use crate::catalog::HbaLine;
use decisions::Decisions;
use groups::Counted;
use line::LineAudit;
use maps::Maps;
use martydb_model::RoleName;
use martydb_model::findings::{FindingBuilder, HBA_ERROR, HBA_UNLOADED, PUBLIC};
use rules::Rule;
use tokens::Lines;
use wording::{advised, place};

pub use doors::open_doors;

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let lines = audit.snapshot.hba.as_deref().unwrap_or_default();
    let (read, wrong): (Vec<&HbaLine>, Vec<&HbaLine>) = lines.iter().partition(|line| is_read(line));
    for line in wrong {
        let object = place(line.file.as_deref(), "pg_hba.conf", line.line);
        let error = line.error.as_deref().unwrap_or("the server cannot read the line, and does not say why");
        out.push(HBA_ERROR.of(PUBLIC).object(object).seen(error));
    }
    out.extend(audit.snapshot.unloaded.iter().map(|path| unloaded(path)));
    let decisions = decisions(audit, read, Counted::Possible);
    let maps = Maps::of_audit(audit);
    for at in 0..decisions.rules.len() {
        LineAudit { audit, decisions: &decisions, at, maps: maps.as_ref() }.tell(out);
    }
}

/// What the server uses is what it read before.
fn unloaded(path: &str) -> FindingBuilder {
    let name = path.rsplit('/').next().unwrap_or(path);
    let seen =
        format!("{path} was changed after the server last read it: the rules in force are not known here");
    let step = format!("read {path}; what it says holds after this");
    advised(HBA_UNLOADED.of(PUBLIC).object(name).seen(seen), &[step])
}

/// The lines as the server would read them now.
fn decisions<'a>(
    audit: &Audit<'a>,
    read: impl IntoIterator<Item = &'a HbaLine>,
    counted: Counted,
) -> Decisions<'a> {
    let files = Lines::of(&audit.snapshot.hba_files);
    Decisions::new(audit, read.into_iter().map(|line| Rule::of(line, &files)).collect(), counted)
}

/// Whether some line lets a role replicate; where the admin may not read the lines, one may. A connection to one database
/// (`replication=database`) comes in by that database's line, and takes `BASE_BACKUP` of all of them too.
pub fn may_replicate<'a>(audit: &Audit<'a>, role: &'a RoleName) -> bool {
    let Some(lines) = &audit.snapshot.hba else { return true };
    let is_about = |line: &HbaLine| {
        let is = |user: &String| user == "all" || user == role.as_str() || user.starts_with(['+', '/', '@']);
        line.users.iter().any(is)
    };
    let mut open = audit.actual.databases.iter().filter(|(_, found)| found.allow_connections);
    let enters = open.any(|(name, _)| audit.can_connect(role, name.as_str()));
    let is_physical = |line: &HbaLine| line.databases.iter().any(|database| database == "replication");
    let mut letting_in =
        lines.iter().filter(|line| is_about(line) && line.method.as_deref() != Some("reject"));
    letting_in.any(|line| enters || is_physical(line))
}

/// For some options, such as a list that it cannot take apart, the server names no error.
fn is_read(line: &HbaLine) -> bool {
    line.error.is_none() && line.method.is_some()
}
