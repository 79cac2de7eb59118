//! A service that means harm, in its code and by its callers, beside the others: they have their answers, rows and records all the same.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use super::Soak;

pub(super) const SERVICE: &str = "srz_e";

pub(super) const EXPOSURE: &str = "{ pool: { max: 4, processes: 3 }, limits: { rows: 100000, aggregates: true, functions: [lock_out, page, planted] } }";

/// Code that leaves settings and statements behind, ends sessions, changes its own password, and plants answers.
pub(super) const CODE: &str = "\
CREATE TABLE things (id int PRIMARY KEY, note text);
INSERT INTO things SELECT n, repeat('n', 200) FROM generate_series(1, 20000) n;
CREATE FUNCTION spy(t text) RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE p record; BEGIN
  PERFORM set_config('application_name', 'left', false);
  FOR p IN SELECT name FROM pg_prepared_statements LOOP
    EXECUTE format('DEALLOCATE %I', p.name); EXECUTE format('PREPARE %I AS SELECT 1', p.name);
  END LOOP; RETURN true; END $$;
CREATE FUNCTION lock_out() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE format('ALTER ROLE %I PASSWORD %L', current_user, 'mine');
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid();
  RETURN 'x'; END $$;
CREATE FUNCTION planted() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  UPDATE martydb_serve.requests SET headers = '[[\"Content-Length\",\"0\"]]', body = 'HTTP/1.1 200 OK'; RETURN 'x';
  EXCEPTION WHEN OTHERS THEN RETURN SQLERRM; END $$;
CREATE DOMAIN \"text/html\" AS text;
CREATE FUNCTION page() RETURNS \"text/html\" LANGUAGE sql STABLE AS $$ SELECT set_config('response.headers', '[{\"Clear-Site-Data\":\"*\"}]', true)::text $$;
CREATE DOMAIN spied AS text CHECK (spy(VALUE));
CREATE DOMAIN quiet AS text CHECK (set_config('statement_timeout', '0', false) IS NOT NULL);
CREATE DOMAIN writable AS text CHECK (set_config('default_transaction_read_only', 'off', false) IS NOT NULL);
CREATE DOMAIN locked AS text CHECK (lock_out() IS NOT NULL);
CREATE DOMAIN bye AS text CHECK (pg_terminate_backend(pg_backend_pid()));
";

pub(super) const DROPPED: &str = "\
DROP DOMAIN bye, locked, writable, quiet, spied;\nDROP FUNCTION page(), planted(), lock_out(), spy(text);\nDROP DOMAIN \"text/html\";\nDROP TABLE things;\n";

/// Method, path below the service, accepted media type, and body.
const ATTACKS: &[(&str, &str, &str, &str)] = &[
    ("GET", "rest/things?select=note::spied&limit=3", "", ""),
    ("POST", "rest/things?select=note::spied", "", r#"{"id":-1,"note":"x"}"#),
    ("GET", "rest/things?select=note::quiet&limit=3", "", ""),
    ("GET", "rest/things?select=note::writable&limit=3", "", ""),
    ("GET", "rest/things?select=note::_regrole", "", ""),
    ("GET", "rest/things?select=note::bye&limit=1", "", ""),
    ("POST", "rest/rpc/planted", "", "{}"),
    ("GET", "rest/rpc/page", "text/html", ""),
    ("POST", "api/db/things/aggregate", "", r#"{"group":["note"],"aggregates":{"n":"count()"}}"#),
    ("GET", "rest/things?select=a:note,b:note,c:note", "", ""),
];

/// Attacks between two that end all of its sessions and change its password, which lasts until the next rotation.
const BETWEEN: usize = 400;

impl Soak {
    /// Attacks until the time is over: by its code, and by clients that take nothing or say nothing.
    pub(super) fn attack(&self, key: &str) {
        let mut open: Vec<TcpStream> = vec![];
        for turn in 1.. {
            if self.over.load(SeqCst) {
                return;
            }
            let (method, path, accept, body) = match turn % BETWEEN {
                0 => ("GET", "rest/things?select=note::locked&limit=1", "", ""),
                place => ATTACKS[place % ATTACKS.len()],
            };
            let headers = [("Accept", if accept.is_empty() { "*/*" } else { accept })];
            let _whatever = self.ask(turn, (method, &format!("/{SERVICE}/{path}")), key, &headers, body);
            open.extend(self.rest(turn, key));
            if open.len() > 100 {
                open.drain(..50);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Opens a connection that asks for many rows and takes none, or asks for nothing.
    fn rest(&self, turn: usize, key: &str) -> Option<TcpStream> {
        let address = self.processes[turn % 2].read().unwrap().as_ref()?.address().to_owned();
        let mut stream = TcpStream::connect(address).ok()?;
        let head = format!(
            "GET /{SERVICE}/rest/things HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        );
        let text =
            if turn.is_multiple_of(2) { format!("{head}Accept: application/x-ndjson\r\n\r\n") } else { head };
        stream.write_all(text.as_bytes()).ok()?;
        stream.set_read_timeout(Some(Duration::from_millis(20))).ok()?;
        let _first = stream.read(&mut [0; 16]);
        Some(stream)
    }
}
