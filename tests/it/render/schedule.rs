//! Scheduled runs: lines of cron, which are run here, and CronJobs with the needs of their pods.

use std::process::Command;

use serde_yaml::Value;

use super::MANIFEST;
use super::network::{self, Cluster, name};
use crate::support::{Admin, Project, Server, can_dump};

/// An address that nothing in the manifest names.
const OUTSIDE: &str = "192.0.2.0/24";

type Pairs = Vec<(String, String)>;

/// The settings of a crontab, and its commands with their times.
fn crontab(text: &str) -> (Pairs, Pairs) {
    let (mut settings, mut lines) = (vec![], vec![]);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line
            .split_once('=')
            .filter(|(name, _)| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        {
            Some((name, value)) => settings.push((name.to_owned(), value.trim_matches('"').to_owned())),
            None => {
                let at = line.match_indices(' ').nth(4).unwrap().0;
                lines.push((line[..at].to_owned(), line[at + 1..].to_owned()));
            }
        }
    }
    (settings, lines)
}

#[test]
fn the_lines_of_cron_prove_back_up_prune_and_verify() {
    let server = Server::start();
    let project = Project::new_as(&server, Admin::Super, "cro");
    project.run(&["init-all", "-y"]).expect(0);
    let plain = crontab(&project.run(&["render", "cron"]).expect(0).stdout).1;
    assert_eq!(plain.len(), 1, "without backup: there is nothing but the proof: {plain:?}");
    let text = project.read("martydb.yaml");
    let backup = "backup:\n  to: kept\n  keep: { last: 1 }\n  schedule: { take: '5 */6 * * *' }\n";
    project.write("martydb.yaml", &format!("{text}{backup}"));
    project.run(&["render", "cron", "--out", "."]).expect(0);
    let (settings, lines) = crontab(&project.read("martydb.crontab"));
    let times: Vec<&str> = lines.iter().map(|(at, _)| at.as_str()).collect();
    assert_eq!(times, ["17 3 * * *", "5 */6 * * *", "30 3 * * *", "30 4 * * 0"]);
    if !can_dump(&server) {
        return;
    }
    // The last verified one stays, too: there is something to prune the third time. From another folder, as cron does.
    let elsewhere = tempfile::tempdir().unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_martydb")).parent().unwrap().display().to_string();
    for _ in 0..3 {
        for (_, line) in &lines {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", line]).current_dir(elsewhere.path()).env_clear();
            command.envs(settings.iter().map(|(name, value)| {
                (name, if name == "PATH" { format!("{program}:{value}") } else { value.clone() })
            }));
            for one in ["HOME", "PGPASSWORD", "MARTYDB_PG_BIN"] {
                command.envs(
                    project
                        .command(&[])
                        .get_envs()
                        .filter(|(name, _)| *name == one)
                        .map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())),
                );
            }
            let done = command.output().unwrap();
            assert!(done.status.success(), "{line}: {done:?}");
        }
    }
    let list = project.json(&["backup", "list"], 0);
    let backups = list["backups"].as_array().unwrap();
    assert_eq!(backups.len(), 4, "two of each service: {list:#}");
    assert!(backups.iter().all(|one| one["verified_at"].is_string()), "{list:#}");
}

/// The objects of a kind, by name.
fn objects(text: &str, kind: &str) -> Vec<(String, Value)> {
    let of = network::objects(text).into_iter().filter(|one| one["kind"] == kind);
    of.map(|one| (one["metadata"]["name"].as_str().unwrap().to_owned(), one)).collect()
}

fn kubernetes(backup: &str) -> String {
    let project = Project::with_manifest(&format!("{MANIFEST}{backup}"));
    project.run(&["render", "kubernetes"]).expect(0).stdout
}

fn jobs(text: &str) -> Vec<String> {
    objects(text, "CronJob").into_iter().map(|(name, _)| name).collect()
}

#[test]
fn cron_jobs_have_their_volumes_keys_and_network_paths() {
    assert_eq!(jobs(&kubernetes("")), ["verify-isolation"]);
    // A folder is a disk.
    let folder = kubernetes("backup: { to: kept, keep: { last: 3 } }\n");
    assert_eq!(
        jobs(&folder),
        ["verify-isolation", "martydb-backup", "martydb-backup-prune", "martydb-backup-verify"]
    );
    assert_eq!(objects(&folder, "PersistentVolumeClaim")[0].0, "martydb-backups");
    for (name, job) in &objects(&folder, "CronJob")[1..] {
        let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let mounts = pod["containers"][0]["volumeMounts"].as_sequence().unwrap();
        let paths: Vec<&str> = mounts.iter().map(|mount| mount["mountPath"].as_str().unwrap()).collect();
        assert_eq!(paths, ["/tmp", "/work/.martydb", "/work/kept"], "{name}");
        assert_eq!(pod["volumes"][2]["persistentVolumeClaim"]["claimName"], "martydb-backups", "{name}");
        assert_eq!(pod["securityContext"]["fsGroup"], pod["securityContext"]["runAsUser"], "{name}");
    }
    // Object storage takes its keys, and a way out that the other pods have not.
    let s3 = "backup: { to: 's3://bucket/shop' }\n";
    let stored = kubernetes(s3);
    assert_eq!(jobs(&stored), ["verify-isolation", "martydb-backup", "martydb-backup-verify"]);
    assert!(objects(&stored, "PersistentVolumeClaim").is_empty());
    let job = &objects(&stored, "CronJob")[1].1;
    let container = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["envFrom"][0]["secretRef"]["name"], "martydb-backup-store");
    let cluster = Cluster::read(&stored);
    let labels = |instance: &str| {
        let mut labels = name("martydb");
        labels.insert("app.kubernetes.io/instance".into(), instance.into());
        labels
    };
    for (instance, goes) in [("martydb-backup", true), ("martydb-backup-verify", true), ("init-all", false)] {
        assert_eq!(cluster.reaches_network(&labels(instance), OUTSIDE, 443), goes, "{instance}");
        assert!(!cluster.reaches_network(&labels(instance), OUTSIDE, 80), "{instance}");
        assert!(cluster.reaches(&labels(instance), "db-one", 5432), "{instance}");
    }
    let ported = MANIFEST.replace("deploy:\n", "deploy:\n  backup_jobs: { store_port: 9000 }\n");
    let ported =
        Project::with_manifest(&format!("{ported}{s3}")).run(&["render", "kubernetes"]).expect(0).stdout;
    let ported = Cluster::read(&ported);
    assert!(ported.reaches_network(&labels("martydb-backup"), OUTSIDE, 9000));
    assert!(!ported.reaches_network(&labels("martydb-backup"), OUTSIDE, 443));
}

#[test]
fn each_store_has_its_volume_or_its_bucket_keys() {
    let text = kubernetes("backup: { to: [kept, 's3://bucket/shop', /mnt/copies] }\n");
    let disks: Vec<String> =
        objects(&text, "PersistentVolumeClaim").into_iter().map(|(name, _)| name).collect();
    assert_eq!(disks, ["martydb-backups", "martydb-backups-2"]);
    let pod = &objects(&text, "CronJob")[1].1["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let mounts = pod["containers"][0]["volumeMounts"].as_sequence().unwrap();
    let paths: Vec<&str> = mounts.iter().map(|mount| mount["mountPath"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/tmp", "/work/.martydb", "/work/kept", "/mnt/copies"]);
    assert_eq!(pod["volumes"][3]["persistentVolumeClaim"]["claimName"], "martydb-backups-2");
    assert_eq!(pod["containers"][0]["envFrom"][0]["secretRef"]["name"], "martydb-backup-store");
    let cluster = Cluster::read(&text);
    let mut labels = name("martydb");
    labels.insert("app.kubernetes.io/instance".into(), "martydb-backup".into());
    assert!(cluster.reaches_network(&labels, OUTSIDE, 443));
}

#[test]
fn encrypted_backups_are_verified_only_with_an_identity() {
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let sealed = format!("backup: {{ to: kept, encrypt: [{recipient}] }}\n");
    let text = kubernetes(&sealed);
    assert_eq!(jobs(&text), ["verify-isolation", "martydb-backup"]);
    let project = Project::with_manifest(&format!(
        "{}{sealed}",
        MANIFEST.replace(
            "deploy:\n",
            "deploy:\n  backup_jobs: { identity_secret: opener, storage: { size: 20Gi } }\n"
        )
    ));
    let text = project.run(&["render", "kubernetes"]).expect(0).stdout;
    let all = objects(&text, "CronJob");
    let (name, verify) = all.last().unwrap();
    assert_eq!(name, "martydb-backup-verify");
    let pod = &verify["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let variables = pod["containers"][0]["env"].as_sequence().unwrap();
    let identity = variables.iter().find(|one| one["name"] == "MARTYDB_BACKUP_IDENTITY").unwrap();
    assert_eq!(identity["value"], "/run/martydb/identity/identity");
    let secrets: Vec<&Value> =
        pod["volumes"].as_sequence().unwrap().iter().filter(|one| one["name"] == "identity").collect();
    assert_eq!(secrets[0]["secret"]["secretName"], "opener");
    // The pods that only write have no identity.
    let backup = serde_yaml::to_string(&all[1].1).unwrap();
    assert!(!backup.contains("identity"), "{backup}");
    let claim = &objects(&text, "PersistentVolumeClaim")[0].1;
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "20Gi");
}

#[test]
fn an_invalid_time_is_refused() {
    for (schedule, expected) in [
        ("{ take: daily }", "\"daily\" is not a cron schedule"),
        ("{ verify: '0 0 4 * * 0' }", "\"0 0 4 * * 0\" is not a cron schedule"),
        ("{ prune: \"* * * * *\\nroot rm\" }", "is not a cron schedule"),
    ] {
        let project =
            Project::with_manifest(&format!("{MANIFEST}backup: {{ to: kept, schedule: {schedule} }}\n"));
        let refused = project.run(&["render", "cron"]).expect(2);
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
    let taken = MANIFEST.replace("orders:", "martydb-backup:");
    let refused = Project::with_manifest(&taken).run(&["render", "kubernetes"]).expect(2);
    assert!(refused.stderr.contains("both be deployed as \"martydb-backup\""), "{}", refused.stderr);
}

#[test]
fn partitions_are_maintained_where_a_service_declares_them() {
    let plain = Project::with_manifest(MANIFEST);
    let declared = "  orders: { server: one, partitions: { public.events: { by: day, key: at } } }\n";
    let project = super::edited("  orders: { server: one }\n", declared);
    for target in ["cron", "compose", "kubernetes"] {
        assert!(!plain.run(&["render", target]).expect(0).stdout.contains("partitions"), "{target}");
    }
    let cron = crontab(&project.run(&["render", "cron"]).expect(0).stdout).1;
    let run = ("41 1 * * *".to_owned(), "martydb --no-input partitions --once".to_owned());
    assert!(cron.contains(&run), "{cron:?}");

    let compose: Value = serde_yaml::from_str(&project.run(&["render", "compose"]).expect(0).stdout).unwrap();
    let container = &compose["services"]["martydb-partitions"];
    assert_eq!(container["command"].as_sequence().unwrap().last().unwrap(), "partitions", "{container:?}");
    assert_eq!(container["networks"], serde_yaml::from_str::<Value>("[database-orders, default]").unwrap());
    assert_eq!(container["secrets"].as_sequence().unwrap().len(), 0, "no admin's password: {container:?}");

    let text = project.run(&["render", "kubernetes"]).expect(0).stdout;
    let mut objects = text.split("\n---\n").map(|one| serde_yaml::from_str::<Value>(one).unwrap());
    let is_job = |one: &Value| one["kind"] == "CronJob" && one["metadata"]["name"] == "martydb-partitions";
    let job = objects.find(is_job).unwrap();
    assert_eq!(job["spec"]["schedule"], "41 1 * * *");
    let container = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    let variables: Vec<&str> =
        container["env"].as_sequence().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(variables, ["ORDERS_MIGRATOR_PASSWORD"], "the migrator's password alone");
}
