//! Databases other than each login's own, found by an index: the pairs of a login and a database grow with the square of
//! the services.

use std::collections::HashMap;

use super::task::{ProbeDatabase, ProbeLogin, ProbeSelection, Task};
use martydb_model::{DatabaseKind, DbName, ServiceName};

/// Index of the databases that accept connections, by which a login's own ones, of which there are few, are left out.
pub struct OtherDatabases<'a> {
    task: &'a Task,
    /// By their indexes in the task.
    open: Vec<usize>,
    /// Places in `open`, by name.
    names: HashMap<&'a DbName, usize>,
    /// Places in `open` of each service's own databases, test databases included.
    services: HashMap<&'a ServiceName, Vec<usize>>,
}

impl<'a> OtherDatabases<'a> {
    pub fn new(task: &'a Task) -> OtherDatabases<'a> {
        let is_open = |(_, database): &(usize, &ProbeDatabase)| database.allow_connections;
        let open: Vec<usize> = task.databases.iter().enumerate().filter(is_open).map(|(at, _)| at).collect();
        let mut names = HashMap::new();
        let mut services: HashMap<&ServiceName, Vec<usize>> = HashMap::new();
        for (place, at) in open.iter().enumerate() {
            let database = &task.databases[*at];
            names.insert(&database.name, place);
            if let DatabaseKind::Service(service) = &database.kind {
                services.entry(service).or_default().push(place);
            }
        }
        OtherDatabases { task, open, names, services }
    }

    /// Returns the number of databases that are not the login's own and accept connections.
    pub fn count(&self, login: usize) -> usize {
        self.open.len() - self.own(login).len()
    }

    /// Returns these databases, by their indexes in the task.
    pub fn all(&self, login: usize) -> Vec<usize> {
        let own = self.own(login);
        let places = self.open.iter().enumerate();
        places.filter(|(place, _)| own.binary_search(place).is_err()).map(|(_, at)| *at).collect()
    }

    /// Returns one of them, a different one for each login, so that together they try all of them.
    pub fn one(&self, login: usize) -> Option<usize> {
        let own = self.own(login);
        let mut place = login.checked_rem(self.open.len() - own.len())?;
        for skipped in own {
            place += usize::from(skipped <= place);
        }
        Some(self.open[place])
    }

    /// Returns the places of the login's own databases, in order.
    fn own(&self, login: usize) -> Vec<usize> {
        let ProbeLogin { service, database, also, .. } = &self.task.logins[login];
        let named = [database].into_iter().chain(also).filter_map(|name| self.names.get(name));
        let mut own: Vec<usize> =
            self.services.get(service).into_iter().flatten().chain(named).copied().collect();
        own.sort_unstable();
        own.dedup();
        own
    }
}

impl ProbeSelection {
    /// Chooses one other database for each login.
    pub fn one_each(task: &Task) -> ProbeSelection {
        let foreign = OtherDatabases::new(task);
        let one = |login| foreign.one(login).into_iter().collect();
        ProbeSelection::Chosen((0..task.logins.len()).map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::AccessPolicy;
    use super::*;
    use martydb_model::{RoleKind, RoleName};
    use martydb_pg::server::{Endpoint, Host, Tls};
    use std::time::Duration;

    fn service(n: usize) -> ServiceName {
        ServiceName::new(format!("s{n}")).unwrap()
    }

    fn database(name: &str) -> DbName {
        DbName::new(name).unwrap()
    }

    /// Seven services, of which the third has no database and the fifth a closed one; further logins have several or none.
    fn task(databases: &[(&str, Option<usize>, bool)]) -> Task {
        let login = |n: usize, home: &str, also: &[&str]| ProbeLogin {
            also: also.iter().map(|name| database(name)).collect(),
            ..ProbeLogin::new(
                service(n),
                RoleKind::App,
                RoleName::new(format!("r{n}{home}")).unwrap(),
                database(home),
                None,
            )
        };
        let mut logins: Vec<ProbeLogin> = (0..7).map(|n| login(n, &format!("d{n}"), &[])).collect();
        logins.extend([
            login(1, "d1", &["d2", "d6", "gone"]),
            login(2, "d4", &["d0"]),
            login(9, "postgres", &[]),
        ]);
        let place = |(name, of, open): &(&str, Option<usize>, bool)| ProbeDatabase {
            name: database(name),
            allow_connections: *open,
            kind: of.map_or(DatabaseKind::Unmanaged, |n| DatabaseKind::Service(service(n))),
            policy: AccessPolicy::Closed,
        };
        Task {
            server: "main".into(),
            endpoint: Endpoint { host: Host::Tcp("localhost".into()), port: 1, tls: Tls::default() },
            logins,
            databases: databases.iter().map(place).collect(),
            concurrency: 1,
            most: 1,
            timeout: Duration::ZERO,
            patience: Duration::ZERO,
            selection: ProbeSelection::All,
        }
    }

    #[test]
    fn the_index_finds_what_a_look_at_every_pair_finds() {
        let several = [
            ("a", None, true),
            ("d0", Some(0), true),
            ("d1", Some(1), true),
            ("d1_test", Some(1), true),
            ("d3", Some(3), true),
            ("d4", Some(4), false),
            ("d4_test", Some(4), true),
            ("d5", Some(5), true),
            ("d6", Some(6), true),
            ("postgres", None, true),
            ("z", None, false),
        ];
        for databases in [&several[..], &several[..3], &several[1..2], &several[5..6], &[]] {
            let task = task(databases);
            let foreign = OtherDatabases::new(&task);
            let ProbeSelection::Chosen(chosen) = ProbeSelection::one_each(&task) else {
                panic!("none chosen")
            };
            for login in 0..task.logins.len() {
                let all = task.foreign(login);
                assert_eq!((foreign.all(login), foreign.count(login)), (all.clone(), all.len()), "{login}");
                let one = (!all.is_empty()).then(|| all[login % all.len()]);
                assert_eq!((foreign.one(login), &chosen[login]), (one, &Vec::from_iter(one)), "{login}");
            }
        }
    }
}
