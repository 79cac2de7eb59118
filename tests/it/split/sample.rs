//! A small shared database of two services, with a bit of everything that a copy has to preserve, and a project that it is split into.

use crate::support::{Admin, Project, Server};

/// The shared database.
pub(crate) const SOURCE: &str = "shop";

/// Objects of the service `orders`, as its own migration makes them too.
pub(crate) const ORDERS: &str = r#"
CREATE TYPE mood AS ENUM ('ok', 'bad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE orders_main (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, amount numeric(20, 4),
    twice numeric GENERATED ALWAYS AS (amount * 2) STORED, at timestamptz, state mood, tags text[], moods mood[],
    both_of pair, n positive, raw bytea, doc jsonb, kind regclass, span int4range, price money
);
CREATE INDEX orders_note ON orders_main (lower(note));
COMMENT ON INDEX orders_note IS 'it''s looked up';
CREATE UNIQUE INDEX orders_at ON orders_main (at, id) WHERE note IS NOT NULL;
CREATE TABLE orders_lines (
    order_id bigint CONSTRAINT of_order REFERENCES orders_main ON DELETE CASCADE, line int, what text,
    PRIMARY KEY (order_id, line)
);
COMMENT ON CONSTRAINT of_order ON orders_lines IS 'whose';
CREATE TABLE orders_empty (id int);
CREATE TABLE orders_bare ();
CREATE TABLE "orders_Odd ""name""" ("Key" serial PRIMARY KEY, "sp ace" text UNIQUE);
CREATE TABLE orders_keyless (v text);
CREATE TABLE orders_days (at date, n int, what text, PRIMARY KEY (at, n)) PARTITION BY RANGE (at);
CREATE TABLE orders_days_a PARTITION OF orders_days FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE orders_days_b PARTITION OF orders_days FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
CREATE INDEX orders_days_what ON orders_days (what);
CREATE TABLE orders_secret (id int PRIMARY KEY, whose text);
ALTER TABLE orders_secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON orders_secret USING (whose = current_user);
CREATE SEQUENCE orders_down INCREMENT -1;
CREATE TABLE orders_noted (what text);
CREATE FUNCTION note_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO orders_noted VALUES (current_user || ' ' || session_user); RETURN NULL; END $$;
CREATE TRIGGER noted AFTER INSERT ON orders_main FOR EACH ROW EXECUTE FUNCTION note_order();
"#;

/// Objects of the service `people`.
pub(crate) const PEOPLE: &str = "
CREATE TABLE people_main (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE people_notes (person int REFERENCES people_main, note text);
";

/// A table that both read.
pub(crate) const COUNTRIES: &str = "CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);";

/// Rows of the sample; large enough that indexes go, and come again.
pub(crate) const ROWS: &str = r#"
INSERT INTO orders_main (note, amount, at, state, tags, moods, both_of, n, raw, doc, kind, span, price)
    SELECT 'note ' || i || repeat(' x', 30), i / 3.0, timestamptz '2026-01-01' + i * interval '1 hour', 'ok', ARRAY['a', NULL, 'b"c'], '{bad,ok}',
        ROW(i, 'it''s')::pair, i + 1, decode(md5(i::text), 'hex'), jsonb_build_object('i', i), 'orders_main', int4range(i, i + 5), i
    FROM generate_series(1, 8000) i;
DELETE FROM orders_noted;
UPDATE orders_main SET note = NULL, tags = NULL WHERE id % 7 = 0;
INSERT INTO orders_lines SELECT id, 1, 'line' FROM orders_main;
INSERT INTO orders_bare DEFAULT VALUES;
INSERT INTO "orders_Odd ""name""" ("sp ace") SELECT 'v' || i FROM generate_series(1, 50) i;
INSERT INTO orders_keyless SELECT 'same' FROM generate_series(1, 20);
INSERT INTO orders_days SELECT date '2026-01-01' + i % 360, i, repeat('day ', 40) FROM generate_series(1, 9000) i;
INSERT INTO orders_secret SELECT i, 'x' FROM generate_series(1, 10) i;
SELECT nextval('orders_down') FROM generate_series(1, 5);
INSERT INTO people_main SELECT i, 'person ' || i FROM generate_series(1, 1000) i;
INSERT INTO people_notes SELECT i, 'note' FROM generate_series(1, 1000) i;
INSERT INTO countries VALUES ('UT', 'Utopia'), ('DE', 'Germany');
"#;

pub(crate) const MAP: &str = r#"source: { server: main, database: shop }
services:
  orders: { tables: [public.orders_*, 'public."orders_Odd ""name"""'] }
  people: { tables: [public.people_*] }
reference:
  public.countries: { owner: people, readers: [orders] }
"#;

/// All tables of the sample with rows, by service.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("orders", "orders_main"),
    ("orders", "orders_lines"),
    ("orders", "orders_empty"),
    ("orders", "orders_bare"),
    ("orders", "\"orders_Odd \"\"name\"\"\""),
    ("orders", "orders_keyless"),
    ("orders", "orders_days_a"),
    ("orders", "orders_days_b"),
    ("orders", "orders_secret"),
    ("orders", "orders_noted"),
    ("orders", "countries"),
    ("people", "people_main"),
    ("people", "people_notes"),
    ("people", "countries"),
];

/// The shared database with its rows, and a project whose services have their tables and no rows.
pub(crate) fn ready(server: &Server, admin: Admin) -> Project {
    source(server);
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: shop\nservers:\n  main:\n    url: {}\nservices:\n  orders: {{ database: shop_orders }}\n  people: {{ database: shop_people }}\n",
        server.url_of(admin)
    ));
    targets(&project);
    project
}

/// The shared database without services.
pub(crate) fn source(server: &Server) {
    server.sql("postgres", "CREATE DATABASE shop");
    for text in [ORDERS, PEOPLE, COUNTRIES, ROWS] {
        server.sql(SOURCE, text);
    }
}

/// The services with their tables.
pub(crate) fn targets(project: &Project) {
    project.write("split.yaml", MAP);
    project.write("orders/migrations/V1__tables.sql", &format!("{ORDERS}{COUNTRIES}"));
    project.write("people/migrations/V1__tables.sql", &format!("{PEOPLE}{COUNTRIES}"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
}

/// The rows of a table as a text that does not depend on their order.
pub(crate) fn sum(server: &Server, database: &str, table: &str) -> String {
    server.value(
        database,
        &format!("SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t"),
    )
}

/// Asserts that each table of the services holds what the source holds.
pub(crate) fn equal(source: &Server, target: &Server) {
    for (service, table) in TABLES {
        let (there, here) = (sum(source, SOURCE, table), sum(target, &format!("shop_{service}"), table));
        assert_eq!(there, here, "{service} {table}");
    }
}
