//! Results that `status` gets by few queries: the newest of many events, and one list of sessions for all databases.

use std::time::Duration;

use martydb_migrate::{ServiceStatus, Sizes};
use martydb_pg::server::sessions::SessionList;
use sqlx::Connection;

use super::support::Service;

const WAIT: Duration = Duration::from_secs(5);

async fn look(service: &Service, sessions: &SessionList) -> ServiceStatus {
    let status = martydb_migrate::status(
        &service.target,
        Sizes::Skipped,
        martydb_migrate::DriftCheck::Skipped,
        WAIT,
        sessions,
    )
    .await;
    assert_eq!(status.error, None);
    status
}

fn newest(status: &ServiceStatus) -> (Option<i64>, &str) {
    let event = status.last_event.as_ref().unwrap();
    (event.version, event.at.as_str())
}

/// More events than are read at once, and in another order than their numbers.
#[tokio::test]
async fn the_newest_event_is_found_among_few_and_many() {
    let service = Service::new("glance_many").await;
    service.write("V1__t.sql", "CREATE TABLE t (a int);").upgraded().await;
    for (from, to) in [(2, 150), (151, 199), (200, 200), (201, 450)] {
        let insert = format!(
            "INSERT INTO martydb.history (id, at, action, version, name, outcome, mode, attempts, began, tool)
             SELECT n, timestamptz '2026-01-01 00:00:00.5+00' + n * interval '1 second', 'repair', n, 'e', 'ok', 'transaction', 1,
                    timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second', 'test'
             FROM generate_series({to}, {from}, -1) n"
        );
        service.do_as_admin(&insert).await;
        let status = look(&service, &SessionList::default()).await;
        let at = format!("2026-01-01T00:{:02}:{:02}.500Z", to / 60, to % 60);
        assert_eq!(newest(&status), (Some(to), at.as_str()));
        assert_eq!(status.last_event.as_ref().unwrap().duration_ms, Some(500));
    }
}

/// The list is asked for by the first service, and the second finds its own sessions in it, not those of the first.
#[tokio::test]
async fn services_share_one_query_for_sessions() {
    let (one, two) = (Service::new("glance_one").await, Service::new("glance_two").await);
    for service in [&one, &two] {
        service.write("V1__t.sql", "CREATE TABLE t (a int);").upgraded().await;
    }
    let connected = [one.app().await, two.app().await, two.readonly().await];
    // The sessions of the upgrades take a moment to end.
    let mut counted = (None, None);
    for _ in 0..100 {
        let sessions = SessionList::default();
        counted = (look(&one, &sessions).await.connections, look(&two, &sessions).await.connections);
        if counted == (Some(1), Some(2)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(counted, (Some(1), Some(2)));
    for connection in connected {
        connection.close().await.unwrap();
    }
}

/// A service whose database cannot be asked does not keep the others from their list.
#[tokio::test]
async fn a_service_without_a_database_leaves_that_query_to_the_next() {
    let (absent, there) = (Service::absent("glance_absent"), Service::new("glance_there").await);
    there.write("V1__t.sql", "CREATE TABLE t (a int);").upgraded().await;
    let sessions = SessionList::default();
    assert!(
        martydb_migrate::status(
            &absent.target,
            Sizes::Skipped,
            martydb_migrate::DriftCheck::Skipped,
            WAIT,
            &sessions
        )
        .await
        .error
        .is_some()
    );
    // Without a history it is not the guess that succeeds.
    let empty = Service::new("glance_empty").await;
    let (first, second) = tokio::join!(look(&empty, &sessions), look(&there, &sessions));
    assert!(first.connections.is_some() && second.connections.is_some());
}
