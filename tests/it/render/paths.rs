//! A network's path is there if and only if the manifest gives a login, in Compose and in Kubernetes, and on the server.

use std::collections::BTreeSet;
use std::fmt::Write;

use martydb_manifest::ManifestPath;
use martydb_render::{DeploymentPlan, ProjectPaths, RenderTarget};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_yaml::Value;

use super::network::{Cluster, name};
use crate::support::{Project, Server};

/// A service's number, the server that it is on, and the services that a further login of it may read.
#[derive(Debug, Clone)]
struct World {
    servers: usize,
    services: Vec<(usize, BTreeSet<usize>)>,
    /// Further logins whose time is over, or that are groups: they open nothing.
    idle: BTreeSet<usize>,
}

fn worlds() -> impl Strategy<Value = World> {
    (1..4_usize, 1..6_usize).prop_flat_map(|(servers, services)| {
        let service = (0..servers, prop::collection::btree_set(0..services, 0..3));
        let idle = prop::collection::btree_set(0..services, 0..2);
        (prop::collection::vec(service, services), idle).prop_map(move |(services, idle)| World {
            servers,
            services,
            idle,
        })
    })
}

impl World {
    fn manifest(&self, urls: impl Fn(usize) -> String) -> String {
        let mut text = "version: 1\nproject: paths\nsecrets: { provider: env }\nservers:\n".to_owned();
        for server in 0..self.servers {
            writeln!(text, "  v{server}: {{ url: '{}', password_env: PGPASSWORD }}", urls(server)).unwrap();
        }
        text += "services:\n";
        for (number, (server, reads)) in self.services.iter().enumerate() {
            write!(text, "  rp_s{number}: {{ server: v{server}").unwrap();
            if !reads.is_empty() {
                let names: Vec<String> = reads.iter().map(|other| format!("rp_s{other}")).collect();
                let until = if self.idle.contains(&number) { ", until: 2020-01-01" } else { "" };
                write!(
                    text,
                    ", access: {{ rp_x{number}: {{ login: true, read: [{}], reason: test{until} }} }}",
                    names.join(", ")
                )
                .unwrap();
            }
            text += " }\n";
        }
        text
    }

    /// Whether the manifest gives a service a login in another one's database.
    fn has_login(&self, service: usize, database: usize) -> bool {
        service == database || (self.services[service].1.contains(&database) && !self.idle.contains(&service))
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> {
        let count = self.services.len();
        (0..count).flat_map(move |service| (0..count).map(move |database| (service, database)))
    }
}

fn rendered(manifest: &str, target: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("martydb.yaml");
    std::fs::write(&path, manifest).unwrap();
    let manifest = martydb_manifest::load(&ManifestPath::named(&path), "development", &Default::default());
    let manifest = manifest.unwrap_or_else(|error| panic!("{error:?}"));
    let places = ProjectPaths { from_file: ".".into(), in_repository: ".".into() };
    let landscape = DeploymentPlan::new(&manifest, places).unwrap_or_else(|error| panic!("{error:?}"));
    let text = RenderTarget::named(target).unwrap().text(&landscape);
    text.unwrap_or_else(|error| panic!("{error:?}"))
}

fn networks(compose: &Value, container: &str) -> BTreeSet<String> {
    let all = compose["services"][container]["networks"].as_sequence().unwrap();
    all.iter().map(|network| network.as_str().unwrap().to_owned()).collect()
}

proptest! {
    // Each renders four targets.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_path_is_a_login(world in worlds()) {
        let manifest = world.manifest(|server| format!("postgresql://adm@db{server}:5432/postgres"));
        let compose: Value = serde_yaml::from_str(&rendered(&manifest, "compose")).unwrap();
        let clusters = ["kubernetes", "cloudnative-pg"].map(|target| Cluster::read(&rendered(&manifest, target)));
        let pooler = rendered(&manifest, "pgbouncer");
        for (service, database) in world.pairs() {
            let entrance = pooler.lines().find(|line| line.starts_with(&format!("host \"rp_s{database}\" "))).unwrap();
            let enters = [format!("\"rp_s{service}_app\""), format!("\"rp_x{service}\"")].iter().any(|login| entrance.contains(login));
            prop_assert_eq!(enters, world.has_login(service, database), "{} {} {}", service, database, &manifest);
            let (own, network) = (networks(&compose, &format!("rp-s{service}")), format!("database-rp-s{database}"));
            prop_assert_eq!(own.contains(&network), world.has_login(service, database), "{} {} {}", service, database, &manifest);
            // The network of a database leads to its server and to no other.
            for server in 0..world.servers {
                let there = networks(&compose, &format!("db{server}")).contains(&network);
                prop_assert_eq!(there, server == world.services[database].0);
            }
        }
        let pooled = manifest.replace("services:\n", "deploy: { pooler: {} }\nservices:\n");
        let pooled = Cluster::read(&rendered(&pooled, "cloudnative-pg"));
        for server in 0..world.servers {
            let (db, pooler) = (format!("db{server}"), format!("db{server}-pooler-rw"));
            // A pooler leads to its own server, and only services use it.
            for other in 0..world.servers {
                prop_assert_eq!(pooled.passes(&pooler, &format!("db{other}"), 5432), other == server);
            }
            prop_assert!(pooled.reaches(&name("martydb"), &db, 5432) && !pooled.reaches(&name("martydb"), &pooler, 5432));
        }
        for service in 0..world.services.len() {
            for server in 0..world.servers {
                let (pods, db) = (name(&format!("rp_s{service}")), format!("db{server}"));
                let login = (0..world.services.len())
                    .any(|database| world.services[database].0 == server && world.has_login(service, database));
                for at in [&db, &format!("{db}-pooler-rw")] {
                    prop_assert_eq!(pooled.reaches(&pods, at, 5432), login, "{} {} {}", service, at, &manifest);
                    prop_assert!(!pooled.reaches(&[("app".to_owned(), "other".to_owned())].into(), at, 5432));
                }
                for cluster in &clusters {
                    prop_assert_eq!(cluster.reaches(&pods, &db, 5432), login, "{} {} {}", service, server, &manifest);
                }
                // On Compose the only network that all servers share is martydb's.
                let shared: Vec<_> = networks(&compose, &format!("rp-s{service}")).intersection(&networks(&compose, &db)).cloned().collect();
                prop_assert_eq!(!shared.is_empty(), login);
            }
        }
        let strange = [("app".to_owned(), "other".to_owned())].into();
        for server in 0..world.servers {
            let db = format!("db{server}");
            for cluster in &clusters {
                prop_assert!(!cluster.reaches(&strange, &db, 5432));
                prop_assert!(cluster.reaches(&name("martydb"), &db, 5432));
                prop_assert!(!cluster.reaches(&name("martydb"), &db, 22));
            }
        }
    }
}

/// Random manifests that are applied: each takes a second or two.
const APPLIED: usize = 6;

/// The same pairs, asked of servers after `apply`.
#[test]
fn a_login_is_a_right_to_connect() {
    let servers = [Server::start(), Server::start()];
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let few = worlds().prop_filter("more servers than there are", |world| world.servers <= servers.len());
    let random = (0..APPLIED).map(|_| few.new_tree(&mut runner).unwrap().current());
    let chosen = World {
        servers: 1,
        services: vec![(0, [1].into()), (0, [].into()), (0, [0, 1].into()), (0, [1, 3].into())],
        idle: [3].into(),
    };
    for (number, world) in [chosen].into_iter().chain(random).enumerate() {
        // Roles are those of the whole server.
        let own = |text: &str| {
            text.replace("rp_", &format!("rp{number}_"))
                .replace("project: paths", &format!("project: paths{number}"))
        };
        let manifest =
            own(&world.manifest(|server| servers[server].url())).replace("secrets: { provider: env }\n", "");
        let project = Project::with_manifest(&manifest);
        project.run(&["apply", "--all", "-y"]).expect(0);
        let text = world.manifest(|server| format!("postgresql://adm@db{server}:5432/postgres"));
        let compose: Value = serde_yaml::from_str(&rendered(&text, "compose")).unwrap();
        let cluster = Cluster::read(&rendered(&text, "kubernetes"));
        for (service, database) in world.pairs() {
            let at = world.services[database].0;
            let asked = own(&format!(
                "SELECT coalesce(bool_or(has_database_privilege(rolname, 'rp_s{database}', 'CONNECT')), false)::text \
                 FROM pg_roles WHERE rolcanlogin AND (starts_with(rolname, 'rp_s{service}_') OR rolname = 'rp_x{service}')"
            ));
            let right = servers[at].value("postgres", &asked) == "true";
            let network = format!("database-rp-s{database}");
            let path = networks(&compose, &format!("rp-s{service}")).contains(&network);
            let expected = world.has_login(service, database);
            assert_eq!((right, path), (expected, expected), "{service} {database}\n{manifest}");
            // A policy knows servers, not their databases: no right without a path.
            let reached = cluster.reaches(&name(&format!("rp_s{service}")), &format!("db{at}"), 5432);
            assert!(!right || reached, "{service} {database}\n{manifest}");
        }
    }
}

/// Two services that declare one login of their own name no user of it: a shared reporting login is no path between them.
#[test]
fn a_login_in_two_entries_belongs_to_neither() {
    let entry = |reads: &str| {
        format!("{{ server: v0, access: {{ rp_x: {{ login: true, read: [{reads}], reason: test }} }} }}")
    };
    let head = "version: 1\nproject: paths\nsecrets: { provider: env }\nservers:\n  v0: { url: 'postgresql://adm@db0/postgres' }\nservices:\n";
    for (second, shared) in [(entry("rp_b"), false), ("{ server: v0 }".to_owned(), true)] {
        let reads = if shared { "rp_a, rp_b" } else { "rp_a" };
        let manifest = format!("{head}  rp_a: {}\n  rp_b: {second}\n", entry(reads));
        let compose: Value = serde_yaml::from_str(&rendered(&manifest, "compose")).unwrap();
        assert_eq!(networks(&compose, "rp-a").contains("database-rp-b"), shared, "{manifest}");
        assert!(!networks(&compose, "rp-b").contains("database-rp-a"), "{manifest}");
    }
}
