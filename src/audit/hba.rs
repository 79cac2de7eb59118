//! pg_hba.conf and pg_ident.conf: which logins get in without a password of theirs, or by the word of something outside.
//! The file is what would be loaded next; what is loaded now is for the probes to find out.
//!
//! A line counts for what it decides: the server takes the first line that matches.

mod addresses;
mod decisions;
mod exposure;
mod maps;
mod methods;
mod rules;
mod tokens;

use super::context::Audit;
use crate::catalog::HbaLine;
use crate::findings::Severity::{Critical, High, Low, Medium};
use crate::findings::{
    FindingBuilder, HBA_CLEARTEXT, HBA_ERROR, HBA_EXTERNAL, HBA_MAP, HBA_TRUST, PUBLIC, Severity,
};
use crate::model::RoleName;
use decisions::{Decided, Decisions};
use exposure::Exposure;
use maps::Maps;
use methods::{AuthMethod, Proof};
use rules::Rule;
use tokens::Lines;

pub fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    let lines = audit.snapshot.hba.as_deref().unwrap_or_default();
    let (read, wrong): (Vec<&HbaLine>, Vec<&HbaLine>) = lines.iter().partition(|line| is_read(line));
    for line in wrong {
        let object = place(line.file.as_deref(), "pg_hba.conf", line.line);
        let error = line.error.as_deref().unwrap_or("the server cannot read the line, and does not say why");
        out.push(HBA_ERROR.of(PUBLIC).object(object).seen(error));
    }
    let files = Lines::of(&audit.snapshot.hba_files);
    let decisions = Decisions::new(audit, read.into_iter().map(|line| Rule::of(line, &files)).collect());
    let maps = Maps::of_audit(audit);
    for at in 0..decisions.rules.len() {
        LineAudit { audit, decisions: &decisions, at, maps: maps.as_ref() }.tell(out);
    }
}

/// Whether some line lets a role replicate; where the admin may not read the lines, one may.
pub fn may_replicate(audit: &Audit<'_>, role: &RoleName) -> bool {
    let Some(lines) = &audit.snapshot.hba else { return true };
    let is_about = |line: &HbaLine| {
        let is = |user: &String| user == "all" || user == role.as_str() || user.starts_with(['+', '/', '@']);
        line.users.iter().any(is)
    };
    lines.iter().any(|line| {
        line.databases.iter().any(|database| database == "replication")
            && is_about(line)
            && line.method.as_deref() != Some("reject")
    })
}

/// For some options, such as a list that it cannot take apart, the server names no error.
fn is_read(line: &HbaLine) -> bool {
    line.error.is_none() && line.method.is_some()
}

/// From 16 on a file may include others.
fn place(file: Option<&str>, usual: &str, line: i32) -> String {
    format!("{} line {line}", file.and_then(|path| path.rsplit('/').next()).unwrap_or(usual))
}

/// What an administrator of the host can do; no statement changes these files.
fn advised(found: FindingBuilder, steps: &[String]) -> FindingBuilder {
    steps.iter().fold(found, |found, step| found.advice(step)).reload()
}

impl Rule<'_> {
    fn place(&self) -> String {
        place(self.line.file.as_deref(), "pg_hba.conf", self.line.line)
    }

    fn who(&self) -> &str {
        match self.users.as_slice() {
            [one] if one.text != "all" || one.quoting == tokens::Quoting::Quoted => one.text,
            _ => PUBLIC,
        }
    }
}

/// What one line means.
struct LineAudit<'a, 'b> {
    audit: &'b Audit<'a>,
    decisions: &'b Decisions<'a>,
    at: usize,
    maps: Option<&'b Maps<'a>>,
}

impl LineAudit<'_, '_> {
    fn rule(&self) -> &Rule<'_> {
        &self.decisions.rules[self.at]
    }

    fn tell(&self, out: &mut Vec<FindingBuilder>) {
        let rule = self.rule();
        let method = methods::method(rule.line.method.as_deref());
        match method.proof {
            Proof::Refusal | Proof::Password => {}
            Proof::Nothing => out.extend(self.trust("accepts without a password")),
            Proof::RemoteAccount => {
                out.extend(self.trust("believes what the other host says about the account, for"))
            }
            Proof::ClearPassword => out.extend(self.clear()),
            Proof::Outside => out.extend(self.outside(&method)),
            Proof::Account | Proof::Certificate => match self.maps {
                Some(maps) => maps::judge(self.audit, self.decisions, self.at, maps, out),
                None => out.extend(self.unknown_map()),
            },
        }
    }

    /// The logins that the line decides about and that its map, if it has one, lets in.
    fn decided(&self) -> Decided<'_> {
        let (meanings, map) = (&self.decisions.meanings, self.rule().option("map"));
        self.decisions.of(self.at, |role| match (map, self.maps) {
            (Some(map), Some(maps)) => maps.of(map).any(|entry| maps.admits(meanings, entry, role.as_str())),
            _ => true,
        })
    }

    fn found(&self, kind: &crate::findings::FindingKind, severity: Severity, seen: &str) -> FindingBuilder {
        let rule = self.rule();
        let doubt = rule.doubtful().map_or(String::new(), |word| {
            format!("; the file could not be read, so that \"{word}\" may be a keyword or a name in quotes")
        });
        let seen = format!("{}: {}; {seen}{doubt}", rule.place(), rule.text());
        kind.of(rule.who()).at(severity).object(rule.place()).seen(seen)
    }

    fn trust(&self, verb: &str) -> Option<FindingBuilder> {
        let rule = self.rule();
        let decided = self.decided();
        if decided.logins.is_empty() {
            let seen = "it decides about no login and database that exist now";
            return (!decided.hidden).then(|| self.mended(self.found(HBA_TRUST, Low, seen)));
        }
        let exposed = Exposure::of(self.audit, &decided);
        // Any process of the host is a superuser then: only where the operator is alone there that is no way in.
        let severity = match exposed.is_grave().then_some(rule.is_local() && exposed.trusted_only) {
            Some(true) => High,
            Some(false) => Critical,
            None => Low,
        };
        let found = self.found(HBA_TRUST, severity, &format!("it {verb}: {}", exposed.words));
        Some(self.mended(found.service(exposed.service())))
    }

    fn mended(&self, found: FindingBuilder) -> FindingBuilder {
        let rule = self.rule();
        let steps =
            [format!("{} is: {}", rule.place(), rule.text()), format!("write instead: {}", rule.corrected())];
        advised(found, &steps)
    }

    fn clear(&self) -> Option<FindingBuilder> {
        let rule = self.rule();
        let decided = self.decided();
        if matches!(rule.line.kind.as_deref(), Some("local" | "hostssl" | "hostgssenc"))
            || decided.logins.is_empty()
        {
            return None;
        }
        let exposed = Exposure::of(self.audit, &decided);
        let seen = format!("passwords cross the network in clear text: {}", exposed.words);
        let severity = if exposed.is_grave() { Medium } else { Low };
        Some(self.mended(self.found(HBA_CLEARTEXT, severity, &seen)))
    }

    fn outside(&self, method: &AuthMethod) -> Option<FindingBuilder> {
        let rule = self.rule();
        let decided = self.decided();
        if decided.logins.is_empty() {
            return None;
        }
        let exposed = Exposure::of(self.audit, &decided);
        let clear = if method.clear { "; the server receives the password in clear text" } else { "" };
        let open = matches!(rule.line.kind.as_deref(), Some("host" | "hostnossl" | "hostnogssenc"));
        let network = if method.clear && open {
            ", and so does every host on the way unless the client asks for TLS"
        } else {
            ""
        };
        let seen = format!(
            "who may log in is decided outside of the server, by {}, and not known here: {}{clear}{network}",
            method.decider, exposed.words
        );
        let severity = if exposed.is_grave() { Medium } else { Low };
        let found = self.found(HBA_EXTERNAL, severity, &seen).service(exposed.service());
        let steps = [
            format!("{} is: {}", rule.place(), rule.text()),
            format!("where these logins have passwords, write instead: {}", rule.corrected()),
        ];
        Some(advised(found, &steps))
    }

    /// The admin may not read the maps.
    fn unknown_map(&self) -> Option<FindingBuilder> {
        let map = self.rule().option("map")?;
        let decided = self.decided();
        let exposed = Exposure::of(self.audit, &decided);
        let is_due = exposed.is_grave() && !exposed.trusted_only;
        let seen = format!("the map {map} cannot be read, and may let any account in as: {}", exposed.words);
        is_due.then(|| self.found(HBA_MAP, Critical, &seen).service(exposed.service()))
    }
}
