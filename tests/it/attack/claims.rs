//! Claims of the model about each login, read from the graph that the command prints.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::attacker::Reached;
use super::doors::{Entry, is_own_account};

#[derive(Default)]
struct Claim {
    enters: BTreeSet<String>,
    /// Database and role.
    acts: BTreeSet<(String, String)>,
    /// Target and path.
    targets: BTreeMap<String, String>,
}

const VISIT: &str = "superuser, as soon as one uses ";
const ENDS: [&str; 5] =
    ["superuser", "the server's files", "the role ", "the database ", "the privileges of "];

#[derive(Default)]
pub(crate) struct Claims {
    logins: BTreeMap<String, Claim>,
    /// Logins without a password.
    entries: BTreeSet<Entry>,
}

impl Claims {
    /// Reads the output of the command.
    pub(crate) fn read(mut command: Command) -> Claims {
        let output = command.output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let mut claims = Claims::default();
        for edge in document["graph"]["edges"].as_array().unwrap() {
            let name =
                |end: &str| edge[end]["value"].as_str().unwrap().splitn(3, '/').nth(2).unwrap().to_owned();
            let words = edge["properties"]["evidence"].as_str().unwrap();
            if edge["kind"] == "PGLetsIn" {
                claims.lets_in(edge["start"]["value"].as_str().unwrap(), &name("start"), &name("end"), words);
                continue;
            }
            let claim = claims.logins.entry(name("start")).or_default();
            let (to, at) = (name("end"), words.trim_start_matches("in ").to_owned());
            match edge["kind"].as_str().unwrap() {
                "PGEnters" => claim.enters.extend([to]),
                // The server's own roles hold nothing that could be tried.
                "PGActsAs" if to.starts_with("pg_") => {}
                "PGActsAs" => claim.acts.extend([(at, to)]),
                "PGReaches" => claim.targets.extend([(to, words.to_owned())]),
                _ => {}
            }
        }
        claims
    }

    /// `words` are the line's place, a colon, and databases.
    fn lets_in(&mut self, id: &str, from: &str, login: &str, words: &str) {
        let is_account = id.contains("/account/");
        if is_account && !is_own_account(from) {
            return;
        }
        let (_, databases) = words.split_once(": ").unwrap();
        let entry = |database: &str| Entry {
            login: login.into(),
            database: database.into(),
            socket: is_account || from == "socket",
        };
        self.entries.extend(databases.split(", ").map(entry));
    }

    /// Logins that only one of the two lets in.
    pub(crate) fn different_entries(&self, found: &BTreeSet<Entry>, logins: &[String]) -> Vec<String> {
        let own: BTreeSet<Entry> =
            self.entries.iter().filter(|entry| logins.contains(&entry.login)).cloned().collect();
        let model = own.difference(found).map(|entry| format!("model only: {entry:?}"));
        model.chain(found.difference(&own).map(|entry| format!("attacker only: {entry:?}"))).collect()
    }

    /// The paths of a login.
    pub(crate) fn paths(&self, login: &str) -> String {
        let claim = self.logins.get(login).into_iter();
        claim.flat_map(|claim| claim.targets.values()).map(|path| format!("  {path}\n")).collect()
    }

    /// Facts that only one of the two knows.
    pub(crate) fn differences(&self, login: &str, found: &Reached) -> Vec<String> {
        let none = Claim::default();
        let claim = self.logins.get(login).unwrap_or(&none);
        // The model's walk ends at another service and at a superuser; the attacker continues, and ends there.
        let is_end = |target: &String| {
            ENDS.iter().any(|end| target.starts_with(end)) && !target.contains("as soon as")
        };
        let has_end = claim.targets.keys().any(is_end);
        if has_end && found.is_superuser() {
            return vec![];
        }
        let mut different = vec![];
        for target in claim.targets.keys().filter(|target| !is_reached(target, found)) {
            different.push(format!("model only: {target}"));
        }
        different.extend(claim.enters.difference(&found.enters).map(|at| format!("model only: enters {at}")));
        different.extend(claim.acts.difference(&found.acts).map(|fact| format!("model only: acts {fact:?}")));
        if has_end {
            return different;
        }
        different
            .extend(found.enters.difference(&claim.enters).map(|at| format!("attacker only: enters {at}")));
        let acts = found.acts.iter().filter(|(_, role)| role != login);
        different.extend(
            acts.filter(|fact| !claim.acts.contains(fact))
                .map(|fact| format!("attacker only: acts {fact:?}")),
        );
        let visits = found.visits.iter().filter(|at| !claim.targets.contains_key(&format!("{VISIT}{at}")));
        different.extend(visits.map(|at| format!("attacker only: a superuser's visit to {at}")));
        let wide = [
            ("superuser", found.acts.iter().any(|(_, role)| role == "boss")),
            ("the server's files", found.files || found.programs),
            ("secrets of the server's catalogs", found.verifiers),
        ];
        different.extend(
            wide.iter()
                .filter(|(target, is)| *is && !claim.targets.contains_key(*target))
                .map(|(target, _)| format!("attacker only: {target}")),
        );
        different
    }
}

fn is_reached(target: &str, found: &Reached) -> bool {
    if let Some(database) = target.strip_prefix(VISIT) {
        return found.visits.contains(database) || found.is_superuser();
    }
    match (target, target.strip_prefix("the role "), target.strip_prefix("the database ")) {
        ("superuser", ..) => found.is_superuser(),
        ("the server's files", ..) => found.files || found.programs || found.is_superuser(),
        ("secrets of the server's catalogs", ..) => found.verifiers || found.is_superuser(),
        (_, Some(role), _) => found.acts.iter().any(|(_, other)| other == role),
        (_, _, Some(database)) => found.enters.contains(database),
        // Other ways to the same end are tried elsewhere.
        _ => true,
    }
}
