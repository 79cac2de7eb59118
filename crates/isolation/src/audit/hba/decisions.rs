//! Logins that a line of pg_hba.conf decides about: the first line that matches decides, so a line counts only
//! for what earlier lines leave.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::addresses::{CLEAR, TLS};
use super::groups::MembershipScope;
use super::rules::{Keywords, Request, Rule};
use crate::audit::context::Audit;
use martydb_catalog::LineMatch;
use martydb_model::{RoleGraph, RoleName};

/// Most comparisons of lines with logins. On a server with more lines, roles and databases, the rest counts as
/// decided.
const MOST_STEPS: usize = 20_000_000;

pub(crate) struct Decisions<'a> {
    pub rules: Vec<Rule<'a>>,
    pub meanings: Keywords<'a>,
    logins: Vec<HbaRequest<'a>>,
    /// Set if the server has no TLS, so no connection uses it.
    without_tls: bool,
    steps: Cell<usize>,
}

struct HbaRequest<'a> {
    role: &'a RoleName,
    databases: Vec<Option<&'a str>>,
}

/// Logins that a line decides about, and the databases to which they can then connect; `None` is replication.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DecidedLogins<'a> {
    pub logins: BTreeMap<&'a RoleName, BTreeSet<Option<&'a str>>>,
    /// `true` if earlier lines decide about all of these, or the line matches no existing login.
    pub hidden: bool,
}

impl<'a> Decisions<'a> {
    pub(crate) fn new(audit: &Audit<'a>, rules: Vec<Rule<'a>>, counted: MembershipScope) -> Decisions<'a> {
        let settings = &audit.snapshot.state.parameters.settings;
        let without_tls = settings.get("ssl").is_some_and(|ssl| ssl == "off");
        let (meanings, logins) = (Keywords::new(audit, counted), logins(audit));
        Decisions { rules, meanings, logins, without_tls, steps: Cell::new(0) }
    }

    /// Returns the decision of the line at this index; `admits` returns `true` for roles that it accepts.
    pub(crate) fn of(&self, at: usize, admits: impl Fn(&RoleName) -> bool) -> DecidedLogins<'a> {
        self.of_ways(at, admits, |way| way != TLS || !self.without_tls)
    }

    /// Returns the decision of the line about connections over the network without encryption.
    pub(crate) fn of_clear(&self, at: usize, admits: impl Fn(&RoleName) -> bool) -> DecidedLogins<'a> {
        self.of_ways(at, admits, |way| way == CLEAR)
    }

    fn of_ways(
        &self,
        at: usize,
        admits: impl Fn(&RoleName) -> bool,
        counts: impl Fn(usize) -> bool,
    ) -> DecidedLogins<'a> {
        let before = self.before(at);
        let mut known: BTreeMap<Vec<usize>, bool> = BTreeMap::new();
        let mut decided = DecidedLogins::default();
        for login in self.logins.iter().filter(|login| admits(login.role)) {
            if self.user(at, login.role) == LineMatch::No {
                continue;
            }
            let about_it = |one: &usize| self.user(*one, login.role) == LineMatch::Yes;
            let about_it: Vec<usize> = before.iter().copied().filter(about_it).collect();
            for database in &login.databases {
                let request = Request { role: login.role.as_str(), database: *database };
                if self.database(at, request) == LineMatch::No {
                    continue;
                }
                let is_earlier = |one: &usize| self.database(*one, request) == LineMatch::Yes;
                let earlier: Vec<usize> = about_it.iter().copied().filter(is_earlier).collect();
                let outlasts =
                    *known.entry(earlier).or_insert_with_key(|earlier| self.outlasts(at, earlier, &counts));
                decided.hidden |= !outlasts;
                if outlasts {
                    decided.logins.entry(login.role).or_default().insert(*database);
                }
            }
        }
        // No present login: a line for all future logins hides it as well.
        let is_for_all = |one: &usize| self.rules[*one].is_for_all() && !self.rules[at].is_for_replication();
        let all: Vec<usize> = before.into_iter().filter(is_for_all).collect();
        decided.hidden |= !self.outlasts(at, &all, &counts);
        decided
    }

    /// Returns earlier lines about the same kind of connection and some of the same addresses.
    fn before(&self, at: usize) -> Vec<usize> {
        let rule = &self.rules[at];
        let ways: BTreeSet<usize> = rule.ways().collect();
        let same_way = |one: &usize| self.rules[*one].ways().any(|way| ways.contains(&way));
        (0..at).filter(same_way).filter(|one| rule.origin.is_cut_by(&self.rules[*one].origin)).collect()
    }

    fn user(&self, at: usize, role: &RoleName) -> LineMatch {
        let words = &self.rules[at].users;
        self.compared(words.len(), || words.iter().map(|word| self.meanings.user(word, role.as_str())).max())
    }

    fn database(&self, at: usize, login: Request<'_>) -> LineMatch {
        let words = &self.rules[at].databases;
        self.compared(words.len(), || words.iter().map(|word| self.meanings.database(word, login)).max())
    }

    fn compared(&self, steps: usize, fits: impl FnOnce() -> Option<LineMatch>) -> LineMatch {
        self.steps.set(self.steps.get() + steps);
        if self.steps.get() > MOST_STEPS {
            return LineMatch::Perhaps;
        }
        fits().unwrap_or(LineMatch::No)
    }

    /// Returns `true` if some address in some kind of connection that counts is in none of the earlier lines.
    fn outlasts(&self, at: usize, earlier: &[usize], counts: &impl Fn(usize) -> bool) -> bool {
        let rule = &self.rules[at];
        let is_left = |way: usize| {
            let same = earlier.iter().filter(|one| self.rules[**one].ways().any(|other| other == way));
            rule.origin.outlasts(same.map(|one| &self.rules[*one].origin))
        };
        rule.ways().filter(|way| counts(*way)).any(is_left)
    }
}

/// Returns every role that can log in, with the databases to which its privileges let it connect.
fn logins<'a>(audit: &Audit<'a>) -> Vec<HbaRequest<'a>> {
    let actual = audit.actual;
    let open = actual.databases.iter().filter(|(_, found)| found.allow_connections);
    let all: BTreeSet<&str> = open.clone().map(|(name, _)| name.as_str()).collect();
    // Databases on which each role holds CONNECT; `None` is PUBLIC.
    let mut granted: BTreeMap<Option<&RoleName>, Vec<&str>> = BTreeMap::new();
    for (name, found) in open {
        found.connectors().for_each(|role| granted.entry(role).or_default().push(name.as_str()));
    }
    let logins = actual.roles.iter().filter(|(_, found)| found.login);
    // CONNECT of a role does not count for members that need SET ROLE.
    let memberships = RoleGraph::new(actual.memberships.iter().filter(|row| row.inherit));
    let login = |(role, found): (&'a RoleName, &martydb_model::ActualRole)| {
        let own = audit.managed(role.as_str()).map(|(service, _)| service.database.as_str());
        let inherited = memberships.reachable(role, |_| true).into_iter().map(|path| path.role);
        let holds = inherited.chain([role]).map(Some).chain([None]);
        let given = holds.filter_map(|holder| granted.get(&holder)).flatten().copied();
        let connects: BTreeSet<&str> = if found.superuser {
            all.clone()
        } else {
            given.chain(own.filter(|own| all.contains(own))).collect()
        };
        let mut databases: Vec<Option<&str>> = connects.into_iter().map(Some).collect();
        databases.extend((found.superuser || found.replication).then_some(None));
        HbaRequest { role, databases }
    };
    logins.map(login).collect()
}
