//! One line of pg_hba.conf, compared with a login as the server does it: keywords, groups, patterns and names.

use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{self, Origin, WAYS};
use super::groups::{Groups, MembershipScope};
use crate::audit::context::Audit;
use martydb_catalog::{HbaLine, LineMatch};
use martydb_catalog::{Lines, QuotedWord, Quoting, quoting};

/// Meanings of the words of a line on this server.
pub(crate) struct Keywords<'a> {
    groups: Groups<'a>,
    patterns: &'a BTreeMap<String, BTreeSet<String>>,
    /// Set from 16 on, where a name with a leading slash is a pattern.
    has_patterns: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct RuleWord<'a> {
    pub text: &'a str,
    pub quoting: Quoting,
}

pub(crate) struct Rule<'a> {
    pub line: &'a HbaLine,
    pub databases: Vec<RuleWord<'a>>,
    pub users: Vec<RuleWord<'a>>,
    pub origin: Origin,
    /// File with its folder, if that is known.
    pub path: Option<String>,
    fields: Option<Vec<Vec<QuotedWord>>>,
}

/// A login attempt at a database; `None` for physical replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request<'a> {
    pub role: &'a str,
    pub database: Option<&'a str>,
}

impl<'a> Keywords<'a> {
    pub(crate) fn new(audit: &Audit<'a>, counted: MembershipScope) -> Keywords<'a> {
        let has_patterns = audit.actual.major() >= 16;
        Keywords { groups: Groups::new(audit, counted), patterns: &audit.snapshot.patterns, has_patterns }
    }

    pub(crate) fn has_patterns(&self) -> bool {
        self.has_patterns
    }

    /// Compares a name literally, or from 16 on with the pattern after a slash, quoted or not.
    pub(crate) fn is_name(&self, word: &str, name: Option<&str>) -> LineMatch {
        let Some(name) = name else { return LineMatch::No };
        match (self.has_patterns && word.starts_with('/'), self.patterns.get(word)) {
            (false, _) => (word == name).into(),
            (true, Some(names)) => names.contains(name).into(),
            (true, None) => LineMatch::Perhaps,
        }
    }

    /// Returns `true` if a role may result from `\1` in an entry's role name.
    pub(crate) fn has_shape(&self, shape: &str, role: &str) -> bool {
        let (before, after) = shape.split_once("\\1").unwrap_or((shape, ""));
        role.len() >= before.len() + after.len() && role.starts_with(before) && role.ends_with(after)
    }

    /// Returns the group among a line's users to which a login can add members, with that login.
    pub(crate) fn growable_group<'r>(&self, rule: &'r Rule<'_>) -> Option<(&'r str, &'a str)> {
        let unquoted = rule.users.iter().filter(|word| word.quoting != Quoting::Quoted);
        let mut groups = unquoted.filter_map(|word| word.text.strip_prefix('+'));
        groups.find_map(|group| Some((group, self.groups.grower(group)?)))
    }

    pub(crate) fn database(&self, word: &RuleWord<'_>, login: Request<'_>) -> LineMatch {
        let Request { role, database } = login;
        let keyword = match word.text {
            "replication" => Some(database.is_none().into()),
            "all" => Some(database.is_some().into()),
            "sameuser" => Some((database == Some(role)).into()),
            "samerole" | "samegroup" => {
                Some(database.map_or(LineMatch::No, |group| self.groups.has_member(role, group)))
            }
            _ => None,
        };
        word.read(keyword, self.is_name(word.text, database))
    }

    pub(crate) fn user(&self, word: &RuleWord<'_>, role: &str) -> LineMatch {
        let keyword = match (word.text, word.text.strip_prefix('+')) {
            ("all", _) => Some(LineMatch::Yes),
            (_, Some(group)) => Some(self.groups.has_member(role, group)),
            _ => None,
        };
        word.read(keyword, self.is_name(word.text, Some(role)))
    }
}

impl RuleWord<'_> {
    /// Interprets a word as a keyword if it is one, and otherwise as a name.
    fn read(&self, keyword: Option<LineMatch>, name: LineMatch) -> LineMatch {
        match (self.quoting, keyword) {
            (Quoting::Plain, Some(keyword)) => keyword,
            (Quoting::Unknown, Some(keyword)) if keyword != name => LineMatch::Perhaps,
            _ => name,
        }
    }
}

impl<'a> Rule<'a> {
    pub(crate) fn new(line: &'a HbaLine, lines: &Lines<'_>) -> Rule<'a> {
        let fields = lines.fields(line.file.as_deref(), line.line);
        // The file changed between two queries if its fields differ.
        let fields = fields.filter(|fields| {
            fields.first().and_then(|kind| kind.first()).map(|kind| kind.text.as_str())
                == line.kind.as_deref()
        });
        let field = |at: usize| fields.as_ref().and_then(|fields| fields.get(at));
        let words = |at: usize, names: &'a [String]| {
            names.iter().map(|text| RuleWord { text, quoting: quoting(field(at), text) }).collect()
        };
        let address = line.address.as_deref();
        let quoted = quoting(field(3), address.unwrap_or_default());
        Rule {
            databases: words(1, &line.databases),
            users: words(2, &line.users),
            origin: Origin::parse(address, line.netmask.as_deref(), quoted),
            path: lines.path(line.file.as_deref()).or(line.file.as_deref()).map(Into::into),
            line,
            fields,
        }
    }

    /// Returns the indexes of its [`WAYS`].
    pub(crate) fn ways(&self) -> impl Iterator<Item = usize> + '_ {
        let kind = self.line.kind.as_deref().unwrap_or_default();
        (0..WAYS.len()).filter(move |way| WAYS[*way].contains(&kind))
    }

    pub(crate) fn is_local(&self) -> bool {
        self.line.kind.as_deref() == Some("local")
    }

    /// Describes the clients: `socket`, or the kind of connection and the address.
    pub(crate) fn clients(&self) -> String {
        let kind = self.line.kind.as_deref().unwrap_or("?");
        match self.line.address.as_deref() {
            None => "socket".into(),
            Some(address) => format!("{kind} {}", addresses::shown(address, self.line.netmask.as_deref())),
        }
    }

    /// Returns `true` if it matches every login and every database, future ones included.
    pub(crate) fn is_for_all(&self) -> bool {
        let all =
            |words: &[RuleWord<'_>]| words.iter().any(|w| w.text == "all" && w.quoting == Quoting::Plain);
        all(&self.databases) && all(&self.users)
    }

    /// Returns `true` if it matches only replication, which `all` does not include.
    pub(crate) fn is_for_replication(&self) -> bool {
        self.databases.iter().all(|word| word.text == "replication" && word.quoting != Quoting::Quoted)
    }

    /// Returns a keyword or group that may be in quotes or not.
    pub(crate) fn doubtful(&self) -> Option<&str> {
        const KEYWORDS: [&str; 5] = ["all", "replication", "sameuser", "samerole", "samegroup"];
        let special = |word: &&RuleWord<'_>| KEYWORDS.contains(&word.text) || word.text.starts_with('+');
        let mut words = self.databases.iter().chain(&self.users).filter(special);
        words.find(|word| word.quoting == Quoting::Unknown).map(|word| word.text)
    }

    pub(crate) fn option(&self, name: &str) -> Option<&'a str> {
        let value = |option: &'a String| option.strip_prefix(name)?.strip_prefix('=');
        self.line.options.iter().find_map(value)
    }

    /// Returns the line without its secrets.
    pub(crate) fn text(&self) -> String {
        let method = self.line.method.as_deref().unwrap_or("?");
        self.text_with(method, &self.line.options)
    }

    /// Returns the line with a password method instead of its own.
    pub(crate) fn corrected(&self) -> String {
        self.text_with("scram-sha-256", &[])
    }

    fn text_with(&self, method: &str, options: &[String]) -> String {
        let line = self.line;
        let field = |at: usize| self.fields.as_ref().and_then(|fields| fields.get(at));
        // The file's own words keep their @, which the view expands.
        let words = |at: usize, words: &[RuleWord<'_>]| match field(at) {
            Some(field) => field.iter().map(|token| written(&token.text, token.quoted)).collect(),
            None => words.iter().map(|word| written(word.text, false)).collect::<Vec<_>>(),
        };
        let address = line.address.as_deref();
        let address = address.map(|address| addresses::shown(address, line.netmask.as_deref()));
        let kind = line.kind.clone().unwrap_or_else(|| "?".into());
        let mut all = vec![kind, words(1, &self.databases).join(","), words(2, &self.users).join(",")];
        all.extend(address);
        all.push(method.to_owned());
        all.extend(options.iter().map(|option| written(&without_secret(option), false)));
        all.join(" ")
    }
}

fn written(word: &str, quoted: bool) -> String {
    let plain = !word.is_empty() && !word.contains([' ', '\t', ',', '"', '#']);
    if plain && !quoted { word.to_owned() } else { format!("\"{}\"", word.replace('"', "\"\"")) }
}

/// Options that contain a password.
const SECRETS: [&str; 2] = ["ldapbindpasswd", "radiussecrets"];

fn without_secret(option: &str) -> String {
    match option.split_once('=') {
        Some((name, _)) if SECRETS.contains(&name) => format!("{name}=<secret>"),
        // A URL may contain one too.
        Some((name, value)) if value.contains('@') && value.contains("://") => format!("{name}=<url>"),
        _ => option.to_owned(),
    }
}
