//! The monitor and the relay: what is deployed, and which ways lead to and from it.

use serde_yaml::Value;

use super::network::{Cluster, Labels, name, objects};
use crate::support::Project;

/// Two servers; only the first has an outbox.
const MANIFEST: &str = "\
version: 1
project: shop
monitor: true
servers:
  one: { url: 'postgresql://adm@db-one:5432/postgres', password_env: ONE }
  two: { url: 'postgresql://adm@db-two:5432/postgres', password_env: TWO }
secrets: { provider: env }
deploy:
  prometheus: { namespace: monitoring }
services:
  orders: { server: one, outbox: OUTBOX }
  billing: { server: two }
";

fn manifest(broker: &str) -> String {
    let outbox =
        "{ to: { amqp: 'amqp://relay@BROKER', exchange: x, password_env: MQ_PASSWORD, plaintext: true } }";
    MANIFEST.replace("OUTBOX", &outbox.replace("BROKER", broker))
}

fn rendered(broker: &str, target: &str) -> String {
    let project = Project::with_manifest(&manifest(broker));
    project.run(&["render", target]).expect(0).stdout
}

fn pods(app: &str) -> Labels {
    [("app.kubernetes.io/name".to_owned(), app.to_owned())].into()
}

#[test]
fn the_monitor_reaches_every_server_and_the_relay_only_those_with_an_outbox() {
    for target in ["kubernetes", "cloudnative-pg"] {
        let cluster = Cluster::read(&rendered("mq:5672", target));
        for (from, server, expected) in [
            ("martydb-monitor", "db-one", true),
            ("martydb-monitor", "db-two", true),
            ("martydb-relay", "db-one", true),
            ("martydb-relay", "db-two", false),
        ] {
            assert_eq!(cluster.passes(from, server, 5432), expected, "{target}: {from} {server}");
        }
        assert!(!cluster.reaches(&name("orders"), "martydb-monitor", 9187));
        for (namespace, app, expected) in [
            ("monitoring", "prometheus", true),
            ("monitoring", "grafana", false),
            ("shop", "prometheus", false),
        ] {
            let admitted = cluster.admits_from(namespace, &pods(app), "martydb-monitor", 9187);
            assert_eq!(admitted, expected, "{namespace} {app}");
            assert!(!cluster.admits_from(namespace, &pods(app), "martydb-monitor", 5432));
            let admitted = cluster.admits_from(namespace, &pods(app), "martydb-relay", 9188);
            assert_eq!(admitted, expected, "{namespace} {app}");
            assert!(!cluster.admits_from(namespace, &pods(app), "martydb-relay", 9187));
        }
    }
}

#[test]
fn the_path_to_a_broker_is_as_narrow_as_its_address_allows() {
    // Its host and port; a pod of the same namespace, one of `messaging`, and a network outside.
    for (broker, here, there, outside) in [
        ("mq:5673", true, false, false),
        ("mq.shop.svc.cluster.local:5673", true, false, false),
        ("mq.messaging.svc:5673", false, true, false),
        ("mq.messaging.svc.cluster.local:5673", false, true, false),
        ("mq.example.org:5673", true, true, true),
    ] {
        let text = rendered(broker, "kubernetes");
        let cluster = Cluster::read(&text);
        let policies = objects(&text);
        let egress = policies.iter().find(|object| {
            object["kind"] == "NetworkPolicy" && object["metadata"]["name"] == "martydb-relay"
        });
        let rules = egress.unwrap()["spec"]["egress"].as_sequence().unwrap();
        let rule = rules.iter().find(|rule| rule["ports"][0]["port"] == 5673).unwrap();
        let peer = &rule["to"][0];
        let own = rule.get("to").is_none() || peer.get("namespaceSelector").is_none();
        assert_eq!(own, here, "{broker}");
        assert_eq!(cluster.reaches_namespace("martydb-relay", "messaging", 5673), there, "{broker}");
        assert!(!cluster.reaches_namespace("martydb-relay", "messaging", 5432), "{broker}");
        assert_eq!(rule.get("to").is_none(), outside, "{broker}");
    }
    for (broker, target) in
        [("localhost", "kubernetes"), ("127.0.0.1:5672", "cloudnative-pg"), ("[::1]:5672", "compose")]
    {
        let project = Project::with_manifest(&manifest(broker));
        let refused = project.run(&["render", target]).expect(2);
        assert!(refused.stderr.contains("the relay itself"), "{}", refused.stderr);
        let without = project.read("martydb.yaml").replace("deploy:\n", "deploy:\n  workloads: [monitor]\n");
        project.write("martydb.yaml", &without);
        let text = project.run(&["render", target]).expect(0).stdout;
        assert!(text.contains("martydb-monitor") && !text.contains("martydb-relay"), "{text}");
    }
}

#[test]
fn undeclared_workloads_are_not_deployed() {
    let of =
        |text: &str, target: &str| Project::with_manifest(text).run(&["render", target]).expect(0).stdout;
    let manifest = manifest("mq");
    let neither = MANIFEST.replace("monitor: true\n", "").replace(", outbox: OUTBOX", "");
    for text in [neither, manifest.replace("deploy:\n", "deploy:\n  workloads: []\n")] {
        for target in ["kubernetes", "cloudnative-pg", "compose"] {
            let rendered = of(&text, target);
            assert!(
                !rendered.contains("martydb-monitor") && !rendered.contains("martydb-relay"),
                "{rendered}"
            );
        }
    }
    let reserved = manifest.replace("  billing:", "  martydb-relay:");
    let refused = Project::with_manifest(&reserved).run(&["render", "kubernetes"]).expect(2);
    assert!(refused.stderr.contains("\"martydb-relay\""), "{}", refused.stderr);
}

#[test]
fn each_compose_service_has_its_secrets_and_networks() {
    let compose: Value = serde_yaml::from_str(&rendered("mq", "compose")).unwrap();
    let list = |service: &str, key: &str| -> Vec<String> {
        let all = compose["services"][service][key].as_sequence().unwrap();
        all.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list("martydb-relay", "secrets"), ["mq_password"]);
    assert_eq!(list("martydb-relay", "networks"), ["database-orders", "default"]);
    let environment = &compose["services"]["martydb-relay"]["environment"];
    assert_eq!(environment.as_mapping().unwrap().len(), 1);
    assert_eq!(environment["MQ_PASSWORD_FILE"], "/run/secrets/mq_password");
    assert_eq!(list("martydb-monitor", "networks"), ["admin", "default"]);
    let own = ["martydb_monitor_certificate", "martydb_monitor_key", "martydb_monitor_users"];
    let all = [&["one_admin_password", "two_admin_password"][..], &own].concat();
    assert_eq!(list("martydb-monitor", "secrets"), all);
    for secret in all.iter().chain(&["mq_password"]) {
        assert_eq!(compose["secrets"][*secret]["file"], format!("./secrets/{secret}"));
    }
    assert_eq!(list("martydb-monitor", "profiles"), ["monitor"]);
    // The relay is in no profile: only the manifest says that it has the files of a listener.
    let manifest = manifest("mq").replace("deploy:\n", "deploy:\n  relay: martydb-relay:9188\n");
    let project = Project::with_manifest(&manifest);
    let text = project.run(&["render", "compose"]).expect(0).stdout;
    let compose: Value = serde_yaml::from_str(&text).unwrap();
    let relay = &compose["services"]["martydb-relay"];
    let own = ["martydb_relay_certificate", "martydb_relay_key", "martydb_relay_users"];
    let secrets: Vec<&str> =
        relay["secrets"].as_sequence().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(secrets, [&["mq_password"], &own[..]].concat());
    assert_eq!(relay["expose"][0], "9188");
    assert!(own.iter().all(|secret| compose["secrets"][*secret]["file"] == format!("./secrets/{secret}")));
    let prometheus: Value =
        serde_yaml::from_str(&project.run(&["render", "prometheus"]).expect(0).stdout).unwrap();
    let jobs = prometheus["scrape_configs"].as_sequence().unwrap();
    assert_eq!(jobs[1]["static_configs"][0]["targets"][0], "martydb-relay:9188");
    assert_eq!((jobs.len(), &jobs[1]["scheme"]), (2, &Value::from("https")));
    project.write("martydb.yaml", &manifest.replace("relay: martydb-relay:9188", "relay: nowhere"));
    let refused = project.run(&["render", "compose"]).expect(2);
    assert!(refused.stderr.contains("a host and a port"), "{}", refused.stderr);
}

/// The relay has the listener of the monitor, if that is deployed too.
#[test]
fn prometheus_scrapes_the_relay_and_the_monitor() {
    let declared = "deploy:\n  secret_store: { name: vault, key: 'martydb/{server}/{role}' }\n  certificates: { issuer: internal }\n";
    let manifest = manifest("mq").replace("deploy:\n", declared);
    let manifest = manifest.replace("{ namespace: monitoring }", "{ namespace: monitoring, operator: true }");
    let project = Project::with_manifest(&manifest);
    let all = objects(&project.run(&["render", "kubernetes"]).expect(0).stdout);
    let named = |kind: &str, name: &str| {
        let found = all.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}")).clone()
    };
    for (name, port) in [("martydb-monitor", 9187), ("martydb-relay", 9188)] {
        assert_eq!(named("Service", name)["spec"]["ports"][0]["port"], port);
        let monitor = named("ServiceMonitor", name);
        let labels = &named("Service", name)["metadata"]["labels"];
        for (key, value) in monitor["spec"]["selector"]["matchLabels"].as_mapping().unwrap() {
            assert_eq!(labels[key], *value);
        }
        let endpoint = &monitor["spec"]["endpoints"][0];
        assert_eq!(endpoint["basicAuth"]["password"]["name"], format!("{name}-users"));
        assert_eq!(named("Certificate", &format!("{name}-tls"))["spec"]["dnsNames"][0], name);
        let pod = &named("Deployment", name)["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(pod["ports"][0]["containerPort"], port);
    }
    named("PrometheusRule", "martydb-monitor");
    let secrets = objects(&project.run(&["render", "external-secrets"]).expect(0).stdout);
    for program in ["martydb-monitor", "martydb-relay"] {
        let secret = secrets.iter().find(|one| one["metadata"]["name"] == format!("{program}-users"));
        let spec = &secret.unwrap()["spec"];
        assert_eq!(spec["data"][0]["remoteRef"]["key"], format!("martydb/development/{program}"));
        assert_eq!(spec["target"]["template"]["data"]["users"], "prometheus:{{ .password }}");
    }
    // Without the monitor no Prometheus is known, and the relay needs no Secrets of a listener.
    let alone = project.read("martydb.yaml").replace("deploy:\n", "deploy:\n  workloads: [relay]\n");
    project.write("martydb.yaml", &alone);
    let text = project.run(&["render", "kubernetes"]).expect(0).stdout;
    assert!(!text.contains("--metrics") && !text.contains("ServiceMonitor"), "{text}");
}

/// Two servers over TLS; the data service exposes the first one's service to the second one's.
const SERVED: &str = "\
version: 1
project: shop
servers:
  one: { url: 'postgresql://adm@db-one:5432/postgres?sslmode=verify-full', password_env: ONE }
  two: { url: 'postgresql://adm@db-two:5432/postgres?sslmode=verify-full', password_env: TWO }
secrets: { provider: env }
deploy:
  prometheus: { namespace: monitoring, operator: true }
serve:
  callers:
    billing: { service: orders, as: read }
    partner: { service: orders, as: write, key_env: PARTNER_KEY }
services:
  orders: { server: one, serve: {} }
  billing: { server: two }
  shipping: { server: two }
";

#[test]
fn the_data_service_is_reached_by_its_callers_and_reaches_what_it_exposes() {
    let of =
        |text: &str, target: &str| Project::with_manifest(text).run(&["render", target]).expect(0).stdout;
    for target in ["kubernetes", "cloudnative-pg"] {
        let cluster = Cluster::read(&of(SERVED, target));
        for (server, expected) in [("db-one", true), ("db-two", false)] {
            assert_eq!(cluster.passes("martydb-serve", server, 5432), expected, "{target} {server}");
        }
        for (service, expected) in [("billing", true), ("orders", false), ("shipping", false)] {
            let reaches = cluster.reaches(&name(service), "martydb-serve", 8480);
            assert_eq!(reaches, expected, "{target} {service}");
        }
        assert!(cluster.admits_from("monitoring", &pods("prometheus"), "martydb-serve", 8480));
        assert!(!cluster.admits_from("shop", &pods("prometheus"), "martydb-serve", 8480));
    }
    let text = of(SERVED, "kubernetes");
    let all = objects(&text);
    let scraped = all.iter().find(|object| object["kind"] == "ServiceMonitor").unwrap();
    assert_eq!(scraped["spec"]["endpoints"][0]["port"], "https");
    let jobs_of = |text: &str| serde_yaml::from_str::<Value>(&of(text, "prometheus")).unwrap();
    let is_of_serve = |job: &&Value| job["job_name"] == "martydb-shop-serve";
    let jobs = jobs_of(SERVED);
    let job = jobs["scrape_configs"].as_sequence().unwrap().iter().find(is_of_serve).unwrap();
    assert_eq!(job["static_configs"][0]["targets"][0], "127.0.0.1:8480");
    let jobs = jobs_of(&SERVED.replace("deploy:\n", "deploy:\n  workloads: [monitor, relay]\n"));
    assert_eq!(jobs["scrape_configs"].as_sequence().unwrap().iter().find(is_of_serve), None);
    let store = SERVED.replace("deploy:\n", "deploy:\n  secret_store: { name: vault }\n");
    let fetched = of(&store, "external-secrets");
    assert!(fetched.contains("secretKey: billing") && !fetched.contains("secretKey: partner"), "{fetched}");
    assert!(fetched.contains("deletionPolicy: Delete"), "{fetched}");

    let compose: Value = serde_yaml::from_str(&of(SERVED, "compose")).unwrap();
    let serve = &compose["services"]["martydb-serve"];
    assert_eq!(serve["networks"], serde_yaml::from_str::<Value>("[database-orders, default]").unwrap());
    let secrets = "[partner_key, martydb_serve_certificate, martydb_serve_key, martydb_serve_users]";
    assert_eq!(serve["secrets"], serde_yaml::from_str::<Value>(secrets).unwrap());

    // A way that is not verified would end it with 2; it is left out by the manifest.
    let plain = SERVED.replace("db-one:5432/postgres?sslmode=verify-full", "db-one:5432/postgres");
    let refused = Project::with_manifest(&plain).run(&["render", "kubernetes"]).expect(2);
    assert!(refused.stderr.contains("verified certificate"), "{}", refused.stderr);
    let without = plain.replace("deploy:\n", "deploy:\n  workloads: [monitor, relay]\n");
    assert!(!of(&without, "compose").contains("martydb-serve"));
}

/// The pods of all objects, by kind and name.
fn pod_specs(text: &str) -> Vec<(String, Value)> {
    let template = |object: &Value| match object["kind"].as_str()? {
        "StatefulSet" | "Deployment" | "Job" => Some(object["spec"]["template"].clone()),
        "CronJob" => Some(object["spec"]["jobTemplate"]["spec"]["template"].clone()),
        _ => None,
    };
    let all = objects(text).into_iter().filter_map(|object| {
        Some((
            format!("{} {}", object["kind"].as_str()?, object["metadata"]["name"].as_str()?),
            template(&object)?,
        ))
    });
    all.collect()
}

#[test]
fn pod_settings_apply_to_every_pod() {
    let with = |more: &str| {
        let text = manifest("mq").replace("deploy:\n", &format!("deploy:\n{more}"));
        objects_of(&text)
    };
    let keys = "  max_unavailable: 0\n  startup_time: 90m\n  pods:\n    annotations: { example.com/team: db }\n\
                \x20   node_selector: { pool: db }\n    priority_class: db\n    pull_secrets: [registry]\n    spread: node\n";
    let text = with(keys);
    let all = pod_specs(&text);
    // Two servers, two runs, the monitor and the relay.
    assert_eq!(all.len(), 6, "{text}");
    for (name, pod) in &all {
        assert_eq!(pod["metadata"]["annotations"]["example.com/team"], "db", "{name}");
        assert_eq!(pod["spec"]["nodeSelector"]["pool"], "db", "{name}");
        assert_eq!(pod["spec"]["priorityClassName"], "db", "{name}");
        assert_eq!(pod["spec"]["imagePullSecrets"][0]["name"], "registry", "{name}");
        let server = name.starts_with("StatefulSet");
        let spread = pod["spec"].get("topologySpreadConstraints").map(|all| &all[0]);
        assert_eq!(spread.is_some(), server, "{name}");
        if let Some(spread) = spread {
            assert_eq!(spread["topologyKey"], "kubernetes.io/hostname");
            // Each server is one pod: it is kept apart from the others.
            assert_eq!(spread["labelSelector"]["matchLabels"]["app.kubernetes.io/name"], "postgres");
            let probe = &pod["spec"]["containers"][0]["startupProbe"];
            let seconds =
                probe["periodSeconds"].as_u64().unwrap() * probe["failureThreshold"].as_u64().unwrap();
            assert_eq!(seconds, 90 * 60);
        }
    }
    let budgets: Vec<Value> =
        objects(&text).into_iter().filter(|object| object["kind"] == "PodDisruptionBudget").collect();
    assert_eq!(budgets.len(), 2);
    assert_eq!(budgets[0]["spec"]["maxUnavailable"], 0);
    assert_eq!(budgets[0]["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"], "db-one");
    let without = with("");
    assert!(!without.contains("PodDisruptionBudget") && !without.contains("nodeSelector"), "{without}");
    for (keys, said) in [
        ("  startup_time: soon\n", "\"soon\" is not a time"),
        ("  pods: { spread: rack }\n", "unknown variant"),
        ("  pods: { node_selector: { pool: 'a b' } }\n", "the value of a label"),
        ("  pods: { priority_class: A_b }\n", "is not a Kubernetes name"),
        ("  workloads: [split]\n", "unknown variant"),
        ("  prometheus: { namespace: A_b }\n", "is not a Kubernetes name"),
    ] {
        let text = MANIFEST.replace("OUTBOX", "{ to: { nats: 'nats://mq', subject: x, plaintext: true } }");
        let text = text.replace("  prometheus: { namespace: monitoring }\n", keys);
        let refused = Project::with_manifest(&text).run(&["render", "kubernetes"]).expect(2);
        assert!(refused.stderr.contains(said), "{keys}: {}", refused.stderr);
    }
}

fn objects_of(manifest: &str) -> String {
    Project::with_manifest(manifest).run(&["render", "kubernetes"]).expect(0).stdout
}

#[test]
fn certificates_of_the_issuer_are_mounted_for_their_users() {
    let text = manifest("mq").replace("deploy:\n", "deploy:\n  certificates: { issuer: internal }\n");
    let rendered = objects_of(&text);
    let all = objects(&rendered);
    let certificates: Vec<&Value> = all.iter().filter(|object| object["kind"] == "Certificate").collect();
    let of = |secret: &str| {
        let found = certificates.iter().find(|one| one["spec"]["secretName"] == secret);
        let names = found.unwrap()["spec"]["dnsNames"].as_sequence().unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(certificates.len(), 4, "two servers, the monitor and the relay");
    assert_eq!(
        of("db-one-tls"),
        ["db-one", "db-one.shop", "db-one.shop.svc", "db-one.shop.svc.cluster.local"]
    );
    assert!(of("martydb-monitor-tls").contains(&"martydb-monitor.shop.svc".to_owned()));
    assert_eq!(certificates[0]["spec"]["issuerRef"]["kind"], "ClusterIssuer");
    for (name, pod) in pod_specs(&rendered) {
        let container = &pod["spec"]["containers"][0];
        let volumes = pod["spec"]["volumes"].as_sequence().unwrap();
        let secret = |name: &Value| {
            volumes
                .iter()
                .find(|volume| volume["name"] == *name)
                .map(|volume| volume["secret"].clone())
                .unwrap()
        };
        let mounts = container["volumeMounts"].as_sequence().unwrap();
        let mounted = |path: &str| {
            let mount = mounts.iter().find(|mount| mount["mountPath"] == path);
            secret(&mount.unwrap_or_else(|| panic!("{name}: {path}"))["name"])
        };
        if let Some(server) = name.strip_prefix("StatefulSet ") {
            let certificate = mounted("/run/postgresql-tls");
            assert_eq!(certificate["secretName"], format!("{server}-tls"));
            let arguments: Vec<&str> =
                container["args"].as_sequence().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            assert!(arguments.contains(&"ssl_key_file=/run/postgresql-tls/tls.key"), "{arguments:?}");
        } else {
            // The authority, and no key.
            let authority = mounted("/run/martydb/ca/one");
            assert_eq!(authority["secretName"], "db-one-tls");
            assert_eq!(authority["items"].as_sequence().unwrap().len(), 1);
            assert_eq!(authority["items"][0]["key"], "ca.crt");
        }
    }
}
