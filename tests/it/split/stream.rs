//! The stream of changes: what one database writes arrives in another, whole and once, as the owner there.

mod broken;
mod values;

use std::time::Duration;

use martydb_model::error::Result;
use martydb_pg::server::{Access, Endpoint, EventTriggerGuard, Host, Login, Tls, TlsMode};
use martydb_split::{ApplyTarget, FollowGoal, FollowProgress, Lsn, StreamOrigin, follow};

use crate::support::{ADMIN_PASSWORD, Server};

const SETTINGS: &[&str] = &["wal_level=logical", "max_replication_slots=20", "max_wal_senders=20"];

/// The database at both sides.
const DATABASE: &str = "own";

const OWNER_SETUP: &str = "CREATE ROLE own_owner NOLOGIN;
    CREATE ROLE own_migrator LOGIN PASSWORD 'migrator-of-the-test';
    GRANT own_owner TO own_migrator;
    CREATE DATABASE own OWNER own_owner";

/// Two servers, each with the same tables.
struct Pair {
    source: Server,
    target: Server,
}

fn endpoint(server: &Server) -> Endpoint {
    let tls = Tls { mode: TlsMode::Disable, ..Tls::default() };
    Endpoint { host: Host::Tcp("127.0.0.1".into()), port: server.port, tls }
}

impl Pair {
    /// Makes the tables at both sides, and a slot for all of them.
    fn with(tables: &str) -> Pair {
        let pair = Pair { source: Server::start_with(SETTINGS), target: Server::start_with(SETTINGS) };
        pair.source.sql("postgres", "CREATE DATABASE own");
        OWNER_SETUP.split(';').for_each(|one| drop(pair.target.sql("postgres", one)));
        pair.source.sql(DATABASE, tables);
        pair.source.sql(
            DATABASE,
            "CREATE SCHEMA martydb_split; CREATE TABLE martydb_split.marker_own (one bool PRIMARY KEY, n int8);
             INSERT INTO martydb_split.marker_own VALUES (true, 0)",
        );
        pair.target
            .sql(DATABASE, &format!("ALTER SCHEMA public OWNER TO own_owner; SET ROLE own_owner; {tables}"));
        pair.target.sql(
            DATABASE,
            "SET ROLE own_owner; CREATE SCHEMA martydb_split;
             CREATE TABLE martydb_split.position (direction text PRIMARY KEY, lsn pg_lsn NOT NULL)",
        );
        pair.source.sql(
            DATABASE,
            "CREATE PUBLICATION all_of_it FOR ALL TABLES WITH (publish_via_partition_root = true)",
        );
        pair.source.sql(DATABASE, "SELECT pg_create_logical_replication_slot('own_f', 'pgoutput')");
        pair
    }

    fn origin(&self) -> StreamOrigin {
        let access = Access {
            server: "main".into(),
            admin_endpoint: endpoint(&self.source),
            admin: Login::of_admin("postgres", Some(ADMIN_PASSWORD.into())),
            maintenance: "postgres".into(),
            endpoint: endpoint(&self.source),
            embedded: false,
            event_triggers: EventTriggerGuard::default(),
            patience: martydb_pg::server::PATIENCE,
        };
        StreamOrigin {
            access,
            database: DATABASE.into(),
            slot: "own_f".into(),
            publication: "all_of_it".into(),
        }
    }

    fn place(&self) -> ApplyTarget {
        ApplyTarget {
            endpoint: endpoint(&self.target),
            login: Login::of_service("own_migrator", Some("migrator-of-the-test".into())),
            database: DATABASE.into(),
            role: Some("own_owner".into()),
            direction: "forward".into(),
            start: Lsn::default(),
        }
    }

    /// Returns the end of the source's log.
    fn end(&self) -> FollowGoal {
        let text = self.source.value(DATABASE, "SELECT pg_current_wal_flush_lsn()::text");
        FollowGoal::UpTo(Lsn::parse(&text).unwrap())
    }

    async fn follow(&self, goal: FollowGoal) -> Result<FollowProgress> {
        let (origin, place) = (self.origin(), self.place());
        let mut ignored = |_: &FollowProgress| ();
        let end = follow(&origin, &place, goal, &mut ignored);
        tokio::time::timeout(Duration::from_secs(120), end).await.expect("it arrives within two minutes")
    }

    /// Follows to the end of the source's log.
    fn drain(&self) -> Result<FollowProgress> {
        block(self.follow(self.end()))
    }

    /// The rows of a table at one side, as a number and a hash.
    fn rows(server: &Server, table: &str) -> String {
        let query = format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {table} t"
        );
        server.value(DATABASE, &query)
    }

    fn assert_equal(&self, tables: &[&str]) {
        let one = |table: &&str| {
            let name = table.replace('\'', "''");
            format!(
                "SELECT '{name}', count(*)::text, coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {table} t"
            )
        };
        let query: Vec<String> = tables.iter().map(one).collect();
        let query = query.join(" UNION ALL ");
        assert_eq!(self.source.sql(DATABASE, &query), self.target.sql(DATABASE, &query));
    }
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
