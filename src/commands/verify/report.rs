//! The result of a verification: what was proven, what was found, what could not be looked at.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::close::{Closed, Refused};
use super::document::{Accepted, Document, ServerError};
use super::{Arguments, Format, formats};
use crate::audit::{NotExamined, Unread};
use crate::commands::plan::Change;
use crate::error::{Error, ExitStatus};
use crate::probe::{self, Finding, Matrix, Probe, Severity, Source, Verdict};
use crate::report::{Look, Report, keys};

/// One server.
pub struct Checked {
    /// Its key in the manifest.
    pub server: String,
    /// The live probes.
    pub matrix: Matrix,
    /// What probes and catalogue found, the worst first.
    pub findings: Vec<Finding>,
    /// What could not be looked at.
    pub not_examined: Vec<NotExamined>,
    /// What could not be read, and so proves nothing.
    pub unread: Vec<Unread>,
    /// Services whose database, or one of whose logins, does not exist.
    pub absent: Vec<String>,
}

impl Checked {
    /// Puts the two halves together: what the probes proved is not told again from the catalogue.
    pub fn new(
        server: &str,
        mut matrix: Matrix,
        audit: Vec<Finding>,
        mut not_examined: Vec<NotExamined>,
    ) -> Checked {
        let mut findings = std::mem::take(&mut matrix.findings);
        let hole = |finding: &Finding| (finding.id, finding.database.clone(), finding.role.clone());
        let proven: BTreeSet<_> = findings.iter().map(hole).collect();
        findings.extend(audit.into_iter().filter(|finding| !proven.contains(&hole(finding))));
        findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.key().cmp(&b.key())));
        // Nobody can enter template0, on any server: --strict must not fail for it.
        let skipped = matrix.skipped.iter().filter(|skipped| skipped.database != "template0");
        not_examined.extend(skipped.map(|skipped| NotExamined {
            what: format!("database {} on server {}", skipped.database, skipped.server),
            why: skipped.why.clone(),
            grant: None,
        }));
        Checked { server: server.into(), matrix, findings, not_examined, unread: vec![], absent: vec![] }
    }

    /// Says what could not be read. Like a probe that proved nothing it is inconclusive.
    #[must_use]
    pub fn unread(mut self, unread: Vec<Unread>) -> Checked {
        self.matrix.summary.inconclusive += unread.len();
        Checked { unread, ..self }
    }

    /// Says which services are not there, or not whole.
    #[must_use]
    pub fn absent(self, absent: Vec<String>) -> Checked {
        Checked { absent, ..self }
    }
}

/// What was proven, server by server.
pub struct VerifyReport {
    /// The servers that answered.
    pub checked: Vec<Checked>,
    /// Those that did not.
    pub failed: Vec<(String, Error)>,
    /// Findings of the server that are accepted, and why: they are shown and do not count.
    pub accepted: Vec<(Finding, String)>,
    /// What was done to close findings, or would be.
    pub changes: Vec<Change>,
    /// Statements that should have closed a finding and did not.
    pub unclosed: Vec<Refused>,
    /// What was found and was not asked for.
    pub hidden: Vec<Finding>,
    /// Which findings were asked for; all where it is empty.
    pub only: Vec<String>,
    /// How bad they have to be.
    pub min_severity: Option<Severity>,
    format: Option<Format>,
    strict: bool,
}

impl VerifyReport {
    /// Nothing yet.
    pub fn new(arguments: &Arguments) -> VerifyReport {
        VerifyReport {
            checked: vec![],
            failed: vec![],
            accepted: vec![],
            changes: vec![],
            unclosed: vec![],
            hidden: vec![],
            only: arguments.only.clone(),
            min_severity: arguments.min_severity,
            format: arguments.format,
            strict: arguments.strict,
        }
    }

    /// Says what was done before this look.
    pub fn closed(&mut self, closed: Closed) {
        self.changes = closed.changes;
        self.unclosed = closed.failed;
    }

    /// Every probe.
    pub fn probes(&self) -> impl Iterator<Item = &Probe> {
        self.checked.iter().flat_map(|checked| &checked.matrix.matrix)
    }

    /// Every attempt beside the matrix.
    pub fn trials(&self) -> impl Iterator<Item = &Probe> {
        self.checked.iter().flat_map(|checked| &checked.matrix.trials)
    }

    /// Every breach that counts.
    pub fn breaches(&self) -> impl Iterator<Item = &Probe> {
        let all = self.probes().chain(self.trials()).filter(|probe| probe.outcome == Verdict::Breach);
        all.filter(|probe| !self.is_accepted(probe))
    }

    /// How many probes proved nothing.
    pub fn inconclusive(&self) -> usize {
        let all = self.probes().chain(self.trials());
        all.filter(|probe| probe.outcome == Verdict::Inconclusive).count()
    }

    /// Every finding that counts.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checked.iter().flat_map(|checked| &checked.findings)
    }

    /// What could not be read, and so proves nothing.
    pub fn unread(&self) -> impl Iterator<Item = &Unread> {
        self.checked.iter().flat_map(|checked| &checked.unread)
    }

    /// What could not be looked at on the servers that answered.
    pub fn unseen(&self) -> impl Iterator<Item = &NotExamined> {
        self.checked.iter().flat_map(|checked| &checked.not_examined)
    }

    /// What could not be looked at, servers included.
    pub fn not_examined(&self) -> Vec<NotExamined> {
        let listed = self.unseen().cloned();
        let down = self.failed.iter().map(|(server, error)| NotExamined {
            what: format!("server {server}"),
            why: error.to_string(),
            grant: None,
        });
        listed.chain(down).collect()
    }

    /// Whether a breach was accepted on purpose.
    pub fn is_accepted(&self, probe: &Probe) -> bool {
        let told = |finding: &Finding| tells(finding, probe);
        self.accepted.iter().any(|(finding, _)| told(finding)) && !self.findings().any(told)
    }

    /// What a breach was told as, hidden by a filter or not.
    pub fn finding_of(&self, probe: &Probe) -> Option<&Finding> {
        self.findings().chain(&self.hidden).find(|finding| tells(finding, probe))
    }
}

/// Whether a finding is about this breach.
fn tells(finding: &Finding, probe: &Probe) -> bool {
    match &probe.found {
        Some(key) => finding.server == probe.server && finding.key() == *key,
        None => {
            (finding.kind == Source::Probe || probe.way.is_some())
                && finding.id.ends_with("-database-connect")
                && finding.server == probe.server
                && finding.database.as_deref() == Some(&probe.database)
                && (finding.role == probe.role || finding.role == "PUBLIC")
        }
    }
}

impl VerifyReport {
    /// Whether what could not be looked at ends the run with 4.
    pub fn strict(&self) -> bool {
        self.strict
    }

    fn document(&self) -> Document<'_> {
        let accepted = self.accepted.iter().map(|(finding, reason)| Accepted { finding, reason });
        let unclosed = self.unclosed.iter().map(|refused| (&refused.server, &refused.error));
        let errors = self.failed.iter().map(|(server, error)| (server, error)).chain(unclosed);
        Document {
            summary: self.summary(),
            matrix: self.probes().collect(),
            trials: self.trials().collect(),
            findings: self.findings().collect(),
            accepted: accepted.collect(),
            not_examined: self.not_examined(),
            unread: self.unread().collect(),
            changes: self.changes.clone(),
            errors: errors.map(|(server, error)| ServerError { error: error.into(), server }).collect(),
        }
    }

    fn summary(&self) -> probe::Summary {
        let mut summary = probe::summarise(self.probes()).beside(self.trials());
        summary.inconclusive += self.unread().count();
        summary
    }
}

impl Report for VerifyReport {
    fn json(&self) -> Map<String, Value> {
        keys(&self.document())
    }

    fn json_text(&self) -> String {
        serde_json::to_string_pretty(&self.document()).expect("plain data")
    }

    fn text(&self, look: &Look) -> String {
        match self.format {
            Some(Format::Junit) => formats::junit(self),
            Some(Format::Markdown) => formats::markdown(self),
            _ => formats::table(self, look),
        }
    }

    fn status(&self) -> ExitStatus {
        let proven =
            self.inconclusive() == 0 && self.unread().next().is_none() && self.breaches().next().is_none();
        let clean = self.findings().all(|finding| finding.severity < Severity::Medium);
        let seen = !self.strict || self.not_examined().is_empty();
        let isolation = if proven && clean && seen { ExitStatus::Success } else { ExitStatus::Isolation };
        let unclosed = self.unclosed.iter().map(|refused| &refused.error);
        let failed = self.failed.iter().map(|(_, error)| error).chain(unclosed);
        ExitStatus::worst(failed.map(|error| error.kind.status()).chain([isolation]))
    }

    fn format(&self) -> Option<crate::flags::Format> {
        self.format.map(|format| match format {
            Format::Json => crate::flags::Format::Json,
            _ => crate::flags::Format::Table,
        })
    }
}
