//! The environment of rendered pods: enough for their commands, on a server where nothing exists yet.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_yaml::{Mapping, Value};

use super::network::objects;
use crate::monitor::served::{Response, Served, ask};
use crate::relay::add_template;
use crate::support::{ADMIN_PASSWORD, Authority, Nats, Project, Server, until};

/// Addresses of the servers and of the broker.
fn manifest(server: &str, broker: &str, provider: &str) -> String {
    format!(
        "version: 1\nproject: je\nmonitor: true\n\
         servers: {{ main: {{ url: 'postgresql://postgres@{server}', password_env: OWN }} }}\n\
         deploy: {{ certificates: {{ issuer: internal }} }}\n\
         serve: {{ callers: {{ je_b: {{ service: je_a, as: read }}, robot: {{ service: je_a, as: write, key_env: ROBOT_KEY }} }} }}\n\
         services:\n  je_a: {{ serve: {{}}, outbox: {{ to: {{ nats: 'nats://relay@{broker}', subject: 'je.{{event_type}}', password_env: NATS_PASSWORD, plaintext: true }} }} }}\n  je_b: {{}}\n\
         access: {{ je_reports: {{ login: true, read: [je_a], reason: reports }} }}\n{provider}"
    )
}

fn secret(name: &str, data: &[(&str, &str)]) -> Value {
    let text = |(key, text): &(&str, &str)| (Value::from(*key), Value::from(*text));
    let data: Mapping = data.iter().map(text).collect();
    let mut secret: Value = serde_yaml::from_str(&format!("metadata: {{ name: {name} }}")).unwrap();
    secret["stringData"] = data.into();
    secret
}

/// Returns the manually created Secrets: the admin's, the broker's, and those of the listeners of the monitor, the
/// relay and the data service.
fn by_hand(certified: &rcgen::CertifiedKey<rcgen::KeyPair>) -> Vec<Value> {
    let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let listener = |program: &str| {
        let files = [("tls.crt", &*certificate), ("tls.key", &*key), ("ca.crt", &*certificate)];
        let users = [
            ("users", "prometheus:battery staple"),
            ("username", "prometheus"),
            ("password", "battery staple"),
        ];
        [secret(&format!("{program}-tls"), &files), secret(&format!("{program}-users"), &users)]
    };
    let own = [
        secret("main-admin", &[("username", "postgres"), ("password", ADMIN_PASSWORD)]),
        secret("martydb-relay-brokers", &[("NATS_PASSWORD", "correct horse")]),
        secret("martydb-serve-variables", &[("ROBOT_KEY", "key of the robot")]),
    ];
    own.into_iter()
        .chain(["martydb-monitor", "martydb-relay", "martydb-serve"].iter().flat_map(|name| listener(name)))
        .collect()
}

/// A pod, and the Secrets of its namespace.
struct Pod<'a> {
    spec: &'a Value,
    secrets: &'a [Value],
    project: &'a Project,
}

impl Pod<'_> {
    fn secret(&self, name: &Value) -> &Value {
        let secret = self.secrets.iter().find(|secret| secret["metadata"]["name"] == *name);
        &secret.unwrap_or_else(|| panic!("no Secret {name:?}"))["stringData"]
    }

    /// The variables of its container, each value from the Secrets.
    fn environment(&self) -> BTreeMap<String, String> {
        let value = |variable: &Value| {
            if let Some(text) = variable["value"].as_str() {
                return text.to_owned();
            }
            let wanted = &variable["valueFrom"]["secretKeyRef"];
            self.secret(&wanted["name"])[&wanted["key"]].as_str().unwrap().to_owned()
        };
        let all = self.spec["containers"][0]["env"].as_sequence().unwrap();
        all.iter().map(|one| (one["name"].as_str().unwrap().to_owned(), value(one))).collect()
    }

    /// Writes the files of its Secrets, as a mount of them has them, and returns where each folder lies here.
    fn mounted(&self) -> Vec<(String, String)> {
        let mut all = vec![];
        // Each pod has only its own mounts.
        let _ = std::fs::remove_dir_all(self.project.path().join("mounted"));
        for volume in self.spec["volumes"].as_sequence().unwrap() {
            let Some(name) = volume.get("secret").map(|secret| &secret["secretName"]) else { continue };
            let mounts = self.spec["containers"][0]["volumeMounts"].as_sequence().unwrap();
            let mount = mounts.iter().find(|mount| mount["name"] == volume["name"]).unwrap();
            let folder = format!("mounted/{}", name.as_str().unwrap());
            let items = volume["secret"].get("items").and_then(Value::as_sequence);
            let chosen = |key: &Value| items.is_none_or(|items| items.iter().any(|item| item["key"] == *key));
            for (key, text) in self.secret(name).as_mapping().unwrap().iter().filter(|(key, _)| chosen(key)) {
                let path = format!("{folder}/{}", key.as_str().unwrap());
                self.project.write(&path, text.as_str().unwrap());
                let path = self.project.path().join(path);
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o440)).unwrap();
            }
            let here = self.project.path().join(folder).to_str().unwrap().to_owned();
            all.push((mount["mountPath"].as_str().unwrap().to_owned(), here));
        }
        all
    }

    /// Its command, with exactly its environment. The image has the manifest in /work; ports are taken here.
    fn command(&self) -> Command {
        let mut places = self.mounted();
        places.push(("/work".into(), self.project.path().to_str().unwrap().to_owned()));
        places.extend(
            ["0.0.0.0:9187", "0.0.0.0:9188", "0.0.0.0:8480"].map(|all| (all.into(), "127.0.0.1:0".into())),
        );
        let here = |one: &Value| {
            let text = one.as_str().unwrap().to_owned();
            places.iter().fold(text, |text, (there, here)| text.replace(there, here))
        };
        let arguments: Vec<String> =
            self.spec["containers"][0]["args"].as_sequence().unwrap().iter().map(here).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = self.project.command(&arguments);
        command.env_remove("DB_PASSWORD").env_remove("PGPASSWORD").envs(self.environment());
        command.env_remove("MARTYDB_MANIFEST").env("HOME", self.project.path());
        command
    }
}

#[test]
fn the_environment_of_each_pod_suffices_for_its_command() {
    let server = Server::start();
    let nats = Nats::start(
        "authorization { users: [{ user: relay, password: \"correct horse\" }, { user: test, password: test }] }",
    );
    let broker = nats.as_ref().map_or("127.0.0.1:9".into(), |nats| format!("127.0.0.1:{}", nats.port));
    let here = |tls: &str, provider: &str| {
        manifest(&format!("127.0.0.1:{}/postgres?sslmode={tls}", server.port), &broker, provider)
    };
    let project = Project::with_manifest(&here("disable", ""));
    for service in ["je_a", "je_b"] {
        project.write(
            &format!("{service}/migrations/V1__item.sql"),
            "CREATE TABLE item (id bigint PRIMARY KEY);",
        );
    }
    add_template(&project, "je_a");
    project.run(&["secrets", "generate", "--all"]).expect(0);
    let key = project.run(&["serve", "key", "new", "je_b"]).expect(0).stdout;
    let roles = ["app", "migrator", "readonly"].map(|role| ["--role", role]).concat();
    let export =
        ["secrets", "export", "--all", "--format", "kubernetes", "--values", "--out", "secrets.yaml"];
    project.run(&[&export[..], &roles].concat()).expect(0);
    let mut secrets = objects(&project.read("secrets.yaml"));
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    secrets.extend(by_hand(&certified));

    let provider = "secrets: { provider: env }\n";
    let verified = |file: &str| format!("verify-full&sslrootcert={file}");
    let there = format!("db:5432/postgres?sslmode={}", verified("/run/martydb/ca/main/ca.crt"));
    project.write("martydb.yaml", &manifest(&there, "broker:4222", provider));
    let rendered = objects(&project.run(&["render", "kubernetes"]).expect(0).stdout);
    let mounted = project.path().join("mounted/db-tls/ca.crt");
    project.write("martydb.yaml", &here(&verified(mounted.to_str().unwrap()), provider));
    let (own, other) = (Authority::new(&project, "own"), Authority::new(&project, "other"));
    secrets.push(issued(&rendered, &own, Some("127.0.0.1")));
    serve_as_rendered(&rendered, &server, secrets.last().unwrap());
    std::fs::remove_dir_all(project.path().join(".martydb")).unwrap();
    other_certificates_are_refused(&rendered, (&own, &other), &server, (&secrets, &project));
    let pod = |spec| Pod { spec, secrets: &secrets, project: &project };
    let mut ran = 0;
    for object in &rendered {
        let spec = match object["kind"].as_str().unwrap() {
            "Job" => &object["spec"]["template"]["spec"],
            "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["spec"],
            _ => continue,
        };
        project.finish(pod(spec).command()).expect(0);
        ran += 1;
    }
    assert!(ran > 1, "{rendered:?}");
    let deployed = |name: &str| {
        let found =
            rendered.iter().find(|one| one["kind"] == "Deployment" && one["metadata"]["name"] == name);
        pod(&found.unwrap_or_else(|| panic!("no {name}: {rendered:?}"))["spec"]["template"]["spec"])
    };
    monitor_serves(&deployed("martydb-monitor"), &certified);
    relay_publishes(&deployed("martydb-relay"), &server, nats.as_ref(), &certified);
    serve_answers(&deployed("martydb-serve"), key.trim(), &certified);
}

/// The Secret of the server's Certificate, as cert-manager fills it. `address` is what its name means here.
fn issued(rendered: &[Value], authority: &Authority, address: Option<&str>) -> Value {
    let declared = |one: &&Value| one["kind"] == "Certificate" && one["spec"]["secretName"] == "db-tls";
    let certificate = rendered.iter().find(declared).unwrap();
    let names = certificate["spec"]["dnsNames"].as_sequence().unwrap().iter();
    let names = names.map(|name| name.as_str().unwrap().to_owned());
    let (signed, key) = authority.sign_names("db", names.chain(address.map(str::to_owned)).collect(), 2100);
    let own = std::fs::read_to_string(&authority.file).unwrap();
    secret("db-tls", &[("tls.crt", &signed), ("tls.key", &key), ("ca.crt", &own)])
}

/// Starts TLS with the files of the Secret and the arguments of the rendered server.
fn serve_as_rendered(rendered: &[Value], server: &Server, secret: &Value) {
    for file in ["tls.crt", "tls.key"] {
        server.install(file, secret["stringData"][file].as_str().unwrap());
    }
    let set = rendered.iter().find(|one| one["kind"] == "StatefulSet").unwrap();
    let arguments = set["spec"]["template"]["spec"]["containers"][0]["args"].as_sequence().unwrap();
    let settings: Vec<(&str, &str)> =
        arguments.iter().filter_map(|one| one.as_str().unwrap().split_once('=')).collect();
    assert_eq!(settings.iter().filter(|(name, _)| name.starts_with("ssl")).count(), 3, "{settings:?}");
    for (name, value) in settings {
        let value = value.replace("/run/postgresql-tls", server.data().to_str().unwrap());
        server.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
    }
    server.reload();
}

/// The first Job does not connect to a server whose certificate is signed by another authority or has other names.
fn other_certificates_are_refused(
    rendered: &[Value],
    (own, other): (&Authority, &Authority),
    server: &Server,
    (secrets, project): (&[Value], &Project),
) {
    let job = rendered.iter().find(|one| one["kind"] == "Job").unwrap();
    let pod = Pod { spec: &job["spec"]["template"]["spec"], secrets, project };
    for (certificate, expected) in [
        (issued(rendered, other, Some("127.0.0.1")), "UnknownIssuer"),
        (issued(rendered, own, None), "not valid for name"),
    ] {
        serve_as_rendered(rendered, server, &certificate);
        let done = project.finish(pod.command());
        assert!(done.code != Some(0) && done.stderr.contains(expected), "{done:?}");
    }
    serve_as_rendered(rendered, server, secrets.last().unwrap());
}

/// It answers its callers, and knows the passwords of its own two logins and no key but the variable's.
fn serve_answers(pod: &Pod<'_>, key: &str, certified: &rcgen::CertifiedKey<rcgen::KeyPair>) {
    let environment = pod.environment();
    let names: Vec<&str> = environment.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "JE_A_JE_A_SERVE_PASSWORD", "JE_A_JE_A_SERVE_RO_PASSWORD", "JE_A_SERVE_KEY_JE_B_PASSWORD",
            "ROBOT_KEY"
        ]
    );
    assert!(!environment.values().any(|value| value.contains(key)));
    let served = Served::run(pod.command());
    for (key, expected) in [(key, 200), ("key of the robot", 200), ("another", 401)] {
        let header = format!("Authorization: Bearer {key}\r\n");
        let answer = ask(served.tls(certified.cert.der()), "localhost", "/je_a/rest/item", &header);
        assert_eq!(answer.status, expected, "{}", answer.body);
    }
    listens(pod, &served, certified);
}

/// Asks what a listener of the pod serves to its user.
fn query(served: &Served, certified: &rcgen::CertifiedKey<rcgen::KeyPair>, path: &str) -> Response {
    let user = BASE64_STANDARD.encode("prometheus:battery staple");
    let headers = format!("Authorization: Basic {user}\r\n");
    ask(served.tls(certified.cert.der()), "localhost", path, &headers)
}

/// Only its users read the metrics, and its probes succeed.
fn listens(pod: &Pod<'_>, served: &Served, certified: &rcgen::CertifiedKey<rcgen::KeyPair>) {
    assert_eq!(ask(served.tls(certified.cert.der()), "localhost", "/metrics", "").status, 401);
    for probe in ["readinessProbe", "livenessProbe"] {
        let probe = &pod.spec["containers"][0][probe]["httpGet"];
        assert_eq!(probe["scheme"], "HTTPS");
        let path = probe["path"].as_str().unwrap();
        until("it answers", || ask(served.tls(certified.cert.der()), "localhost", path, "").status == 200);
    }
}

/// Every check completes.
fn monitor_serves(pod: &Pod<'_>, certified: &rcgen::CertifiedKey<rcgen::KeyPair>) {
    let served = Served::run(pod.command());
    let checks = ["isolation", "migrations", "drift", "outbox"];
    until("every check has completed", || {
        let body = query(&served, certified, "/metrics").body;
        let done: Vec<&str> = body.lines().filter(|line| line.starts_with("martydb_check_ok{")).collect();
        assert!(done.iter().all(|line| line.ends_with(" 1") || line.ends_with(" 1.0")), "{done:?}");
        checks.iter().all(|check| done.iter().any(|line| line.contains(&format!("check=\"{check}\""))))
    });
    listens(pod, &served, certified);
}

/// It publishes and says so, and knows no password that it does not need.
fn relay_publishes(
    pod: &Pod<'_>,
    server: &Server,
    nats: Option<&Nats>,
    certified: &rcgen::CertifiedKey<rcgen::KeyPair>,
) {
    let names: Vec<String> = pod.environment().into_keys().collect();
    assert_eq!(names, ["ACCESS_JE_A_RELAY_PASSWORD", "NATS_PASSWORD"]);
    let Some(nats) = nats else { return };
    nats.stream("je", &["je.>"], &serde_json::Value::Null);
    let served = Served::run(pod.command());
    server.sql(
        "je_a",
        "INSERT INTO je_a_outbox (aggregate_type, aggregate_id, event_type, payload) VALUES ('thing', '1', 'made', '{}')",
    );
    until("it is published", || nats.last("je") == 1);
    listens(pod, &served, certified);
    until("it is counted", || {
        let body = query(&served, certified, "/metrics").body;
        let mut lines = body.lines().filter(|line| line.starts_with("martydb_relay_events_total{"));
        lines.any(|line| {
            line.contains("\"published\"") && [" 1", " 1.0"].iter().any(|one| line.ends_with(one))
        })
    });
}
