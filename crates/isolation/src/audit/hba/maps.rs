//! pg_ident.conf: accounts of the operating system, and the roles as which they may log in.

use super::decisions::Decisions;
use super::exposure::Exposure;
use super::rules::{Keywords, Rule, RuleWord};
use super::wording::{advised, place};
use crate::audit::context::Audit;
use martydb_catalog::{IdentLine, LineMatch};
use martydb_catalog::{Lines, Quoting, quoting};
use martydb_model::EMBEDDED_MAP;
use martydb_model::findings::Severity::{Critical, Low};
use martydb_model::findings::{FindingBuilder, HBA_MAP, PUBLIC};

/// System user name of an entry, compared with the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MappedAccount {
    /// The server's own account, or root: both have full control of the server anyway.
    Own,
    /// The account with the role's name, as without a map.
    Namesake,
    Other,
    /// One name of a certificate that is not that of a login.
    Certified,
    /// Every account that matches a pattern.
    Pattern,
}

/// Adds a finding for each entry that maps an account to a login that the line decides about.
pub(crate) fn judge(
    audit: &Audit<'_>,
    decisions: &Decisions<'_>,
    at: usize,
    maps: &Maps<'_>,
    out: &mut Vec<FindingBuilder>,
) {
    let rule = &decisions.rules[at];
    let Some(map) = rule.option("map") else { return };
    for entry in maps.of(map) {
        let decided = decisions.of(at, |role| maps.admits(&decisions.meanings, entry, role.as_str()));
        if decided.logins.is_empty() || is_of_embedded_server(audit, rule, entry) {
            continue;
        }
        let exposed = Exposure::new(audit, &decided);
        let account = account(audit, rule, entry);
        let severity = match account {
            MappedAccount::Other | MappedAccount::Pattern if exposed.is_grave() => Critical,
            // The authority of the certificates vouches for one name, which is no other login's.
            MappedAccount::Certified if exposed.is_services => Critical,
            _ => Low,
        };
        let role = if is_wild(maps, &decisions.meanings, entry) { PUBLIC } else { entry.role.as_str() };
        let object = place(entry.file.as_deref(), "pg_ident.conf", entry.line);
        let seen = format!(
            "{}: {} ({}: {}; {object}: {} {} {})",
            evidence(rule, account, entry),
            exposed.words,
            rule.place(),
            rule.text(),
            entry.map,
            entry.system,
            entry.role
        );
        let found = HBA_MAP.of(role).at(severity).service(exposed.service()).evidence(seen);
        out.push(match severity {
            Low => found.object(object),
            _ => advised(found.object(&object), &removal(rule, &object, entry)),
        });
    }
}

/// Returns `true` for the lines that martydb writes at each start of an embedded server: the accounts that run
/// it are its admin. They count only on the socket, where the kernel reports the account.
fn is_of_embedded_server(audit: &Audit<'_>, rule: &Rule<'_>, entry: &IdentLine) -> bool {
    let is_admin = entry.map == EMBEDDED_MAP && entry.role == audit.actual.bootstrap.as_str();
    audit.desired.embedded && rule.is_local() && is_admin
}

fn removal(rule: &Rule<'_>, object: &str, entry: &IdentLine) -> [String; 2] {
    let IdentLine { map, system, role, .. } = entry;
    [
        format!("delete {object}: {map} {system} {role}"),
        format!("or use another map, or none, in {}: {}", rule.location(), rule.text()),
    ]
}

fn evidence(rule: &Rule<'_>, account: MappedAccount, entry: &IdentLine) -> String {
    let system = &entry.system;
    match (rule.line.method.as_deref(), account) {
        (Some("cert"), MappedAccount::Namesake) => {
            format!("a certificate for {system} authenticates the login of that name")
        }
        (Some("cert"), _) => format!("a certificate for {system} authenticates without a password"),
        (_, MappedAccount::Own) => {
            format!("the account {system}, which controls the server anyway, can log in as")
        }
        (_, MappedAccount::Namesake) => format!("the account {system} can log in as the login of its name"),
        (_, MappedAccount::Pattern) => {
            format!("every operating system account that matches {system} can log in without a password as")
        }
        (_, MappedAccount::Other | MappedAccount::Certified) => {
            format!("the operating system account {system} can log in without a password as")
        }
    }
}

fn account(audit: &Audit<'_>, rule: &Rule<'_>, entry: &IdentLine) -> MappedAccount {
    let own = own_accounts(audit);
    let (system, role) = (entry.system.as_str(), entry.role.as_str());
    match system.strip_prefix('/') {
        Some(pattern) if role == "\\1" && keeps_name(pattern) => MappedAccount::Namesake,
        // The authority of the certificates decides about names, with a map as without one.
        Some(pattern)
            if role == "\\1" && rule.line.method.as_deref() == Some("cert") && is_framed(pattern) =>
        {
            MappedAccount::Namesake
        }
        Some(_) => MappedAccount::Pattern,
        None if system == role => MappedAccount::Namesake,
        None if rule.is_local() && own.contains(&system) => MappedAccount::Own,
        None if rule.line.method.as_deref() == Some("cert") && audit.role(system).is_none() => {
            MappedAccount::Certified
        }
        None => MappedAccount::Other,
    }
}

/// Returns the accounts that control the server anyway: root, and the one that usually runs it.
pub(crate) fn own_accounts<'a>(audit: &Audit<'a>) -> [&'a str; 3] {
    ["root", "postgres", audit.actual.bootstrap.as_str()]
}

/// Returns `true` if `\1` is the whole account name, or all of it except a domain that the pattern fixes.
fn keeps_name(pattern: &str) -> bool {
    let rest =
        ["^(.*)", "^(.+)", "^([^@]*)", "^([^@]+)"].iter().find_map(|start| pattern.strip_prefix(start));
    let is_fixed = |rest: &str| {
        let domain = rest.strip_suffix('$').unwrap_or_default().strip_prefix('@').unwrap_or_default();
        domain.chars().all(|c| c.is_ascii_alphanumeric() || ".-\\".contains(c)) && !domain.is_empty()
    };
    rest.is_some_and(|rest| rest == "$" || is_fixed(rest))
}

/// Returns `true` if `\1` is a part of the whole name between fixed texts.
fn is_framed(pattern: &str) -> bool {
    let whole = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let Some((before, rest)) = whole.and_then(|whole| whole.split_once('(')) else { return false };
    let Some((group, after)) = rest.split_once(')') else { return false };
    let is_fixed = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "@_-.\\".contains(c));
    is_fixed(before) && is_fixed(after) && !group.contains(['(', '|'])
}

/// Entries with the quotes of their files.
pub(crate) struct Maps<'a> {
    entries: &'a [IdentLine],
    lines: Lines<'a>,
}

impl<'a> Maps<'a> {
    pub(crate) fn of_audit(audit: &Audit<'a>) -> Option<Maps<'a>> {
        let entries = audit.snapshot.ident.as_deref()?;
        Some(Maps { entries, lines: Lines::from_files(&audit.snapshot.ident_files) })
    }

    pub(crate) fn of(&self, map: &str) -> impl Iterator<Item = &'a IdentLine> {
        self.entries.iter().filter(move |entry| entry.map == map)
    }

    fn role<'e>(&self, entry: &'e IdentLine) -> RuleWord<'e> {
        let fields = self.lines.fields(entry.file.as_deref(), entry.line);
        RuleWord {
            text: &entry.role,
            quoting: quoting(fields.as_ref().and_then(|fields| fields.get(2)), &entry.role),
        }
    }

    /// Returns `true` if the entry lets an account log in as the role. Before 16 only `\1` has a meaning.
    pub(crate) fn admits(&self, meanings: &Keywords<'_>, entry: &IdentLine, role: &str) -> bool {
        let word = self.role(entry);
        let captures = entry.system.starts_with('/') && entry.role.contains("\\1");
        let matches = if meanings.has_patterns() {
            meanings.user(&word, role)
        } else {
            meanings.is_name(word.text, Some(role))
        };
        matches != LineMatch::No || captures && meanings.has_shape(&entry.role, role)
    }
}

/// Returns `true` if an entry lets an account log in as more than one role.
fn is_wild(maps: &Maps<'_>, meanings: &Keywords<'_>, entry: &IdentLine) -> bool {
    let special = meanings.has_patterns() && (entry.role == "all" || entry.role.starts_with(['/', '+']));
    special && maps.role(entry).quoting != Quoting::Quoted || entry.role.contains("\\1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_keeps_the_name_is_like_no_map() {
        for (pattern, expected) in [
            ("^(.*)$", true),
            ("^(.*)@EXAMPLE\\.ORG$", true),
            ("^([^@]+)@corp.example$", true),
            ("^(.*)@.*$", false),
            ("^(.*)", false),
            ("(.*)$", false),
            ("^(.*)-admin$", false),
            ("^svc-(.*)$", false),
            ("^(.*)@$", false),
        ] {
            assert_eq!(keeps_name(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn a_part_between_fixed_texts_is_the_name() {
        for (pattern, framed) in [
            (r"^([a-z_]+)\.svc\.acme\.test$", true),
            ("^svc-(.*)$", true),
            (r"([a-z_]+)\.svc\.acme\.test$", false),
            ("^(.*)$|x", false),
            ("^(a|b)$", false),
            ("^.*-(.*)$", false),
            ("^((.*))$", false),
        ] {
            assert_eq!(is_framed(pattern), framed, "{pattern}");
        }
    }
}
