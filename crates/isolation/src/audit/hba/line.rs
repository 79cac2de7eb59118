//! Judgment of one line of pg_hba.conf, by the logins that it decides about.

use super::addresses::CLEAR;
use super::decisions::{DecidedLogins, Decisions};
use super::exposure::Exposure;
use super::maps::{self, Maps};
use super::methods::{self, LoginMethod, Proof};
use super::rules::Rule;
use super::wording::advised;
use crate::audit::context::Audit;
use martydb_model::RoleName;
use martydb_model::findings::Severity::{self, Critical, High, Low, Medium};
use martydb_model::findings::{
    CLEARTEXT_ACCEPTED, FindingBuilder, FindingKind, HBA_CLEARTEXT, HBA_EXTERNAL, HBA_MAP, HBA_TRUST,
};

/// One line with the context for its judgment.
pub(crate) struct LineAudit<'a, 'b> {
    pub audit: &'b Audit<'a>,
    pub decisions: &'b Decisions<'a>,
    pub at: usize,
    pub maps: Option<&'b Maps<'a>>,
}

impl LineAudit<'_, '_> {
    fn rule(&self) -> &Rule<'_> {
        &self.decisions.rules[self.at]
    }

    pub(crate) fn add_findings(&self, out: &mut Vec<FindingBuilder>) {
        let rule = self.rule();
        let method = methods::method(rule.line.method.as_deref());
        match method.proof {
            Proof::Refusal | Proof::Password => {}
            Proof::Nothing => out.extend(self.trust("accepts without a password")),
            Proof::RemoteAccount => out.extend(self.trust("trusts the other host to name the account, for")),
            Proof::ClearPassword => out.extend(self.clear()),
            Proof::Outside => out.extend(self.outside(&method)),
            Proof::Account | Proof::Certificate => {
                match self.maps {
                    Some(maps) => maps::judge(self.audit, self.decisions, self.at, maps, out),
                    None => out.extend(self.unknown_map()),
                }
                out.extend(self.namesakes(&method));
            }
        }
    }

    /// Returns the logins that the line decides about and that its map, if it has one, accepts.
    fn decided(&self) -> DecidedLogins<'_> {
        let (meanings, map) = (&self.decisions.meanings, self.rule().option("map"));
        self.decisions.of(self.at, |role| match (map, self.maps) {
            (Some(map), Some(maps)) => maps.of(map).any(|entry| maps.admits(meanings, entry, role.as_str())),
            _ => !self.keeps_realm() || role.as_str().contains('@'),
        })
    }

    /// Returns `true` if the name of the principal has its realm, as it does by default, which the server's view shows as an option:
    /// without a map it is the name of no role without one. <https://www.postgresql.org/docs/current/gssapi-auth.html>
    fn keeps_realm(&self) -> bool {
        let rule = self.rule();
        matches!(rule.line.method.as_deref(), Some("gss" | "sspi"))
            && rule.option("include_realm") == Some("true")
    }

    fn found(&self, kind: &FindingKind, severity: Severity, seen: &str) -> FindingBuilder {
        let rule = self.rule();
        let doubt = rule.doubtful().map_or(String::new(), |word| {
            format!("; it is unknown here whether \"{word}\" is a keyword or a quoted name")
        });
        let host = rule.origin.host().map_or(String::new(), |host| {
            format!("; the addresses of {host} are unknown here, so it counts as any")
        });
        let growth = self.decisions.meanings.growable_group(rule).map_or(String::new(), |(group, login)| {
            format!("; {login} can make every login a member of {group}")
        });
        let seen = format!("{}: {}; {seen}{growth}{host}{doubt}", rule.place(), rule.text());
        kind.of(rule.who()).at(severity).object(rule.place()).evidence(seen)
    }

    fn trust(&self, verb: &str) -> Option<FindingBuilder> {
        let rule = self.rule();
        let decided = self.decided();
        if decided.logins.is_empty() {
            let seen = "it matches no existing login and database";
            return (!decided.hidden).then(|| self.mended(self.found(HBA_TRUST, Low, seen)));
        }
        let exposed = Exposure::new(self.audit, &decided);
        // Any process of the host is then a superuser: harmless only if the operator is the only user there.
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
        let steps = [
            format!("{} is: {}", rule.location(), rule.text()),
            format!("write instead: {}", rule.corrected()),
        ];
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
        let exposed = Exposure::new(self.audit, &decided);
        let seen = format!("passwords cross the network in clear text: {}", exposed.words);
        let severity = if exposed.is_grave() { Medium } else { Low };
        Some(self.mended(self.found(HBA_CLEARTEXT, severity, &seen)))
    }

    /// Reports a line by which a login of a service can connect over the network without TLS.
    pub(crate) fn clear_text(&self) -> Option<FindingBuilder> {
        let rule = self.rule();
        let refuses = methods::method(rule.line.method.as_deref()).proof == Proof::Refusal;
        let is_service = |role: &RoleName| self.audit.managed(role.as_str()).is_some();
        if refuses || !rule.ways().any(|way| way == CLEAR) || rule.origin.is_loopback() {
            return None;
        }
        let decided = self.decisions.of_clear(self.at, is_service);
        let (login, _) = decided.logins.first_key_value()?;
        let seen = format!(
            "{login} and others can connect without TLS, although each connection string verifies a certificate"
        );
        let found = self.found(CLEARTEXT_ACCEPTED, Medium, &seen);
        let steps = [
            format!("{} is: {}", rule.location(), rule.text()),
            "write `hostssl` instead of `host`, or a line before it: hostnossl all all all reject".to_owned(),
        ];
        Some(advised(found, &steps))
    }

    fn outside(&self, method: &LoginMethod) -> Option<FindingBuilder> {
        let rule = self.rule();
        let decided = self.decided();
        if decided.logins.is_empty() {
            return None;
        }
        let exposed = Exposure::new(self.audit, &decided);
        let clear = if method.clear { "; the server receives the password in clear text" } else { "" };
        let open = matches!(rule.line.kind.as_deref(), Some("host" | "hostnossl" | "hostnogssenc"));
        let network = if method.clear && open {
            ", and so does every host on the way unless the client asks for TLS"
        } else {
            ""
        };
        let seen = format!(
            "logins are decided outside of the server, by {}, and are unknown here: {}{clear}{network}",
            method.decider, exposed.words
        );
        let severity = if exposed.is_grave() { Medium } else { Low };
        let found = self.found(HBA_EXTERNAL, severity, &seen).service(exposed.service());
        let steps = [
            format!("{} is: {}", rule.location(), rule.text()),
            format!("where these logins have passwords, write instead: {}", rule.corrected()),
        ];
        Some(advised(found, &steps))
    }

    /// Reports superusers whose name is that of an account, or may become one: `peer` without a map accepts the account
    /// of the role's name ("Peer Authentication" in the manual). The server's own account controls it anyway.
    fn namesakes(&self, method: &LoginMethod) -> Option<FindingBuilder> {
        if method.proof != Proof::Account || self.rule().option("map").is_some() {
            return None;
        }
        let (roles, own) = (&self.audit.actual.roles, maps::own_accounts(self.audit));
        let is_superuser = |role: &RoleName| roles.get(role).is_some_and(|found| found.superuser);
        let decided = self.decisions.of(self.at, |role| is_superuser(role) && !own.contains(&role.as_str()));
        if decided.logins.is_empty() {
            return None;
        }
        let exposed = Exposure::new(self.audit, &decided);
        let seen = format!(
            "an operating system account with the name of a superuser needs no password: {}",
            exposed.words
        );
        Some(self.mended(self.found(HBA_MAP, Critical, &seen)))
    }

    /// Reports a map that the admin may not read.
    fn unknown_map(&self) -> Option<FindingBuilder> {
        let map = self.rule().option("map")?;
        let decided = self.decided();
        let exposed = Exposure::new(self.audit, &decided);
        let is_due = exposed.is_grave() && !exposed.trusted_only;
        let seen = format!("the map {map} cannot be read, and may accept any account as: {}", exposed.words);
        is_due.then(|| self.found(HBA_MAP, Critical, &seen).service(exposed.service()))
    }
}
