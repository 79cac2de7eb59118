//! `render`: deployment files that say what the manifest says, and nothing that is secret.

mod ci;
mod custom;
mod job_environment;
mod kustomize;
mod network;
mod paths;
mod pgbackrest;
mod pgbouncer;
mod redis;
mod schedule;
mod sealed;
mod secrets;
mod served_replicas;
mod workloads;

use martydb_render::TARGETS;

use crate::support::Project;

/// Two services, a server each.
const MANIFEST: &str = "\
version: 1
project: shop
servers:
  one: { url: 'postgresql://adm@db-one:5432/postgres', password_env: ONE }
  two: { url: 'postgresql://adm@db-two:5433/postgres', password_env: TWO }
secrets: { provider: env }
deploy:
  secret_store: { name: vault }
services:
  orders: { server: one }
  billing: { server: two }
";

/// What a target can have: CloudNativePG serves at one port, and a job creates its own passwords.
fn manifest_for(target: &str) -> String {
    match target {
        "cloudnative-pg" => MANIFEST.replace(":5433", ":5432"),
        "github" | "gitlab" => MANIFEST.replace("{ provider: env }", "{ provider: file }"),
        _ => MANIFEST.to_owned(),
    }
}

fn edited(from: &str, to: &str) -> Project {
    assert!(MANIFEST.contains(from), "{from}");
    Project::with_manifest(&MANIFEST.replace(from, to))
}

#[test]
fn the_same_manifest_gives_the_same_bytes_and_a_check_finds_every_other_one() {
    // What seals needs a store: see `sealed`.
    for target in TARGETS.iter().filter(|target| !target.seals) {
        let project = Project::with_manifest(&manifest_for(target.name));
        let out = ["render", target.name, "--out", "."];
        let check = [&out[..], &["--check"]].concat();
        let text = project.run(&["render", target.name]).expect(0).stdout;
        assert_eq!(project.run(&["render", target.name]).expect(0).stdout, text);
        project.run(&check).expect(3);
        let written = project.json(&out, 0);
        let files: Vec<String> = written["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| {
                assert_eq!(file["state"], "missing", "{written:#}");
                file["file"].as_str().unwrap().strip_prefix("./").unwrap().to_owned()
            })
            .collect();
        let read = || files.iter().map(|file| project.read(file)).collect::<String>();
        let written = read();
        // Objects have a file each.
        assert_eq!(files.contains(&"kustomization.yaml".to_owned()), text.contains("\n---\n"));
        assert!(files.len() > 2 || written == text, "{written}");
        project.run(&check).expect(0);
        for file in &files {
            let own = project.read(file);
            let command = format!("martydb render {}", target.name);
            // JSON has no comments.
            let json = format!("{{\n  \"description\": \"{command}\",\n");
            assert!(own.starts_with(&format!("# {command}\n")) || own.starts_with(&json), "{own}");
            project.write(file, &(own.clone() + "#"));
            let differs = project.run(&check).expect(3);
            let said = format!("./{file} is out of date.\n");
            assert!(differs.stdout.contains(&said), "{}", differs.stdout);
            assert_eq!(project.read(file), own + "#", "a check writes nothing");
            project.run(&out).expect(0);
            assert_eq!(read(), written);
        }
    }
    let usage = Project::with_manifest(MANIFEST).run(&["render", "compose", "--check"]).expect(2);
    assert!(usage.stderr.contains("--out"), "{}", usage.stderr);
}

#[test]
fn the_examples_are_what_their_manifests_say() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    // No connection of production is in clear text, or to a server that was not verified.
    for overlay in ["examples/movie-booking/martydb.production.yaml", "services/manifest.production.yaml"] {
        let text = std::fs::read_to_string(root.join(overlay)).unwrap();
        let urls = || text.lines().filter(|line| line.contains("url: postgresql://"));
        assert!(urls().count() > 0 && urls().all(|line| line.contains("verify-full")), "{overlay}");
    }
    for (manifest, env, target, folder) in [
        ("examples/movie-booking/martydb.yaml", "compose", "compose", "examples/movie-booking"),
        ("examples/movie-booking/martydb.yaml", "production", "kubernetes", "examples/movie-booking"),
        ("examples/movie-booking/martydb.yaml", "production", "cloudnative-pg", "examples/movie-booking"),
        ("examples/movie-booking/martydb.yaml", "production", "external-secrets", "examples/movie-booking"),
        ("examples/movie-booking/martydb.yaml", "compose", "pgbouncer", "examples/movie-booking"),
        ("examples/movie-booking/martydb.yaml", "compose", "pgbackrest", "examples/movie-booking"),
        ("examples/movie-booking/martydb.yaml", "compose", "github", "examples/movie-booking"),
        ("examples/movie-booking/martydb.yaml", "compose", "gitlab", "examples/movie-booking"),
        ("services/manifest.yaml", "compose", "compose", "examples/marty"),
        ("services/manifest.yaml", "kubernetes", "kubernetes", "examples/marty"),
        ("services/manifest.yaml", "kubernetes", "cloudnative-pg", "examples/marty"),
        ("services/manifest.yaml", "kubernetes", "external-secrets", "examples/marty"),
    ] {
        let project = Project::with_manifest(MANIFEST);
        let render = ["-f", manifest, "-e", env, "render", target];
        let update = std::env::var_os("UPDATE").is_some();
        // With a folder, objects would have a file each.
        let is_document = ["kubernetes", "cloudnative-pg", "external-secrets"].contains(&target);
        let to = ["--out", folder, "--check"];
        let to = if is_document { &[][..] } else { &to[..to.len() - usize::from(update)] };
        let mut command = project.command(&[&render[..], to].concat());
        command.current_dir(root);
        let text = project.finish(command).expect(0).stdout;
        let path = root.join(folder).join(format!("{target}.yaml"));
        if is_document && update {
            std::fs::write(path, text).unwrap();
        } else if is_document {
            assert_eq!(std::fs::read_to_string(path).unwrap(), text, "UPDATE=1 writes it again");
        }
    }
}

#[test]
fn what_cannot_be_deployed_is_refused_with_a_way_out() {
    let external = "url: 'postgresql://adm@db.example.org:5432/postgres'";
    let rows: &[(&str, &str, &str, &str)] = &[
        (
            "url: 'postgresql://adm@db-one:5432/postgres', password_env: ONE",
            "embedded: true",
            "compose",
            "martydb.compose.yaml",
        ),
        (", password_env: ONE", "", "compose", "password_env: ONE_ADMIN_PASSWORD"),
        ("@db-two:5433", "@db-one:5433", "compose", "both be deployed as \"db-one\""),
        ("@db-two:5433", "@orders:5433", "kubernetes", "both be deployed as \"orders\""),
        ("@db-two:5433", "@init-all:5433", "kubernetes", "both be deployed as \"init-all\""),
        ("{ provider: env }", "{ provider: file }", "kubernetes", "provider env or command"),
        ("orders: { server", "orders: { server", "cloudnative-pg", "CloudNativePG serves at port 5432"),
        ("url: 'postgresql://adm@db-one:5432/postgres'", external, "kubernetes", "cidrs"),
        (
            "  two: {",
            "  o_e: { url: 'postgresql://adm@db-oe/postgres', password_env: A }\n  o-e: { url: 'postgresql://adm@db-o-e/postgres', password_env: A }\n  two: {",
            "compose",
            "would share the secret \"o-e-admin\"",
        ),
        (
            "  orders: {",
            "  postgres: { database: db_pg,",
            "kubernetes",
            "could be taken for a server's or martydb's",
        ),
        (
            "{ server: one }",
            "{ server: one, deploy: { selector: { app.kubernetes.io/name: martydb, tier: api } } }",
            "kubernetes",
            "could be taken for a server's or martydb's",
        ),
        (
            "{ server: one }",
            "{ server: one, deploy: { selector: { app.kubernetes.io/instance: db-two } } }",
            "kubernetes",
            "could be taken for a server's or martydb's",
        ),
        ("@db-two:5433", "@db-one-service:5433", "kubernetes", "would be one workload"),
        (
            "deploy:\n  secret_store: { name: vault }",
            "",
            "external-secrets",
            "deploy: { secret_store: { name: vault } }",
        ),
        (
            "{ name: vault }",
            "{ name: vault, key: fixed }",
            "external-secrets",
            "would share the secret \"fixed\"",
        ),
        (
            "{ server: one }",
            "{ server: one, deploy: { selector: { tier: api } } }",
            "kubernetes",
            "as \"billing\" and as \"orders\"",
        ),
        ("deploy:", "deploy:\n  namespace: A_b", "kubernetes", "\"A_b\" is not a Kubernetes name"),
        (
            "deploy:",
            "deploy:\n  storage: { size: 10 GB }",
            "kubernetes",
            "\"10 GB\" is not a Kubernetes quantity",
        ),
        ("deploy:", "deploy:\n  image: 'a b'", "compose", "\"a b\" is not an image"),
        (
            "{ server: one }",
            "{ server: one, deploy: { selector: { 'a b': x } } }",
            "compose",
            "the name of a label",
        ),
    ];
    for (from, to, target, expected) in rows {
        let refused = edited(from, to).run(&["render", target]).expect(2);
        assert!(refused.stderr.contains(expected), "{to}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{to}");
    }
    let ports =
        "{ url: 'postgresql://adm@db-one:5432/postgres', password_env: ONE, deploy: { host_port: 5433 } }";
    let project = edited("{ url: 'postgresql://adm@db-one:5432/postgres', password_env: ONE }", ports);
    project.run(&["render", "compose"]).expect(0);
    let text = project
        .read("martydb.yaml")
        .replace("password_env: TWO", "password_env: TWO, deploy: { host_port: 5433 }");
    project.write("martydb.yaml", &text);
    let refused = project.run(&["render", "compose"]).expect(2);
    assert!(refused.stderr.contains("port 5433 of the host"), "{}", refused.stderr);
}

/// A server of a provider is reached, and not deployed.
#[test]
fn a_server_elsewhere_is_reached_in_its_networks() {
    let external = "{ url: 'postgresql://adm@db.example.org:6432/postgres', password_env: ONE, deploy: { cidrs: [10.20.0.0/24] } }";
    let project = edited("{ url: 'postgresql://adm@db-one:5432/postgres', password_env: ONE }", external);
    let text = project.run(&["render", "kubernetes"]).expect(0).stdout;
    let cluster = network::Cluster::read(&text);
    assert!(!text.contains("db-one") && !text.contains("db.example.org"), "{text}");
    let outside = |service: &str| cluster.reaches_network(&network::name(service), "10.20.0.0/24", 6432);
    assert!(outside("orders") && !outside("billing"), "{text}");
}

/// What Compose and Kubernetes would fill in or read as something else stays what it is.
#[test]
fn outside_names_are_taken_literally() {
    let text = MANIFEST.replace("adm@db-one:5432/postgres", "%24%28HOME%29no@db-one:5432/$$%7BX%7D");
    let project = Project::with_manifest(&text);
    let compose: serde_yaml::Value =
        serde_yaml::from_str(&project.run(&["render", "compose"]).expect(0).stdout).unwrap();
    let environment = &compose["services"]["db-one"]["environment"];
    assert_eq!(environment["POSTGRES_USER"], "$$(HOME)no");
    assert_eq!(environment["POSTGRES_DB"], "$${X}");
    let objects = network::objects(&project.run(&["render", "kubernetes"]).expect(0).stdout);
    let set = objects
        .iter()
        .find(|object| object["kind"] == "StatefulSet" && object["metadata"]["name"] == "db-one");
    let env = &set.unwrap()["spec"]["template"]["spec"]["containers"][0]["env"];
    assert_eq!((env[0]["value"].as_str(), env[1]["value"].as_str()), (Some("$$(HOME)no"), Some("${X}")));
}

/// The image keeps its data in another folder from 18 on.
#[test]
fn the_data_lies_where_the_image_of_each_major_keeps_it() {
    for (image, folder) in
        [("postgres:17", "/var/lib/postgresql/data"), ("postgres:18", "/var/lib/postgresql")]
    {
        let project = edited("deploy:", &format!("deploy:\n  image: '{image}'"));
        let compose: serde_yaml::Value =
            serde_yaml::from_str(&project.run(&["render", "compose"]).expect(0).stdout).unwrap();
        assert_eq!(compose["services"]["db-one"]["volumes"][0], format!("db_one_data:{folder}"));
        let objects = network::objects(&project.run(&["render", "kubernetes"]).expect(0).stdout);
        let set = objects.iter().find(|object| object["kind"] == "StatefulSet").unwrap();
        let mounts = &set["spec"]["template"]["spec"]["containers"][0]["volumeMounts"];
        assert_eq!(mounts[0]["mountPath"], folder);
    }
}
