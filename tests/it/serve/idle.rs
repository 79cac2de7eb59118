//! Costs of 50 services in one process without requests, and what a flood at one of them costs the callers of another.
//!
//! `scripts/serve-idle` runs it; the times are ratios of rounds that alternate.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{DataService, try_ask_at};
use super::key;
use crate::support::{Admin, Project, Server};

const NUMBER: usize = 50;

fn project(server: &Server) -> Project {
    let mut text = format!(
        "version: 1\nproject: sri\nservers:\n  main:\n    url: {}\nserve:\n  listen: 127.0.0.1:0\n  callers:\n",
        server.url_of(Admin::Super)
    );
    text.push_str("    calm: { service: sri_1, as: read }\n    loud: { service: sri_2, as: read, rate: 50/s }\nservices:\n");
    text.extend((1..=NUMBER).map(|number| format!("  sri_{number}: {{ serve: {{}} }}\n")));
    let project = Project::with_manifest(&text);
    for number in 1..=2 {
        project.write(
            &format!("sri_{number}/migrations/V1__item.sql"),
            "CREATE TABLE item (id int PRIMARY KEY);\nINSERT INTO item VALUES (1);\n",
        );
        project.write(&format!("sri_{number}/migrations/V1__item.down.sql"), "DROP TABLE item;\n");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

/// Returns the 99th percentile of 300 reads.
fn slowest(service: &DataService, key: &str) -> Duration {
    let mut times: Vec<Duration> = (0..300)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(service.ask("GET", "/sri_1/rest/item?id=eq.1", Some(key), &[], "").status, 200);
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() * 99 / 100]
}

/// The same while four clients ask for another service as fast as they can; with the number of their requests.
fn slowest_beside_a_flood(service: &DataService, calm: &str, loud: &str) -> (Duration, usize) {
    let (over, query) = (AtomicBool::new(false), AtomicUsize::new(0));
    let slowest = thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    let answer =
                        try_ask_at(service.address(), "GET", "/sri_2/rest/item", Some(loud), &[], "");
                    assert!(answer.is_some_and(|answer| [200, 429].contains(&answer.status)));
                    query.fetch_add(1, SeqCst);
                }
            });
        }
        thread::sleep(Duration::from_millis(200));
        let found = slowest(service, calm);
        over.store(true, SeqCst);
        found
    });
    (slowest, query.into_inner())
}

#[test]
fn fifty_idle_services_are_cheap_and_a_flood_slows_only_its_own() {
    let server = Server::start();
    let project = project(&server);
    let [calm, loud] = ["calm", "loud"].map(|caller| key(&project, caller));
    let service = DataService::start(&project);
    // Two looks at each catalog.
    thread::sleep(Duration::from_secs(3));
    let sessions = "SELECT count(*)::text FROM pg_stat_activity WHERE usename LIKE 'sri\\_%\\_serve%'";
    let (connections, memory) =
        (server.value("postgres", sessions).parse::<usize>().unwrap(), service.memory());
    let before = service.processor_time();
    thread::sleep(Duration::from_secs(10));
    let idle = (service.processor_time() - before).as_secs_f64() / 10.0;
    eprintln!(
        "{NUMBER} idle services: {connections} connections, {memory} kB, {:.1} % of a core",
        100.0 * idle
    );
    assert!(connections <= 2 * NUMBER, "{connections}");
    let mut ratios: Vec<f64> = (0..5)
        .map(|round| {
            let alone = slowest(&service, &calm);
            let (beside, query) = slowest_beside_a_flood(&service, &calm, &loud);
            let ratio = beside.as_secs_f64() / alone.as_secs_f64();
            eprintln!("round {round}: p99 {alone:?} alone, {beside:?} beside {query} requests of the flood: {ratio:.2}");
            ratio
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    eprintln!("median of the ratios: {:.2}", ratios[2]);
}
