//! The floor: refinery over tokio-postgres in one process, `jobs` databases at a time, and nothing else.
//!
//! `floor apply|bare FOLDER JOBS`: FOLDER holds `services` (a database's URL and its folder of migrations a line).
//! `bare` only logs in and out again.

use std::sync::Arc;

use tokio::sync::Semaphore;

async fn one(bare: bool, url: String, folder: String) -> usize {
    let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect(&url);
    let driver = tokio::spawn(connection);
    let mut applied = 0;
    if !bare {
        let files = refinery_core::load_sql_migrations(&folder).expect(&folder);
        let report = refinery_core::Runner::new(&files).run_async(&mut client).await.expect(&url);
        applied = report.applied_migrations().len();
    }
    drop(client);
    let _ended = driver.await;
    applied
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, what, folder, jobs] = arguments.as_slice() else { panic!("floor apply|bare FOLDER JOBS") };
    let jobs = Arc::new(Semaphore::new(jobs.parse().expect("a number")));
    let bare = what == "bare";
    let list = std::fs::read_to_string(format!("{folder}/services")).expect("services");
    let tasks: Vec<_> = list
        .lines()
        .map(|line| {
            let (url, files) = line.split_once(' ').expect("URL and folder");
            let (url, files, jobs) = (url.to_owned(), files.to_owned(), jobs.clone());
            tokio::spawn(async move {
                let _turn = jobs.acquire().await.expect("never closed");
                one(bare, url, files).await
            })
        })
        .collect();
    let mut applied = 0;
    for task in tasks {
        applied += task.await.expect("no task panics");
    }
    println!("applied {applied}");
}
