//! pg_hba.conf and pg_ident.conf: whatever their lines say, the audit gives findings and ends.

use std::collections::BTreeMap;
use std::path::Path;

use martydb_catalog::{ConfigFile, HbaLine, IdentLine, Snapshot};
use martydb_isolation::audit::{access_graph, audit};
use martydb_manifest as manifest;
use martydb_model::environment::Environment;
use martydb_model::{ActualServer, DesiredServer};

use super::engine::{Target, fuzz};

/// Between pg_hba.conf and pg_ident.conf.
const IDENT: &str = "\n#---ident---\n";

const MANIFEST: &str = "version: 1\nproject: x\nservers: { main: { url: \"postgresql://a@h/postgres\" } }\nservices: { shop: {}, users: {} }\n";

const HBA: &str = "local all all peer map=dba\nlocal sameuser all trust\nhost shop_db,users_db shop_app,\"all\" 10.0.0.0/8 scram-sha-256\nhost all +staff samenet md5\nhostssl all /^shop_.*$ ::1/128 cert map=m clientcert=verify-full\nhost all @names .example.org ident\nhost replication all 0.0.0.0 0.0.0.0 trust\nhostgssenc all all all ldap ldapserver=x\nlocal samerole \"a \"\"b\" reject # note\nhost all all \\\n all password\n";

const MAPS: &str = "dba root postgres\nm /^(.*)@example\\.org$ \\1_app\nm /^.*$ all\nm \"CN=x y\" +staff\n";

const TOKENS: &[&str] = &[
    "local ", "host ", "hostssl ", "hostnossl ", "hostgssenc ", "all ", "\"all\"", "sameuser ", "samerole ",
    "samegroup ", "replication ", "shop_db", "shop_app", "users_app ", "+", "+staff ", "@file ", "/^",
    "/^(.*)$", "$ ", "(", ")", "[", "*", "\\1", "\\", "\\\n", "\"", "\"\"", ",", ", ", "#", "\t", "\r", "\n",
    "0.0.0.0/0 ", "::/0 ", "::1", "127.0.0.1/32 ", "255.255.255.0 ", "999.1.1.1/33 ", "10.0.0.0/-1 ",
    "samehost ", "samenet ", ".example.org ", "trust", "peer", "ident", "md5", "scram-sha-256", "password",
    "cert", "ldap", "pam", "reject", "gss", "map=", "clientcert=verify-ca", "clientname=DN", "include ",
    "include_if_exists ", "include_dir ", "\u{0}", "é", IDENT,
];

fn desired() -> DesiredServer {
    thread_local! { static DESIRED: DesiredServer = loaded(); }
    DESIRED.with(Clone::clone)
}

fn loaded() -> DesiredServer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("martydb.yaml");
    std::fs::write(&path, MANIFEST).unwrap();
    let place = manifest::ManifestPath::named(Path::new(&path));
    manifest::load(&place, "development", &Environment::from(BTreeMap::new())).unwrap().desired("main")
}

fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split(',').map(|word| word.trim_matches('"').to_owned()).collect()
}

/// Returns the line roughly as the server's view would show it: the view is not ours either.
fn hba_line(line: i32, text: &str) -> HbaLine {
    let mut fields = text.split_whitespace();
    let (kind, databases, users) = (fields.next(), words(fields.next()), words(fields.next()));
    let mut next = || fields.next().map(str::to_owned);
    let address = if kind == Some("local") { None } else { next() };
    let netmask = address.as_deref().filter(|text| !text.contains('/')).and_then(|_| next());
    HbaLine {
        line,
        file: None,
        kind: kind.map(str::to_owned),
        databases,
        users,
        address,
        netmask,
        method: next(),
        options: fields.map(str::to_owned).collect(),
        error: text.contains("include").then(|| text.to_owned()),
    }
}

fn ident_line(line: i32, text: &str) -> Option<IdentLine> {
    let mut fields = text.split_whitespace().map(|word| word.trim_matches('"').to_owned());
    Some(IdentLine { line, file: None, map: fields.next()?, system: fields.next()?, role: fields.next()? })
}

fn numbered(text: &str) -> impl Iterator<Item = (i32, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty())
}

fn run(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let (hba, ident) = text.split_once(IDENT).unwrap_or((&text, ""));
    let file = |path: &str, text: &str| vec![ConfigFile { path: path.into(), text: text.into() }];
    let snapshot = Snapshot {
        actual: ActualServer { version: 160_000, maintenance: "postgres".into(), ..ActualServer::default() },
        hba: Some(numbered(hba).map(|(line, text)| hba_line(line, text)).collect()),
        ident: Some(numbered(ident).filter_map(|(line, text)| ident_line(line, text)).collect()),
        hba_files: file("/etc/pg_hba.conf", hba),
        ident_files: file("/etc/pg_ident.conf", ident),
        ..Snapshot::default()
    };
    let desired = desired();
    let findings = audit(&desired, &snapshot, &|_| None);
    let edges = access_graph(&desired, &snapshot).edges.len();
    let reported =
        findings.iter().map(|finding| format!("{} {:?} {}", finding.id, finding.severity, finding.evidence));
    reported.chain([format!("{} edges", "e".repeat(edges.min(30)))]).collect()
}

#[test]
fn hba_files_never_cause_a_panic() {
    let seeds = [format!("{HBA}{IDENT}{MAPS}"), HBA.to_owned(), "host all all 0.0.0.0/0 trust\n".to_owned()];
    let seeds = seeds.into_iter().map(String::into_bytes).collect();
    fuzz(&Target { name: "hba", seeds, tokens: TOKENS, run });
}
