//! Redis in deployment files: its servers, networks, secrets, and the script that starts its image.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_yaml::Value;

use super::network::{Cluster, name, objects};
use crate::support::{Project, Server, free_port, has, until};

/// Three services, of which two have keys.
const MANIFEST: &str = "\
version: 1
project: shop
servers:
  main: { url: 'postgresql://adm@db:5432/postgres', password_env: MAIN }
  cache: { url: 'redis://ops@redis-cache:6379', password_env: CACHE }
secrets: { provider: env }
deploy:
  secret_store: { name: vault }
  certificates: { issuer: internal }
services:
  orders: { redis: {} }
  billing: { redis: { prefix: 'bills:' } }
  mail:
";

fn render(manifest: &str, target: &str) -> String {
    Project::with_manifest(manifest).run(&["render", target]).expect(0).stdout
}

fn words(value: &Value) -> Vec<&str> {
    value.as_sequence().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn only_services_with_keys_have_a_path_to_redis() {
    let text = render(MANIFEST, "compose");
    let compose: Value = serde_yaml::from_str(&text).unwrap();
    let services = &compose["services"];
    assert_eq!(words(&services["redis-cache"]["networks"]), ["admin", "redis-billing", "redis-orders"]);
    assert_eq!(words(&services["orders"]["networks"]), ["database-orders", "default", "redis-orders"]);
    assert_eq!(words(&services["orders"]["secrets"]), ["orders_database_url", "orders_redis_url"]);
    assert_eq!(services["orders"]["environment"]["REDIS_URL_FILE"], "/run/secrets/orders_redis_url");
    assert_eq!(words(&services["mail"]["networks"]), ["database-mail", "default"]);
    assert!(services["mail"]["environment"].get("REDIS_URL_FILE").is_none());
    assert_eq!(services["init-all"]["environment"]["CACHE_FILE"], "/run/secrets/cache_admin_password");
    assert_eq!(services["init-all"]["depends_on"]["redis-cache"]["condition"], "service_healthy");
    assert_eq!(compose["networks"]["redis-orders"]["internal"], true);
    assert!(services["redis-cache"]["command"][2].as_str().unwrap().contains("--maxmemory 805306368"));
    for target in ["kubernetes", "cloudnative-pg"] {
        let cluster = Cluster::read(&render(MANIFEST, target));
        for (from, expected) in [("orders", true), ("billing", true), ("mail", false), ("martydb", true)] {
            assert_eq!(cluster.reaches(&name(from), "redis-cache", 6379), expected, "{target}: {from}");
            assert!(!cluster.reaches(&name(from), "redis-cache", 5432), "{target}: {from}");
        }
        assert!(!cluster.passes("redis-cache", "redis-cache", 6379), "{target}");
    }
    // Without keys nothing of it is left.
    let without = MANIFEST.replace("redis: {}", "").replace("redis: { prefix: 'bills:' }", "");
    let without = without.lines().filter(|line| !line.contains("redis-cache")).collect::<Vec<_>>().join("\n");
    for target in ["compose", "kubernetes", "cloudnative-pg", "external-secrets"] {
        assert!(!render(&without, target).to_lowercase().contains("redis"), "{target}");
    }
}

#[test]
fn the_pods_refer_to_the_secrets_of_their_users() {
    let tls = MANIFEST.replace("redis://", "rediss://");
    let text = render(&tls, "kubernetes");
    let all = objects(&text);
    let of = |kind: &str, name: &str| {
        let found = all.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("{kind} {name}"))
    };
    let pod = &of("StatefulSet", "redis-cache")["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"][0]["secret"]["secretName"], "cache-admin");
    assert_eq!(pod["volumes"][1]["secret"]["secretName"], "redis-cache-tls");
    let start = pod["containers"][0]["command"][2].as_str().unwrap();
    assert!(start.contains("--port 0 --tls-port 6379 --tls-auth-clients no"), "{start}");
    // Kubernetes would expand what is not escaped.
    assert!(start.contains("hash=$$(head"), "{start}");
    of("Certificate", "redis-cache-tls");
    let job = all.iter().find(|one| one["kind"] == "Job").unwrap();
    let variables = job["spec"]["template"]["spec"]["containers"][0]["env"].as_sequence().unwrap();
    for (variable, secret, key) in [
        ("CACHE", "cache-admin", "password"),
        ("ORDERS_REDIS_APP_PASSWORD", "orders-redis-app", "REDIS_PASSWORD"),
    ] {
        let found = variables.iter().find(|one| one["name"] == variable);
        let reference = &found.unwrap_or_else(|| panic!("{variable}"))["valueFrom"]["secretKeyRef"];
        assert_eq!((&reference["name"], &reference["key"]), (&secret.into(), &key.into()), "{variable}");
    }
    assert!(text.contains("name: ca-cache"), "{text}");

    let external = objects(&render(&tls, "external-secrets"));
    let user = external.iter().find(|one| one["metadata"]["name"] == "billing-redis-ro").unwrap();
    let data = &user["spec"]["target"]["template"]["data"];
    assert_eq!(data["REDIS_USERNAME"], "billing_ro");
    let url = "rediss://billing_ro:{{ .password | urlquery | replace \"+\" \"%20\" }}@redis-cache:6379";
    assert_eq!(data["REDIS_URL"], url);
    assert_eq!(user["spec"]["data"][0]["remoteRef"]["key"], "martydb/development/redis_billing_ro");
    assert!(external.iter().any(|one| one["metadata"]["name"] == "cache-admin"));
}

#[test]
fn an_undeployable_redis_is_refused_with_a_hint() {
    let rows = [
        (", password_env: CACHE", "", "compose", "password_env: CACHE_ADMIN_PASSWORD"),
        ("ops@", "a%20b@", "compose", "cannot be created by its image"),
        ("@redis-cache:", "@db:", "compose", "both be deployed as \"db\""),
        ("@redis-cache:", "@cache.example.org:", "kubernetes", "cidrs"),
        ("orders: {", "redis: {", "kubernetes", "could be taken for a server's or martydb's"),
        ("redis://", "rediss://", "github", "without TLS"),
    ];
    for (from, to, target, expected) in rows {
        let text = match target {
            "github" => MANIFEST.replace("{ provider: env }", "{ provider: file }"),
            _ => MANIFEST.to_owned(),
        };
        let refused = Project::with_manifest(&text.replace(from, to)).run(&["render", target]).expect(2);
        assert!(refused.stderr.contains(expected), "{to}: {}", refused.stderr);
    }
    let no_issuer =
        MANIFEST.replace("redis://", "rediss://").replace("  certificates: { issuer: internal }\n", "");
    let refused = Project::with_manifest(&no_issuer).run(&["render", "kubernetes"]).expect(2);
    assert!(refused.stderr.contains("certificates: { issuer: internal }"), "{}", refused.stderr);
}

/// The container of the Compose file as a process: the same script, with other folders.
#[test]
fn the_script_of_the_image_starts_a_server_that_keeps_its_users() {
    if !has("redis-server") {
        return;
    }
    let (server, port) = (Server::start(), free_port());
    let manifest = |host: &str| {
        format!(
            "version: 1\nproject: rr\nservers:\n  main: {{ url: '{}' }}\n  cache: {{ url: 'redis://ops@{host}:{port}', \
             password_env: CACHE }}\nallow: [{{ finding: redis-shared-memory, reason: test }}]\nservices:\n  \
             rr_a: {{ redis: {{}} }}\n",
            server.url()
        )
    };
    let project = Project::with_manifest(&manifest("127.0.0.1"));
    project.run(&["secrets", "generate", "--all"]).expect(0);
    project.run(&["secrets", "export", "--format", "compose", "--values", "--out", "secrets"]).expect(0);
    project.write(
        "named/martydb.yaml",
        &manifest("redis-cache").replace("{ url: 'postgresql", "{ password_env: MAIN, url: 'postgresql"),
    );
    let compose = project.run(&["-f", "named/martydb.yaml", "render", "compose"]).expect(0).stdout;
    let compose: Value = serde_yaml::from_str(&compose).unwrap();
    let container = &compose["services"]["redis-cache"];
    let (data, secrets) = (project.path().join("data"), project.path().join("secrets"));
    let here = |text: &str| {
        let text = text.replace("$$", "$").replace("/run/secrets", &secrets.display().to_string());
        text.replace("/data", &data.display().to_string())
    };
    let ready = here(container["healthcheck"]["test"][1].as_str().unwrap());
    let script = here(container["command"][2].as_str().unwrap());
    std::fs::create_dir(&data).unwrap();
    // The entrypoint of the image, as far as it matters.
    project.write("bin/docker-entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n");
    let entrypoint = project.path().join("bin/docker-entrypoint.sh");
    std::fs::set_permissions(&entrypoint, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", project.path().join("bin").display(), std::env::var("PATH").unwrap());
    let start = || {
        let mut command = Command::new("sh");
        command.args(["-c", &script]).env("PATH", &path).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let is_ready = || {
        let mut command = Command::new("sh");
        command.args(["-c", &ready]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    };
    let martydb = |arguments: &[&str], code: i32| {
        let mut command = project.command(arguments);
        command.env("CACHE_FILE", secrets.join("cache_admin_password"));
        project.finish(command).expect(code).stdout
    };

    let mut child = start();
    until("the health check succeeds", is_ready);
    martydb(&["apply", "--all", "-y"], 0);
    martydb(&["plan", "--check"], 0);
    let url = project.read("secrets/rr_a_redis_url");
    let client = |words: &[&str]| {
        let output = Command::new("redis-cli").args(["--no-auth-warning", "-u", &url]).args(words).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(client(&["SET", "rr_a:k", "v"]), "OK\n");
    assert!(client(&["SET", "other:k", "v"]).contains("NOPERM"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_ready());

    // The second start keeps the users, and the keys.
    let mut child = start();
    until("the health check succeeds", is_ready);
    martydb(&["plan", "--check"], 0);
    let kept = client(&["GET", "rr_a:k"]);
    // The services use it, whatever is in the admin's file.
    let password = project.read("secrets/cache_admin_password");
    project.write("secrets/cache_admin_password", "another\n");
    assert!(is_ready());
    project.write("secrets/cache_admin_password", &password);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(kept, "v\n");
    // An empty password would let everybody in.
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::create_dir(&data).unwrap();
    for empty in ["", "\n", "\r\n"] {
        project.write("secrets/cache_admin_password", empty);
        assert!(!start().wait().unwrap().success());
    }
}
