//! `split cutover`, `split rollback` and `split finish`.

mod across;
mod blocked_writes;
mod consistent_reads;
mod definitions;
mod follower;
mod offline;
mod online;
mod owners;
mod remains;
mod rollback_needs;
mod schema_drift;

use crate::support::{Admin, Project, Server};

/// The shared database.
const LEGACY: &str = "legacy";

const SETTINGS: &[&str] = &["wal_level=logical", "max_replication_slots=20", "max_wal_senders=20"];

const USERS: &str = "CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL);";

const ORDERS: &str = "
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint, note text, n bigint UNIQUE, twice bigint GENERATED ALWAYS AS (n * 2) STORED);
CREATE TABLE order_items (id serial PRIMARY KEY, order_id bigint REFERENCES orders ON DELETE CASCADE, parent int REFERENCES order_items ON DELETE CASCADE, what text);
CREATE TABLE order_log (what text, n bigint);
CREATE TABLE order_days (day date, n bigint, PRIMARY KEY (day, n)) PARTITION BY RANGE (day);
CREATE TABLE order_days_1 PARTITION OF order_days FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE order_days_2 PARTITION OF order_days FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
CREATE FUNCTION note_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.order_log VALUES (TG_OP, NEW.n); RETURN NEW; END $$;
CREATE TRIGGER note_order AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_order();
";

/// Dependencies between the services of the shared database.
const CROSSING: &str = "
ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users;
CREATE VIEW user_orders AS SELECT u.name, o.note FROM users u JOIN orders o ON o.user_id = u.id;
CREATE ROLE legacy_app LOGIN PASSWORD 'legacy-app-of-the-test';
GRANT ALL ON ALL TABLES IN SCHEMA public TO legacy_app; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO legacy_app;
";

const ROWS: &str = "
INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 50) i;
INSERT INTO orders (user_id, note, n) SELECT i % 50 + 1, 'it''s ' || i, i FROM generate_series(1, 500) i;
INSERT INTO order_items (order_id, what) SELECT i, 'thing' FROM generate_series(1, 500) i;
INSERT INTO order_days SELECT date '2026-03-01' + i, i FROM generate_series(1, 200) i;
";

const MAP: &str = "
services:
  orders: { tables: [public.order*] }
  users: { tables: [public.users] }
edges:
  - { edge: \"foreign-key *\", answer: drop, reason: checked by the service }
  - { edge: \"view *\", answer: leave }
";

/// Tables with rows that orders has.
const OF_ORDERS: &[&str] = &["orders", "order_items", "order_log", "order_days"];

/// A shared database at one server, and two services without rows at another one.
struct Split {
    source: Server,
    target: Server,
    project: Project,
}

impl Split {
    fn new() -> Split {
        let (source, target) = (Server::start_with(SETTINGS), Server::start_with(SETTINGS));
        Split::between(source, target, Admin::Super, "")
    }

    /// With an admin of this kind at both servers; `more` is what else the shared database has.
    fn between(source: Server, target: Server, admin: Admin, more: &str) -> Split {
        source.sql("postgres", &format!("CREATE DATABASE {LEGACY}"));
        source.sql(LEGACY, &format!("{USERS}{ORDERS}{CROSSING}{ROWS}{more}"));
        let manifest = format!(
            "version: 1\nproject: shop\nservers:\n  main:\n    url: {}\n    password_env: DB_PASSWORD\n  old:\n    url: {}\n    password_env: DB_PASSWORD\nservices:\n  orders: {{ server: main }}\n  users: {{ server: main }}\n",
            target.url_of(admin),
            source.url_of(admin)
        );
        let project = Project::with_manifest(&manifest);
        project.write("split.yaml", &format!("source: {{ server: old, database: {LEGACY} }}{MAP}"));
        for (service, ddl) in [("orders", ORDERS), ("users", USERS)] {
            project.write(&format!("{service}/migrations/V1__init.sql"), ddl);
            project.write(
                &format!("{service}/migrations/V1__init.down.sql"),
                "-- martydb: irreversible: it is a test\n",
            );
        }
        project.run(&["apply", "--all", "-y"]).expect(0);
        project.run(&["upgrade", "--all"]).expect(0);
        Split { source, target, project }
    }

    fn split(&self, arguments: &[&str]) -> crate::support::Done {
        self.project.run(&[&["split"], arguments].concat())
    }

    /// Revokes a limited admin's use of PUBLIC's CREATE in the schema public, which exists before 15.
    fn close_public(&self) {
        for database in ["orders", "users"] {
            self.target.sql(database, "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        }
    }

    fn phase(&self, service: &str) -> String {
        let query = format!("SELECT phase FROM martydb_split.service WHERE name = '{service}'");
        self.source.value(LEGACY, &query)
    }

    /// As the application of the shared database.
    fn at_source(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        self.source.sql_as("legacy_app", "legacy-app-of-the-test", LEGACY, sql)
    }

    /// As the application of a service.
    fn at_target(&self, service: &str, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let role = format!("{service}_app");
        self.target.sql_as(&role, &self.project.password(&role), service, sql)
    }

    fn rows(server: &Server, database: &str, table: &str) -> String {
        let query = format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM {table} t"
        );
        server.value(database, &query)
    }

    fn assert_equal(&self) {
        for table in OF_ORDERS {
            let (source, target) =
                (Split::rows(&self.source, LEGACY, table), Split::rows(&self.target, "orders", table));
            assert_eq!(source, target, "{table}");
        }
    }

    /// Returns the remains of the split at the target.
    fn leftovers(&self, server: &Server, database: &str) -> Vec<Vec<String>> {
        server.sql(
            database,
            "SELECT 'schema' FROM pg_namespace WHERE nspname = 'martydb_split'
             UNION ALL SELECT tgname FROM pg_trigger WHERE tgname LIKE 'martydb_split%'
             UNION ALL SELECT 'disabled ' || tgname FROM pg_trigger WHERE tgenabled = 'D'
             UNION ALL SELECT 'unproven ' || conname FROM pg_constraint WHERE NOT convalidated
             UNION ALL SELECT 'identity of ' || relname FROM pg_class WHERE relreplident = 'f'
             UNION ALL SELECT 'slot ' || slot_name FROM pg_replication_slots
             UNION ALL SELECT 'publication ' || pubname FROM pg_publication
             UNION ALL SELECT 'login ' || rolname FROM pg_roles WHERE rolname LIKE 'martydb_split%'",
        )
    }
}
