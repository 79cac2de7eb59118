//! Metrics of Redis, and its rows in `status`.

use super::{project, url};
use crate::support::{OPS, Project, Redis, Server};

/// The values of a series with these labels.
fn values(samples: &serde_json::Value, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
    let matches = |sample: &&serde_json::Value| {
        let of = |label: &str| sample.get(label).or_else(|| sample["labels"].get(label)).cloned();
        sample["name"] == name && labels.iter().all(|(label, value)| of(label) == Some((*value).into()))
    };
    let all = samples["samples"].as_array().unwrap().iter().filter(matches);
    all.map(|sample| sample["value"].as_f64().unwrap()).collect()
}

fn measured(project: &Project, code: i32) -> serde_json::Value {
    let never = ["--migrations-every", "never", "--tables-every", "never"];
    let done = project.run(&[&["monitor", "--once", "-o", "json"][..], &never].concat()).expect(code);
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn metrics_cover_memory_users_refusals_and_the_proof() {
    let Some(mut redis) = Redis::managed() else { return };
    let server = Server::start();
    let allow = "allow: [{ finding: redis-shared-memory, reason: test }]\nmonitor: true\n";
    let project = project(&server, &redis.url_of(OPS.0, OPS.1), allow);
    project.run(&["apply", "--all", "-y"]).expect(0);
    redis.ops(&["CONFIG", "SET", "maxmemory", "100mb"]);
    let app = url(&project, "alpha", "app");
    let holds = redis.hold(&app);
    assert!(redis.client(&app, &["GET", "beta:secret"]).contains("NOPERM"));
    redis.client(&redis.url_of("unmanaged", "wrong"), &["PING"]);

    let first = measured(&project, 0);
    let cache = [("server", "cache"), ("service", "")];
    let alpha = [("server", "cache"), ("service", "alpha"), ("database", "alpha:"), ("role", "alpha_app")];
    assert_eq!(values(&first, "martydb_redis_up", &cache), [1.0]);
    assert!(values(&first, "martydb_redis_memory_used_bytes", &cache)[0] > 500_000.0);
    let limit = [&cache[..], &[("policy", "noeviction")]].concat();
    assert_eq!(values(&first, "martydb_redis_memory_limit_bytes", &limit), [104_857_600.0]);
    assert_eq!(values(&first, "martydb_redis_evicted_keys_total", &cache), [0.0]);
    assert_eq!(values(&first, "martydb_redis_clients", &alpha), [1.0]);
    assert_eq!(values(&first, "martydb_redis_users_unsaved", &cache), [0.0]);
    assert_eq!(values(&first, "martydb_redis_save_failing", &cache), [0.0]);
    assert!(values(&first, "martydb_redis_saved_timestamp_seconds", &cache)[0] > 1e9);
    // The proof tries keys of other services too, which is not a refusal of the service's own.
    let refused = |samples: &serde_json::Value, reason: &str| {
        values(samples, "martydb_redis_acl_log_refusals", &[&alpha[..], &[("reason", reason)]].concat())
    };
    assert_eq!(refused(&first, "key"), [1.0]);
    let unmanaged = [&cache[..], &[("role", "other"), ("reason", "auth")]].concat();
    assert_eq!(values(&first, "martydb_redis_acl_log_refusals", &unmanaged), [1.0]);
    for metric in ["martydb_isolation_ok", "martydb_isolation_proven_timestamp_seconds"] {
        assert!(values(&first, metric, &alpha[..3])[0] >= 1.0, "{metric}");
    }
    assert_eq!(values(&first, "martydb_drift_changes", &alpha[..3]), [0.0]);
    let shown = project.run(&["status"]).expect(0).stdout;
    assert!(shown.contains("redis of alpha: keys alpha: on server cache: both users log in"), "{shown}");
    drop(holds);

    // A user that a restart loses, and one that reads what it must not.
    redis.ops(&["ACL", "SETUSER", "alpha_app", "~beta:*"]);
    let second = measured(&project, 0);
    assert_eq!(values(&second, "martydb_redis_users_unsaved", &cache), [1.0]);
    assert_eq!(values(&second, "martydb_drift_changes", &alpha[..3]), [1.0]);
    assert_eq!(values(&second, "martydb_isolation_ok", &[("server", "cache"), ("service", "beta")]), [0.0]);
    assert_eq!(values(&second, "martydb_isolation_ok", &[("server", "main"), ("service", "beta")]), [1.0]);
    assert_eq!(refused(&second, "key"), [1.0]);

    redis.kill();
    let down = measured(&project, 1);
    assert_eq!(values(&down, "martydb_redis_up", &cache), [0.0]);
    let shown = project.json(&["status"], 0);
    assert_eq!(
        (&shown["redis"][0]["state"], &shown["redis"][0]["prefix"]),
        (&"unreachable".into(), &"alpha:".into())
    );
    assert!(values(&down, "martydb_redis_memory_used_bytes", &cache).is_empty());
    assert!(values(&down, "martydb_isolation_ok", &[("server", "cache")]).is_empty());
    assert_eq!(values(&down, "martydb_isolation_ok", &[("server", "main"), ("service", "beta")]), [1.0]);
}
