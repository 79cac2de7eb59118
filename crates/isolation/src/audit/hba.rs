//! pg_hba.conf and pg_ident.conf: logins that need no password of their own, or that are authenticated outside
//! of the server. The file as the server would load it next is judged; the loaded rules are tested by the
//! probes.
//!
//! A line is judged by the logins that it decides: the server uses the first line that matches.

mod addresses;
mod decisions;
mod exposure;
mod groups;
mod line;
mod maps;
mod methods;
mod passwordless;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod wording;

use super::context::Audit;
use decisions::Decisions;
use groups::MembershipScope;
use line::LineAudit;
use maps::Maps;
use martydb_catalog::{HbaLine, Lines};
use martydb_model::RoleName;
use martydb_model::findings::{FindingBuilder, HBA_ERROR, HBA_UNLOADED, PUBLIC};
use rules::Rule;
use wording::{advised, place};

pub(crate) use passwordless::passwordless_edges;

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let lines = audit.snapshot.hba.as_deref().unwrap_or_default();
    let (read, wrong): (Vec<&HbaLine>, Vec<&HbaLine>) = lines.iter().partition(|line| line.is_read());
    for line in wrong {
        let object = place(line.file.as_deref(), "pg_hba.conf", line.line);
        out.push(HBA_ERROR.of(PUBLIC).object(object).evidence(line.refusal().unwrap_or_default()));
    }
    out.extend(audit.snapshot.unloaded.iter().map(|path| unloaded(path)));
    let decisions = decisions(audit, read, MembershipScope::Possible);
    let maps = Maps::of_audit(audit);
    for at in 0..decisions.rules.len() {
        LineAudit { audit, decisions: &decisions, at, maps: maps.as_ref() }.add_findings(out);
    }
    if audit.desired.verified {
        let line = |at| LineAudit { audit, decisions: &decisions, at, maps: maps.as_ref() };
        out.extend((0..decisions.rules.len()).find_map(|at| line(at).clear_text()));
    }
}

/// Reports a file that changed after the server last read it.
fn unloaded(path: &str) -> FindingBuilder {
    let name = path.rsplit('/').next().unwrap_or(path);
    let seen = format!("{path} was changed after the server last read it: the active rules are unknown here");
    let step = format!("review {path}; the reload below puts it into effect");
    advised(HBA_UNLOADED.of(PUBLIC).object(name).evidence(seen), &[step])
}

/// Returns the lines as the server would read them now.
fn decisions<'a>(
    audit: &Audit<'a>,
    read: impl IntoIterator<Item = &'a HbaLine>,
    counted: MembershipScope,
) -> Decisions<'a> {
    let files = Lines::from_files(&audit.snapshot.hba_files);
    Decisions::new(audit, read.into_iter().map(|line| Rule::new(line, &files)).collect(), counted)
}

/// Returns `true` if a line accepts replication by a role, or if the admin may not read the lines. A connection
/// to one database (`replication=database`) matches that database's lines, and can take a `BASE_BACKUP` of all
/// databases too.
pub(crate) fn may_replicate<'a>(audit: &Audit<'a>, role: &'a RoleName) -> bool {
    let Some(lines) = &audit.snapshot.hba else { return true };
    let mut open = audit.actual.databases.iter().filter(|(_, found)| found.allow_connections);
    let enters = open.any(|(name, _)| audit.can_connect(role, name.as_str()));
    let is_physical = |line: &HbaLine| line.databases.iter().any(|database| database == "replication");
    let mut letting_in =
        lines.iter().filter(|line| line.may_concern(role) && line.method.as_deref() != Some("reject"));
    letting_in.any(|line| enters || is_physical(line))
}
