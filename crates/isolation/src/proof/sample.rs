//! Choice of the pairs of a login and another database that a large server is tried with. Pure.

use std::collections::{HashMap, HashSet};

use super::hba::{names_database, names_role};
use crate::probe::{OtherDatabases, ProbeLogin, Task};
use martydb_catalog::HbaLine;
use martydb_model::{ActualServer, RoleGraph, RoleName};

/// Most attempts of a run whose extent is chosen by size: about a minute for a server that answers 330 logins a second.
pub(crate) const MOST_PAIRS: usize = 20_000;

/// Probability, in percent, of the statement that [`detectable`] makes.
pub(crate) const CONFIDENCE: u32 = 97;

/// Source of the databases' connect privileges and of the rules that name a login.
pub(crate) struct AccessRules<'a> {
    pub server: &'a ActualServer,
    /// Rules of pg_hba.conf, if the admin may read them.
    pub hba: Option<&'a [HbaLine]>,
}

/// Databases at which each login is tried, by their index in the task, and the size of the random part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PairSample {
    pub foreign: Vec<Vec<usize>>,
    /// Smallest share of a login's pairs that were drawn, from 0 to 1; those that the rules do not decide alike are all
    /// tried and do not count.
    pub share: f64,
}

/// Draws a sample of at most `most` attempts, at least one per login beside its own database. Returns `None` if all
/// pairs are no more than that.
///
/// Pairs that the catalogs or pg_hba.conf do not treat like the rest come first.
pub(crate) fn draw(
    task: &Task,
    foreign: &OtherDatabases<'_>,
    rules: &AccessRules<'_>,
    most: usize,
    seed: u64,
) -> Option<PairSample> {
    let logins = 0..task.logins.len();
    let pairs = logins.len() + logins.clone().map(|login| foreign.count(login)).sum::<usize>();
    if pairs <= most {
        return None;
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let per_login = (most / task.logins.len()).saturating_sub(1).max(1);
    let connecting = ConnectingRoles::new(task, rules);
    let split = |login: usize| {
        let exceptions = connecting.exceptions(&task.logins[login]);
        foreign.all(login).into_iter().partition::<Vec<_>, _>(|index| exceptions.contains(index))
    };
    let mut share = 1.0_f64;
    let mut chosen = |(mut exceptions, alike): (Vec<usize>, Vec<usize>)| {
        // PUBLIC's CONNECT everywhere makes all pairs exceptions; the catalogs report it without a login.
        random.shuffle(&mut exceptions);
        exceptions.truncate(per_login);
        let drawn = random.choose_multiple(alike.iter().copied(), (per_login - exceptions.len()).max(1));
        if !alike.is_empty() {
            share = share.min(drawn.len() as f64 / alike.len() as f64);
        }
        let mut tried = [exceptions, drawn].concat();
        tried.sort_unstable();
        tried
    };
    let foreign = logins.map(split).map(&mut chosen).collect();
    Some(PairSample { foreign, share })
}

/// Returns the least number of open pairs of which a sample with this share of each login's pairs finds at least one
/// with [`CONFIDENCE`], however they are distributed: each open pair is missed with a probability of at most 1 − share.
pub(crate) fn detectable(share: f64) -> usize {
    let missed = 1.0 - f64::from(CONFIDENCE) / 100.0;
    if share >= 1.0 { 1 } else { (missed.ln() / (1.0 - share).ln()).ceil() as usize }
}

/// Databases of a task, by the roles that hold CONNECT there.
struct ConnectingRoles<'a> {
    task: &'a Task,
    rules: &'a AccessRules<'a>,
    groups: RoleGraph<'a>,
    /// By their indexes; `None` for PUBLIC.
    held: HashMap<Option<&'a RoleName>, Vec<usize>>,
    /// Those that the catalogs do not have.
    unknown: Vec<usize>,
}

impl<'a> ConnectingRoles<'a> {
    fn new(task: &'a Task, rules: &'a AccessRules<'a>) -> ConnectingRoles<'a> {
        let mut held: HashMap<Option<&RoleName>, Vec<usize>> = HashMap::new();
        let mut unknown = vec![];
        for (index, database) in task.databases.iter().enumerate() {
            match rules.server.databases.get(&database.name) {
                Some(found) => {
                    found.connectors().for_each(|holder| held.entry(holder).or_default().push(index));
                }
                None => unknown.push(index),
            }
        }
        let groups = RoleGraph::new(rules.server.memberships.iter().filter(|row| row.inherit));
        ConnectingRoles { task, rules, groups, held, unknown }
    }

    /// Returns the databases that the rules do not treat like the rest for one login.
    fn exceptions(&self, login: &ProbeLogin) -> HashSet<usize> {
        let role = login.role.as_str();
        if self.rules.server.roles.get(&login.role).is_some_and(|role| role.superuser) {
            return (0..self.task.databases.len()).collect();
        }
        let inherited = self.groups.reachable(&login.role, |_| true).into_iter().map(|path| path.role);
        let holders = inherited.chain([&login.role]).map(Some).chain([None]);
        let held = holders.filter_map(|holder| self.held.get(&holder)).flatten();
        let mut found: HashSet<usize> = held.chain(&self.unknown).copied().collect();
        for line in self.rules.hba.into_iter().flatten().filter(|line| names_role(line, role)) {
            let databases = self.task.databases.iter().enumerate();
            let named = databases.filter(|(_, database)| names_database(line, role, database.name.as_str()));
            found.extend(named.map(|(index, _)| index));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{AccessPolicy, ProbeDatabase, ProbeSelection};
    use crate::tests::{entry, hba_line};
    use martydb_model::{
        ActualDatabase, ActualRole, DatabaseKind, DbName, Membership, RoleKind, ServiceName,
    };
    use martydb_pg::server::{Endpoint, Host, Tls};
    use std::time::Duration;

    const SERVICES: usize = 40;

    fn task() -> Task {
        let service = |n: usize| ServiceName::new(format!("s{n}")).unwrap();
        let database = |n: usize| DbName::new(format!("d{n}")).unwrap();
        let login = |n| ProbeLogin {
            service: service(n),
            kind: RoleKind::App,
            role: RoleName::new(format!("r{n}")).unwrap(),
            database: database(n),
            also: vec![],
            further: false,
            replicates: false,
            password: None,
        };
        let place = |n| ProbeDatabase {
            name: database(n),
            allow_connections: true,
            kind: DatabaseKind::Service(service(n)),
            policy: AccessPolicy::Closed,
        };
        Task {
            server: "main".into(),
            endpoint: Endpoint { host: Host::Tcp("localhost".into()), port: 1, tls: Tls::default() },
            logins: (0..SERVICES).map(login).collect(),
            databases: (0..SERVICES).map(place).collect(),
            concurrency: 1,
            most: 1,
            timeout: Duration::ZERO,
            patience: Duration::ZERO,
            selection: ProbeSelection::All,
        }
    }

    /// PUBLIC connects to d3, and a group of r5 to d7.
    fn server() -> ActualServer {
        let acl = |n| match n {
            3 => vec![entry(None, "CONNECT", "adm")],
            7 => vec![entry(Some("crew"), "CONNECT", "adm")],
            n => vec![entry(Some(&format!("r{n}")), "CONNECT", "adm")],
        };
        let database = |n: usize| {
            let found = ActualDatabase { allow_connections: true, acl: acl(n), ..ActualDatabase::default() };
            (DbName::new(format!("d{n}")).unwrap(), found)
        };
        let role = |n: usize| (RoleName::new(format!("r{n}")).unwrap(), ActualRole::default());
        let member = Membership {
            role: RoleName::new("crew").unwrap(),
            member: RoleName::new("r5").unwrap(),
            grantor: None,
            admin: false,
            inherit: true,
            set: true,
        };
        ActualServer {
            databases: (0..SERVICES).map(database).collect(),
            roles: (0..SERVICES).map(role).collect(),
            memberships: vec![member],
            ..ActualServer::default()
        }
    }

    fn drawn(task: &Task, rules: &AccessRules<'_>, most: usize, seed: u64) -> Option<PairSample> {
        draw(task, &OtherDatabases::new(task), rules, most, seed)
    }

    fn line(method: &str) -> HbaLine {
        HbaLine { users: vec!["r9".into()], ..hba_line("d11", method) }
    }

    #[test]
    fn a_sample_has_each_unusual_pair_and_each_login_at_another_database() {
        let (task, server, lines) = (task(), server(), [line("trust")]);
        let rules = AccessRules { server: &server, hba: Some(&lines) };
        let sample = drawn(&task, &rules, 200, 1).unwrap();
        for (login, tried) in sample.foreign.iter().enumerate() {
            assert!((1..=4).contains(&tried.len()) && !tried.contains(&login), "{login}: {tried:?}");
            assert!(login == 3 || tried.contains(&3), "{login}: {tried:?}");
        }
        assert!(sample.foreign[5].contains(&7) && sample.foreign[9].contains(&11), "{:?}", sample.foreign);
        assert_eq!(sample.share, 2.0 / 37.0, "of a login whose pairs stand out twice");
        assert_ne!(sample, drawn(&task, &rules, 200, 2).unwrap(), "another run tries others");
        assert_eq!(drawn(&task, &rules, SERVICES * SERVICES, 1), None, "all fit");
    }

    #[test]
    fn even_a_small_limit_tries_each_login_once() {
        let (task, server, lines) = (task(), server(), [line("reject")]);
        let sample = drawn(&task, &AccessRules { server: &server, hba: Some(&lines) }, 1, 1).unwrap();
        assert!(sample.foreign.iter().all(|tried| !tried.is_empty()));
        assert!(names_role(&line("trust"), "r9") && !names_role(&line("reject"), "r9"));
    }

    #[test]
    fn the_statement_about_a_sample_follows_from_its_share() {
        assert_eq!([0.03, 0.5, 1.0].map(detectable), [116, 6, 1]);
    }
}
