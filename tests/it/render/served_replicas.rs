//! Ways to replicas: of a deployed data service to those that it reads, of what proves and monitors to all, and of no other pod.

use serde_yaml::Value;

use super::network::{Cluster, name, objects};
use crate::support::Project;

/// Replicas of `one`: two in the namespace, one by its address, one by its name. `slow` is not for the data service, and
/// `two` exposes nothing.
const MANIFEST: &str = "\
version: 1
project: shop
servers:
  one:
    url: 'postgresql://adm@db-one-rw:5432/postgres?sslmode=verify-full'
    password_env: ONE
    deploy: { cidrs: [10.30.0.0/24] }
    replicas:
      - { name: inside, url: 'postgresql://db-one-ro:5432' }
      - { name: beside, url: 'postgresql://pg-beside.shop.svc:5433' }
      - { name: address, url: 'postgresql://10.20.0.7:6432' }
      - { name: named, url: 'postgresql://r1.example.org:6433' }
      - { name: slow, url: 'postgresql://10.20.0.8:6434', role: analytics }
  two:
    url: 'postgresql://adm@db-two-rw:5432/postgres?sslmode=verify-full'
    password_env: TWO
    replicas:
      - { name: other, url: 'postgresql://10.20.0.9:6435' }
secrets: { provider: env }
serve:
  callers:
    billing: { service: orders, as: read }
services:
  orders: { server: one, serve: {} }
  billing: { server: two }
";

fn rendered(manifest: &str, target: &str) -> String {
    Project::with_manifest(manifest).run(&["render", target]).expect(0).stdout
}

/// The peers at a port to which a policy lets its pods connect, or from which.
fn peers(text: &str, policy: &str, (key, side): (&str, &str), port: u16) -> Vec<Value> {
    let all = objects(text);
    let mut policies =
        all.iter().filter(|one| one["kind"] == "NetworkPolicy" && one["metadata"]["name"] == policy);
    let rules = policies.next().and_then(|policy| policy["spec"][key].as_sequence()).into_iter().flatten();
    let rules = rules.filter(|rule| rule["ports"][0]["port"] == port);
    rules.flat_map(|rule| rule[side].as_sequence().unwrap()).cloned().collect()
}

fn selected(labels: &str) -> Value {
    serde_yaml::from_str(&format!("podSelector: {{ matchLabels: {labels} }}")).unwrap()
}

#[test]
fn only_martydb_and_the_data_service_reach_replicas() {
    for target in ["kubernetes", "cloudnative-pg"] {
        let cluster = Cluster::read(&rendered(MANIFEST, target));
        for (from, network, port, expected) in [
            ("martydb-serve", "10.20.0.7/32", 6432, true),
            ("martydb-serve", "10.20.0.7/32", 5432, false),
            ("martydb-serve", "10.30.0.0/24", 6433, true),
            ("martydb-serve", "10.30.0.0/24", 5432, false),
            ("martydb-serve", "10.20.0.8/32", 6434, false),
            ("martydb-serve", "10.20.0.9/32", 6435, false),
            ("martydb", "10.20.0.7/32", 6432, true),
            ("martydb", "10.30.0.0/24", 6433, true),
            ("martydb", "10.20.0.8/32", 6434, true),
            ("martydb", "10.20.0.9/32", 6435, true),
            ("martydb", "10.20.0.9/32", 5432, false),
            ("orders", "10.20.0.7/32", 6432, false),
            ("billing", "10.30.0.0/24", 6433, false),
        ] {
            let reaches = cluster.reaches_network(&name(from), network, port);
            assert_eq!(reaches, expected, "{target}: {from} {network} {port}");
        }
    }
}

#[test]
fn a_replica_in_the_namespace_admits_martydb_and_the_data_service() {
    let (to, from) = (("egress", "to"), ("ingress", "from"));
    let martydb = selected("{ app.kubernetes.io/name: martydb }");
    let both = [martydb.clone(), selected("{ app.kubernetes.io/name: martydb-serve }")];
    let labels = |host: &str| {
        selected(&format!("{{ app.kubernetes.io/instance: {host}, app.kubernetes.io/name: postgres }}"))
    };
    let text = rendered(MANIFEST, "kubernetes");
    assert_eq!(peers(&text, "martydb-serve", to, 5433), [labels("pg-beside")]);
    assert_eq!(peers(&text, "martydb-serve", to, 5432), [labels("db-one"), labels("db-one-ro")]);
    assert_eq!(peers(&text, "martydb", to, 5433), [labels("pg-beside")]);
    assert_eq!(peers(&text, "replica-one-beside", from, 5433), both);
    assert_eq!(peers(&text, "replica-one-inside", from, 5432), both);
    let text = rendered(&MANIFEST.replacen("serve: {} }", "serve: { audit: all } }", 1), "kubernetes");
    assert_eq!(peers(&text, "replica-one-beside", from, 5433), [martydb]);

    // The operator's host of replicas stands for pods of the server, whose policy admits both.
    let text = rendered(MANIFEST, "cloudnative-pg");
    assert_eq!(peers(&text, "martydb-serve", to, 5432), [selected("{ cnpg.io/cluster: db-one }")]);
    assert_eq!(peers(&text, "martydb-serve", to, 5433), [selected("{ cnpg.io/cluster: pg-beside }")]);
    assert!(both.iter().all(|one| peers(&text, "db-one", from, 5432).contains(one)), "{text}");
    assert_eq!(peers(&text, "replica-one-beside", from, 5433), both);
    assert!(!text.contains("replica-one-inside"), "{text}");
}

#[test]
fn without_reads_at_replicas_the_data_service_has_no_path_to_them() {
    for (change, with) in [
        // A record of each read is written, at the primary.
        ("serve: {} }", "serve: { audit: all } }"),
        ("serve:\n", "deploy: { workloads: [relay] }\nserve:\n"),
        ("as: read }", "as: read }\n    two: { service: billing, as: read }"),
    ] {
        let text = MANIFEST.replacen(change, with, 1);
        let text = match with.contains("two:") {
            true => text
                .replace("orders: { server: one, serve: {} }", "orders: { server: one }")
                .replace("    billing: { service: orders, as: read }\n", "")
                .replace("billing: { server: two }", "billing: { server: two, serve: {} }"),
            false => text,
        };
        for target in ["kubernetes", "cloudnative-pg"] {
            let cluster = Cluster::read(&rendered(&text, target));
            for (network, port, expected) in [
                ("10.20.0.7/32", 6432, false),
                ("10.30.0.0/24", 6433, false),
                ("10.20.0.9/32", 6435, with.contains("two:")),
            ] {
                let reaches = cluster.reaches_network(&name("martydb-serve"), network, port);
                assert_eq!(reaches, expected, "{target} {with}: {network} {port}");
            }
        }
    }
    // In Compose it reaches them by the network that is not internal.
    let compose: Value = serde_yaml::from_str(&rendered(MANIFEST, "compose")).unwrap();
    let networks = &compose["services"]["martydb-serve"]["networks"];
    assert_eq!(networks, &serde_yaml::from_str::<Value>("[database-orders, default]").unwrap());
    assert_eq!(compose["networks"]["default"]["internal"], false);
}

#[test]
fn a_replica_that_could_not_be_reached_is_refused() {
    for (from, to, said) in [
        (
            "deploy: { cidrs: [10.30.0.0/24] }",
            "deploy: {}",
            "the replica \"named\" of the server \"one\" is at r1",
        ),
        (
            "10.20.0.7:6432",
            "10.20.0.7:6432/?sslmode=prefer",
            "the replica \"address\" of the server \"one\" only by TLS",
        ),
    ] {
        let project = Project::with_manifest(&MANIFEST.replace(from, to));
        for target in ["kubernetes", "cloudnative-pg"] {
            let refused = project.run(&["render", target]).expect(2);
            assert!(refused.stderr.contains(said), "{to}: {}", refused.stderr);
        }
    }
}
