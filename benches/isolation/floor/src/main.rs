//! The floor: every login at every database with a plain client, `jobs` at a time, and nothing else.
//!
//! `floor PORT JOBS LOGINS DATABASES`: LOGINS holds a role and its password a line, DATABASES a name a line. It counts
//! what came of the logins and keeps no attempt; it derives the SCRAM key each time, as libpq does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;

type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

async fn one(config: tokio_postgres::Config, counts: Counts) {
    let outcome = match config.connect(tokio_postgres::NoTls).await {
        Ok(_) => "in".to_owned(),
        Err(error) => error.code().map_or(error.to_string(), |code| code.code().to_owned()),
    };
    *counts.lock().expect("no thread panics while it holds the lock").entry(outcome).or_default() += 1;
}

fn lines(path: &str) -> Vec<String> {
    std::fs::read_to_string(path).expect(path).lines().map(str::to_owned).collect()
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, jobs, logins, databases] = arguments.as_slice() else {
        panic!("floor PORT JOBS LOGINS DATABASES")
    };
    let port: u16 = port.parse().expect("a port");
    let jobs = Arc::new(Semaphore::new(jobs.parse().expect("a number")));
    let (counts, mut tasks) = (Counts::default(), vec![]);
    let databases = lines(databases);
    for login in lines(logins) {
        let (role, password) = login.split_once(' ').expect("a role and its password");
        for database in &databases {
            let turn = jobs.clone().acquire_owned().await.expect("never closed");
            let mut config = tokio_postgres::Config::new();
            config.host("127.0.0.1").port(port).user(role).password(password).dbname(database);
            let counts = counts.clone();
            tasks.push(tokio::spawn(async move {
                one(config, counts).await;
                drop(turn);
            }));
        }
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    println!("{:?}", counts.lock().expect("no thread panics while it holds the lock"));
}
