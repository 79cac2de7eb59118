//! The tables of the shared database and the rows in them: those that are there from the start, and those that clients write.

use super::super::{CROSSING, SERVICES, migrations};
use crate::support::Server;

/// More than [`CROSSING`] has: two tables of two services share the numbers, and a client finds its rows by an index.
const MORE: &str = "
DROP TABLE crl_archive;
ALTER TABLE csca_certificates ADD CONSTRAINT csca_certificates_number_key UNIQUE (number);
ALTER TABLE pkd_certificate_entries ADD number bigint DEFAULT nextval('shared_numbers'),
    ADD CONSTRAINT pkd_certificate_entries_number_key UNIQUE (number);
ALTER TABLE crl_cache ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON crl_cache USING (country_code <> 'XX');
CREATE INDEX csca_events_note ON csca_events (note);
CREATE INDEX passport_offers ON passport_validation_requests (offer_id);
CREATE INDEX pkd_csca ON pkd_certificate_entries (csca_id);
";

/// Owner of everything in the shared database, and role of the applications that write there.
pub(crate) const OWNER: &str = "marty";
pub(crate) const CLIENT: &str = "marty_app";
pub(crate) const CLIENT_PASSWORD: &str = "app-of-the-shared-database";

/// Objects that each service's own migrations create of [`CROSSING`] and [`MORE`], for machines without a `pg_dump` of
/// the source's major.
const BY_HAND: [(&str, &str); 4] = [
    (
        "csca",
        "CREATE TYPE review_state AS ENUM ('open', 'done'); CREATE DOMAIN state_code AS text CHECK (VALUE ~ '^[A-Z]{2}$');
         CREATE SEQUENCE shared_numbers; CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL);
         ALTER TABLE csca_certificates ADD review review_state, ADD number bigint DEFAULT nextval('shared_numbers');
         ALTER TABLE crl_cache ADD code state_code; ALTER TABLE csca_certificates ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own_country ON csca_certificates USING (country_code <> 'XX');
         CREATE TABLE csca_events (at date NOT NULL, note text) PARTITION BY RANGE (at);
         CREATE TABLE csca_events_2026 PARTITION OF csca_events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
         CREATE TABLE csca_events_2027 PARTITION OF csca_events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
         ALTER TABLE csca_certificates ADD CONSTRAINT csca_certificates_number_key UNIQUE (number);
         ALTER TABLE crl_cache ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY seen ON crl_cache USING (country_code <> 'XX'); CREATE INDEX csca_events_note ON csca_events (note)",
    ),
    (
        "document_signer",
        "CREATE DOMAIN state_code AS text CHECK (VALUE ~ '^[A-Z]{2}$'); ALTER TABLE access_tokens ADD code state_code",
    ),
    (
        "passport_engine",
        "ALTER TABLE passport_validation_requests ADD offer_id uuid; CREATE INDEX passport_offers ON passport_validation_requests (offer_id)",
    ),
    (
        "pkd_service",
        "CREATE TYPE review_state AS ENUM ('open', 'done'); CREATE SEQUENCE shared_numbers;
         CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL); ALTER TABLE pkd_certificate_entries ADD csca_id uuid;
         ALTER TABLE pkd_sync_jobs ADD review review_state, ADD number bigint DEFAULT nextval('shared_numbers');
         ALTER TABLE pkd_certificate_entries ADD number bigint DEFAULT nextval('shared_numbers'),
             ADD CONSTRAINT pkd_certificate_entries_number_key UNIQUE (number);
         CREATE INDEX pkd_csca ON pkd_certificate_entries (csca_id)",
    ),
];

/// A row that rows of other services refer to.
const FIRST: &str = "00000000-0000-4000-8000-000000000001";

/// So many rows are a megabyte together, with their indexes.
const ROWS: &str = "
INSERT INTO csca_certificates (id, fingerprint_sha256, certificate_der, certificate_kind, country_code, subject_dn, issuer_dn, serial_number,
        public_key_sha256, public_key_algorithm, signature_algorithm, not_before, not_after, source, review)
    SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, sha256(der), der, 'self_signed', 'UT', 'CN=seed ' || i, 'CN=seed ' || i,
        int8send(i), sha256(int8send(i)), '1.2', '1.2', '2026-01-01', '2030-01-01', 'own', 'open'
    FROM (SELECT i::bigint, '\\x30'::bytea || (SELECT string_agg(sha512(int8send(i * 100 + k)), ''::bytea) FROM generate_series(1, 20) k) AS der
        FROM generate_series(1, {mb} * 160) i) d;
INSERT INTO crl_cache (fingerprint_sha256, crl_der, country_code, issuer_dn, signature_algorithm, this_update, next_update, source, code)
    SELECT sha256(der), der, 'UT', 'CN=seed ' || i, '1.2', '2026-01-01', '2026-02-01', 'own', 'UT'
    FROM (SELECT i, '\\x30'::bytea || sha512(int8send(i)) AS der FROM generate_series(1, 500) i) d;
INSERT INTO credential_offers (id, credential_issuer, credential_configuration_ids, subject_ref, pre_authorized_code_digest, created_at, expires_at)
    SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'https://issuer.example', '{a,b}', 'seed ' || i, sha256(int8send(i)),
        '2026-01-01', '2030-01-01' FROM generate_series(1::bigint, {mb} * 250) i;
INSERT INTO passport_validation_requests (idempotency_key, inspection_system_id, document_type, issuing_state, sod_sha256, policy_version,
        requested_at, retain_until, offer_id)
    SELECT md5(i::text)::uuid, 'seed ' || i, 'TD3', 'UTO', sha256(int8send(i)), 'v1', '2026-01-01', '2030-01-01',
        ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid FROM generate_series(1::bigint, {mb} * 200) i;
INSERT INTO pkd_download_manifest (id, collection, file_kind, version, file_name, source_uri)
    VALUES ('{first}', '001', 'complete', 1, 'seed.ldif', 'https://pkd.example/seed');
INSERT INTO pkd_certificate_entries (collection, entry_dn, entry_kind, object_class, country_code, content_der, content_sha256, issuer_dn,
        subject_dn, serial_number, valid_from, valid_until, first_manifest_id, last_manifest_id, csca_id)
    SELECT '001', 'seed ' || i, 'dsc', '{pkdDownload}', 'UT', der, sha256(der), 'CN=seed', 'CN=seed ' || i, int8send(i), '2026-01-01', '2030-01-01',
        '{first}', '{first}', '{first}'
    FROM (SELECT i::bigint, '\\x30'::bytea || (SELECT string_agg(sha512(int8send(-i * 100 - k)), ''::bytea) FROM generate_series(1, 20) k) AS der
        FROM generate_series(1, {mb} * 220) i) d;
";

/// Tables with rows from the start: service, table, and which of its rows clients did not write.
const KEPT: &[(&str, &str, &str)] = &[
    ("csca", "csca_certificates", "subject_dn NOT LIKE 'CN=client %'"),
    ("csca", "csca_events", "note NOT LIKE 'client %'"),
    ("csca", "crl_cache", "true"),
    ("csca", "countries", "true"),
    ("document_signer", "credential_offers", "subject_ref NOT LIKE 'client %'"),
    ("passport_engine", "passport_validation_requests", "inspection_system_id NOT LIKE 'client %'"),
    ("pkd_service", "pkd_certificate_entries", "entry_dn NOT LIKE 'client %'"),
    ("pkd_service", "pkd_download_manifest", "true"),
    ("pkd_service", "countries", "true"),
];

/// Makes the shared database with so many megabytes.
pub(crate) fn fill(server: &Server, database: &str, megabytes: u64) {
    server.sql("postgres", &format!("CREATE DATABASE {database}"));
    server.sql("postgres", &format!("REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC"));
    server.sql(
        database,
        &format!(
            "CREATE ROLE {OWNER} LOGIN; CREATE ROLE {CLIENT} LOGIN PASSWORD '{CLIENT_PASSWORD}'; GRANT ALL ON SCHEMA public TO {OWNER};
             GRANT CONNECT ON DATABASE {database} TO {OWNER}, {CLIENT}; GRANT USAGE ON SCHEMA public TO {CLIENT}"
        ),
    );
    let files = SERVICES.iter().flat_map(|(service, _)| migrations(service));
    let ddl: String = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let rows = ROWS.replace("{mb}", &megabytes.to_string()).replace("{first}", FIRST);
    for text in [ddl.as_str(), CROSSING, MORE, rows.as_str()] {
        server.sql(database, &format!("SET ROLE {OWNER}; {text}"));
    }
    server.sql(
        database,
        &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {CLIENT}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {CLIENT}"),
    );
    server.sql(database, "ANALYZE");
}

/// The files of a service that make the same as the shared database has of it.
pub(crate) fn by_hand(service: &str) -> Vec<(String, String)> {
    let files = migrations(service);
    let text = |file: &std::path::PathBuf| std::fs::read_to_string(file).unwrap();
    let name = |file: &std::path::PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
    let more = BY_HAND.iter().find(|(name, _)| *name == service).unwrap().1;
    files
        .iter()
        .map(|file| (name(file), text(file)))
        .chain([("V9__shared.sql".to_owned(), more.to_owned())])
        .collect()
}

/// The rows that were there from the start, as a number and a sum: those of one service in its own database, of all in the shared one.
pub(crate) fn kept(server: &Server, database: &str, service: Option<&str>) -> Vec<String> {
    let tables = KEPT.iter().filter(|(of, ..)| service.is_none_or(|service| service == *of));
    let one = |(of, table, rows): &(&str, &str, &str)| {
        let query = format!(
            "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM {table} t WHERE {rows}"
        );
        format!("{of} {table} {}", server.value(database, &query))
    };
    tables.map(one).collect()
}

/// One transaction of a client: rows with this number, and changes of those that it wrote before. Every number is written once,
/// marked once by the third after it, and an even one is deleted by the tenth after it.
pub(crate) fn writing(service: &str, n: i64) -> String {
    let (marked, gone) = (n - 3, n - 10);
    let own = match service {
        "csca" => format!(
            "INSERT INTO csca_certificates (fingerprint_sha256, certificate_der, certificate_kind, country_code, subject_dn, issuer_dn, serial_number,
                 public_key_sha256, public_key_algorithm, signature_algorithm, not_before, not_after, source, review)
             SELECT sha256(der), der, 'self_signed', 'UT', 'CN=client {n}', 'CN=client {n}', int8send({n}), sha256(int8send({n})), '1.2', '1.2',
                 now(), now() + interval '1 year', 'own', 'open' FROM (SELECT '\\x30'::bytea || sha512(int8send({n})) AS der) d;
             INSERT INTO certificate_chains (subject_fingerprint_sha256, subject_certificate_id, subject_kind, issuer_certificate_id, relation, matched_by)
             SELECT fingerprint_sha256, id, 'csca', id, 'self_signed', 'trial' FROM csca_certificates WHERE subject_dn = 'CN=client {n}';
             INSERT INTO csca_events VALUES (date '2026-06-01' + ({n} % 100)::int, 'client {n}');
             UPDATE csca_certificates SET trust_reason = coalesce(trust_reason, '') || '!', review = 'done' WHERE subject_dn = 'CN=client {marked}';
             UPDATE csca_events SET at = at + 365 WHERE note = 'client {marked}';
             DELETE FROM csca_certificates WHERE subject_dn = 'CN=client {gone}' AND {n} % 2 = 0"
        ),
        "document_signer" => format!(
            "INSERT INTO credential_offers (credential_issuer, credential_configuration_ids, subject_ref, pre_authorized_code_digest, expires_at)
             VALUES ('https://issuer.example', '{{a,b}}', 'client {n}', sha256(int8send({n})), now() + interval '1 hour');
             INSERT INTO access_tokens (offer_id, grant_type, token_digest, token_type, expires_at, code)
             SELECT id, 'urn:ietf:params:oauth:grant-type:pre-authorized_code', sha256(int8send({n})), 'Bearer', now() + interval '5 minutes', 'UT'
             FROM credential_offers WHERE subject_ref = 'client {n}';
             INSERT INTO issued_credential_audit (event_type, actor_type, actor_id, retain_until)
             VALUES ('offer_created', 'service', 'client {n}', now() + interval '1 year');
             UPDATE credential_offers SET credential_configuration_ids = credential_configuration_ids || 'marked'::text WHERE subject_ref = 'client {marked}';
             DELETE FROM credential_offers WHERE subject_ref = 'client {gone}' AND {n} % 2 = 0"
        ),
        "passport_engine" => format!(
            "INSERT INTO passport_validation_requests (idempotency_key, inspection_system_id, document_type, issuing_state, policy_version, retain_until, offer_id)
             VALUES (md5('client {n}')::uuid, 'client {n}', 'TD3', 'UTO', 'v1', now() + interval '1 year', '{FIRST}');
             INSERT INTO passport_validation_cache (sod_sha256, policy_version, source_request_id, dsc_fingerprint_sha256, passive_authentication,
                 revocation_status, reasons, expires_at)
             SELECT sha256(int8send({n})), 'client', id, sha256('x'), 'failed', 'revoked', '{{client}}', now() + interval '1 hour'
             FROM passport_validation_requests WHERE inspection_system_id = 'client {n}';
             UPDATE passport_validation_requests SET data_groups_verified = data_groups_verified || 1::bigint WHERE inspection_system_id = 'client {marked}';
             DELETE FROM passport_validation_requests WHERE inspection_system_id = 'client {gone}' AND {n} % 2 = 0"
        ),
        _ => format!(
            "INSERT INTO pkd_certificate_entries (collection, entry_dn, entry_kind, object_class, country_code, content_der, content_sha256, issuer_dn,
                 subject_dn, serial_number, valid_from, valid_until, first_manifest_id, last_manifest_id, csca_id)
             SELECT '001', 'client {n}', 'dsc', '{{pkdDownload}}', 'UT', der, sha256(der), 'CN=client', 'CN=client {n}', int8send({n}), now(),
                 now() + interval '1 year', '{FIRST}', '{FIRST}', '{FIRST}' FROM (SELECT '\\x30'::bytea || sha512(int8send({n})) AS der) d;
             UPDATE pkd_certificate_entries SET object_class = object_class || 'marked'::text WHERE entry_dn = 'client {marked}';
             DELETE FROM pkd_certificate_entries WHERE entry_dn = 'client {gone}' AND {n} % 2 = 0"
        ),
    };
    let outbox = outbox(service);
    format!(
        "BEGIN; {own}; INSERT INTO {outbox} (aggregate_type, aggregate_id, event_type, payload) VALUES ('client', '{n}', 'written', '{{}}'); COMMIT"
    )
}

/// Returns the table with every number of a service's clients.
pub(crate) fn outbox(service: &str) -> &str {
    match service {
        "csca" => "csca_outbox",
        "document_signer" => "document_signer_outbox",
        "passport_engine" => "passport_engine_outbox",
        _ => "pkd_outbox",
    }
}

/// The numbers in a service's own tables, each with how often it was marked, and what has to be empty.
pub(crate) fn query(service: &str) -> (&'static str, &'static [&'static str]) {
    match service {
        "csca" => (
            "SELECT substr(subject_dn, 11)::bigint, length(coalesce(trust_reason, '')) FROM csca_certificates WHERE subject_dn LIKE 'CN=client %' ORDER BY 1",
            &[
                "SELECT c.subject_dn FROM csca_certificates c LEFT JOIN certificate_chains k ON k.subject_certificate_id = c.id AND k.matched_by = 'trial'
                 WHERE c.subject_dn LIKE 'CN=client %' GROUP BY 1 HAVING count(k.id) <> 1",
                "SELECT o.aggregate_id FROM csca_outbox o LEFT JOIN csca_events e ON e.note = 'client ' || o.aggregate_id GROUP BY 1 HAVING count(e.note) <> 1",
                "SELECT e.note, e.at FROM csca_events e LEFT JOIN csca_certificates c ON c.subject_dn = 'CN=' || e.note
                 WHERE e.note LIKE 'client %' AND e.at - (date '2026-06-01' + (substr(e.note, 8)::bigint % 100)::int)
                     <> CASE WHEN c.id IS NULL THEN 365 ELSE 365 * length(coalesce(c.trust_reason, '')) END",
            ],
        ),
        "document_signer" => (
            "SELECT substr(subject_ref, 8)::bigint, cardinality(credential_configuration_ids) - 2 FROM credential_offers WHERE subject_ref LIKE 'client %' ORDER BY 1",
            &[
                "SELECT o.subject_ref FROM credential_offers o LEFT JOIN access_tokens t ON t.offer_id = o.id WHERE o.subject_ref LIKE 'client %'
                 GROUP BY 1 HAVING count(t.id) <> 1",
                "SELECT o.aggregate_id FROM document_signer_outbox o LEFT JOIN issued_credential_audit a ON a.actor_id = 'client ' || o.aggregate_id
                 GROUP BY 1 HAVING count(a.id) <> 1",
            ],
        ),
        "passport_engine" => (
            "SELECT substr(inspection_system_id, 8)::bigint, cardinality(data_groups_verified) FROM passport_validation_requests
             WHERE inspection_system_id LIKE 'client %' ORDER BY 1",
            &[
                "SELECT o.aggregate_id FROM passport_engine_outbox o
                 LEFT JOIN passport_validation_cache c ON c.sod_sha256 = sha256(int8send(o.aggregate_id::bigint)) AND c.policy_version = 'client'
                 GROUP BY 1 HAVING count(c.id) <> 1",
                "SELECT r.inspection_system_id FROM passport_validation_requests r LEFT JOIN passport_validation_cache c ON c.source_request_id = r.id
                 WHERE r.inspection_system_id LIKE 'client %' GROUP BY 1 HAVING count(c.id) <> 1",
            ],
        ),
        _ => (
            "SELECT substr(entry_dn, 8)::bigint, cardinality(object_class) - 1 FROM pkd_certificate_entries WHERE entry_dn LIKE 'client %' ORDER BY 1",
            &[],
        ),
    }
}
