//! Serves one database as a service, for the conformance suite of PostgREST: SOCKET_FOLDER PORT DATABASE ROLE LISTEN SCHEMA…

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use martydb_http::HttpListener;
use martydb_model::{ServeLimit, ServeLimits};
use martydb_pg::server::{Endpoint, Host, Tls};
use martydb_serve::{
    CallerRight, CallerShare, Callers, ExposedFunctions, LoginTarget, RequestLimits, ServeCaller,
    ServedDatabase, ServedExposure, ServedProcess, ServerConnector, TokenKey, TokenRules, bind,
};

/// Role and secret of the suite's tokens.
const AUTHOR: &str = "postgrest_test_author";
const SECRET: &str = "reallyreallyreallyreallyverysafe";

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let schemas: Vec<String> = words[5..].to_vec();
    let (host, port) = (Host::Socket(words[0].clone().into()), words[1].parse().unwrap());
    let connector = ServerConnector::new(&Endpoint { host, port, tls: Tls::default() }).unwrap();
    let target = |role: &str, reads_only| LoginTarget {
        connector: connector.clone(),
        database: words[2].clone(),
        role: role.to_owned(),
        password: None,
        schemas: schemas.iter().cloned().chain(["public".into(), "extensions".into()]).collect(),
        timeout: Duration::from_secs(10),
        reads_only,
        connections: 4,
        wait: Duration::from_secs(5),
        breaker: Arc::default(),
        renewals: Arc::default(),
        is_own: false,
    };
    let mut limits = RequestLimits::default();
    for (limit, most) in [(ServeLimit::Conditions, 100), (ServeLimit::Values, 1000), (ServeLimit::Depth, 10)]
    {
        limits.most.set(limit, most);
    }
    let exposure = ServedExposure {
        schemas: schemas.clone(),
        limits,
        rollback: true,
        unfiltered_writes: true,
        functions: ExposedFunctions::All,
        volatile_reads: true,
        claims: true,
        ..ServedExposure::default()
    };
    let database = ServedDatabase {
        name: "test".into(),
        server: "main".into(),
        exposure,
        read: target(&words[3], true),
        write: target(&words[3], false),
        further: vec![target(AUTHOR, false)],
        monitor: None,
        replicas: vec![],
    };
    let process = Arc::new(ServedProcess::new("test", callers(), ServeLimits::default()));
    process.serve(vec![database]).await.unwrap();
    let listener = HttpListener {
        address: words[4].parse().unwrap(),
        flag: "LISTEN",
        certificate: None,
        key: None,
        client_authority: None,
        users: None,
    };
    bind(&listener, process).unwrap().serve().await.unwrap();
}

/// Returns the anonymous caller, and the one of the suite's tokens.
fn callers() -> Callers {
    let mut callers = Callers::default();
    callers.add(
        ServeCaller {
            name: "anonymous".into(),
            service: "test".into(),
            right: CallerRight::Write,
            login: None,
            rate: None,
            cost: None,
            share: CallerShare::default(),
        },
        [],
    );
    let author = ServeCaller {
        name: AUTHOR.into(),
        service: "test".into(),
        right: CallerRight::Write,
        login: Some(AUTHOR.into()),
        rate: None,
        cost: None,
        share: CallerShare::default(),
    };
    callers.add(author, []);
    callers.accept_tokens(TokenRules {
        keys: vec![TokenKey::of_secret(SECRET).unwrap()],
        audience: "youraudience".into(),
        caller_claim: "role".into(),
        lenient: true,
    });
    callers
}
