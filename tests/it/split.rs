//! `martydb split`: a shared database becomes one database for each service.

mod across;
mod copy;
mod deferrable;
mod finish;
mod init;
mod killed;
mod map;
mod plan;
mod sample;
mod schema;
mod stream;
mod switch;
mod traps;
mod whole;

pub(crate) use across::programs;

use std::path::PathBuf;

use crate::support::{Admin, Project, Server};

/// The shipped services, in the order of their names.
const SERVICES: [(&str, &str); 4] = [
    ("csca", "marty_csca"),
    ("document_signer", "marty_document_signer"),
    ("passport_engine", "marty_passport_engine"),
    ("pkd_service", "marty_pkd"),
];

/// The shared database of the sample.
const SHARED: &str = "marty_shared";

/// Dependencies between the services in the sample, one of each kind, and a few objects without any.
const CROSSING: &str = "
CREATE TYPE review_state AS ENUM ('open', 'done');
CREATE DOMAIN state_code AS text CHECK (VALUE ~ '^[A-Z]{2}$');
CREATE SEQUENCE shared_numbers;
CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);
INSERT INTO countries VALUES ('UT', 'Utopia'), ('DE', 'Germany');
ALTER TABLE pkd_certificate_entries ADD csca_id uuid REFERENCES csca_certificates (id);
ALTER TABLE passport_validation_requests ADD offer_id uuid REFERENCES credential_offers (id);
ALTER TABLE csca_certificates ADD review review_state, ADD number bigint DEFAULT nextval('shared_numbers');
ALTER TABLE pkd_sync_jobs ADD review review_state, ADD number bigint DEFAULT nextval('shared_numbers');
ALTER TABLE crl_cache ADD code state_code;
ALTER TABLE access_tokens ADD code state_code;
CREATE VIEW trust_report AS
    SELECT c.id, p.entry_dn FROM csca_certificates c JOIN pkd_certificate_entries p ON p.csca_id = c.id;
CREATE VIEW csca_current AS SELECT id FROM csca_certificates WHERE not_after > now();
CREATE MATERIALIZED VIEW offers_by_request AS
    SELECT o.id, count(*) AS n FROM credential_offers o JOIN passport_validation_requests r ON r.offer_id = o.id GROUP BY o.id;
ALTER TABLE csca_certificates ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_country ON csca_certificates USING (country_code <> 'XX');
CREATE POLICY while_offered ON csca_certificates USING (EXISTS (SELECT FROM credential_offers));
CREATE TABLE csca_events (at date NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE csca_events_2026 PARTITION OF csca_events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE csca_events_2027 PARTITION OF csca_events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
INSERT INTO csca_events SELECT date '2026-06-01' + i % 400, 'note ' || i FROM generate_series(1, 1000) i;
CREATE FUNCTION tidy() RETURNS void LANGUAGE sql AS $$
    DELETE FROM access_tokens; -- and pkd_outbox is only in a comment
    DELETE FROM crl_cache
$$;
CREATE FUNCTION count_certificates() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM csca_certificates';
CREATE FUNCTION run_anything(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE what; END $$;
CREATE FUNCTION note_sync() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO csca_events VALUES (current_date, NEW.id::text); RETURN NULL; END $$;
CREATE TRIGGER note_sync AFTER INSERT ON pkd_sync_jobs FOR EACH ROW EXECUTE FUNCTION note_sync();
CREATE TABLE crl_archive () INHERITS (pkd_outbox);
";

/// All edges of the sample with the map of [`map`], without those that large objects and publications make.
const EDGES: &[&str] = &[
    "foreign-key public.passport_validation_requests.offer_id -> public.credential_offers.id",
    "foreign-key public.pkd_certificate_entries.csca_id -> public.csca_certificates.id",
    "inheritance public.crl_archive -> public.pkd_outbox",
    "view public.trust_report -> public.csca_certificates, public.pkd_certificate_entries",
    "materialized-view public.offers_by_request -> public.credential_offers, public.passport_validation_requests",
    "trigger public.pkd_sync_jobs.note_sync -> public.csca_events",
    "function public.run_anything(text) -> unknown",
    "function public.tidy() -> public.crl_cache, public.access_tokens",
    "sequence public.shared_numbers -> public.csca_certificates, public.pkd_sync_jobs",
    "type public.review_state -> public.csca_certificates, public.pkd_sync_jobs",
    "domain public.state_code -> public.crl_cache, public.access_tokens",
    "policy public.csca_certificates.while_offered -> public.credential_offers",
];

fn services() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/services"))
}

/// The four services in one database, with what crosses them.
fn shared(server: &Server) {
    server.sql("postgres", &format!("CREATE DATABASE {SHARED}"));
    for (service, _) in SERVICES {
        for file in migrations(service) {
            server.sql(SHARED, &std::fs::read_to_string(file).unwrap());
        }
    }
    server.sql(SHARED, CROSSING);
}

/// The up files of a shipped service, in their order.
fn migrations(service: &str) -> Vec<PathBuf> {
    let folder = services().join(service).join("migrations");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| !file.to_string_lossy().ends_with(".down.sql")).collect();
    files.sort();
    files
}

/// A project of the four services that has no migrations yet.
fn project(server: &Server, admin: Admin) -> Project {
    let services: String =
        SERVICES.iter().map(|(name, database)| format!("  {name}: {{ database: {database} }}\n")).collect();
    Project::with_manifest(&format!(
        "version: 1\nproject: marty\nservers:\n  main:\n    url: {}\nservices:\n{services}",
        server.url_of(admin)
    ))
}

/// A whole map of the sample, with these items of `edges`.
fn map(edges: &str) -> String {
    format!(
        "source: {{ server: main, database: {SHARED} }}
services:
  csca: {{ tables: [public.csca_*, public.certificate_chains, public.crl_*, public.ocsp_cache] }}
  document_signer: {{ tables: [public.credential_*, public.access_tokens, public.issued_*, public.document_signer_*] }}
  passport_engine: {{ tables: [public.passport_*] }}
  pkd_service: {{ tables: [public.pkd_*] }}
reference:
  public.countries: {{ owner: csca, readers: [pkd_service] }}
edges:{edges}
"
    )
}

/// An answer for every edge of the sample.
fn all_answers() -> String {
    [
        "\n  - { edge: \"foreign-key *\", answer: drop, reason: checked by the services }",
        "\n  - { edge: \"inheritance *\", answer: drop }",
        "\n  - { edge: \"view *\", answer: leave }",
        "\n  - { edge: \"materialized-view *\", answer: call }",
        "\n  - { edge: \"trigger *\", answer: drop }",
        "\n  - { edge: \"function *\", answer: leave }",
        "\n  - { edge: \"sequence *\", answer: copy }",
        "\n  - { edge: \"type *\", answer: copy }",
        "\n  - { edge: \"domain *\", answer: copy }",
        "\n  - { edge: \"policy *\", answer: drop }",
    ]
    .concat()
}
