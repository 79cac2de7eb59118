//! Lines of pg_hba.conf and pg_ident.conf on a server with two services.

use crate::audit::testing::{NOTHING, Server, assert_grave, healthy, server};
use martydb_catalog::Lines;
use martydb_catalog::{ConfigFile, HbaLine, IdentLine};

const HBA: &str = "/data/pg_hba.conf";
const IDENT: &str = "/data/pg_ident.conf";

/// Returns the words of each line of a file, with its number; lists are separated by commas.
fn words(text: &str) -> Vec<(i32, Vec<String>)> {
    let files = [ConfigFile { path: HBA.into(), text: text.into() }];
    let lines = Lines::from_files(&files);
    let fields = (1..).map_while(|line| Some((line, lines.fields(None, line)?)));
    let joined = |field: Vec<martydb_catalog::QuotedWord>| {
        field.into_iter().map(|word| word.text).collect::<Vec<_>>().join(",")
    };
    fields.map(|(line, fields)| (line, fields.into_iter().map(joined).collect())).collect()
}

/// Returns the lines of a pg_hba.conf as the view `pg_hba_file_rules` has them.
pub(crate) fn lines(text: &str) -> Vec<HbaLine> {
    words(text)
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .map(|(line, words)| hba_line(line, &words))
        .collect()
}

fn hba_line(line: i32, words: &[String]) -> HbaLine {
    let has_address = words[0] != "local";
    let (address, netmask) = match words[3].split_once('/').filter(|_| has_address) {
        Some((address, ones)) => (Some(address.to_owned()), Some(mask(address, ones.parse().unwrap()))),
        None => (has_address.then(|| words[3].clone()), None),
    };
    let names = |words: &str| words.split(',').map(str::to_owned).collect();
    let rest = &words[if has_address { 4 } else { 3 }..];
    HbaLine {
        line,
        file: None,
        kind: Some(words[0].clone()),
        databases: names(&words[1]),
        users: names(&words[2]),
        address,
        netmask,
        method: Some(rest[0].clone()),
        options: rest[1..].to_vec(),
        error: None,
    }
}

/// Returns the mask of a prefix, as the view shows it.
fn mask(address: &str, ones: u32) -> String {
    if address.contains(':') {
        let bits = u128::MAX.checked_shl(128 - ones).unwrap_or(0);
        return std::net::Ipv6Addr::from_bits(bits).to_string();
    }
    std::net::Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - ones).unwrap_or(0)).to_string()
}

impl Server {
    /// Replaces pg_hba.conf, and lets the lines of the server follow.
    fn hba(self, text: &str) -> Server {
        let text = format!("{text}host all all 127.0.0.1/32 scram-sha-256\n");
        self.with(|snapshot| {
            snapshot.hba = Some(lines(&text));
            snapshot.hba_files = vec![ConfigFile { path: HBA.into(), text }];
        })
    }

    /// Replaces pg_ident.conf.
    fn ident(self, text: &str) -> Server {
        let entry = |(line, words): (i32, Vec<String>)| {
            let [map, system, role] = words.try_into().unwrap();
            IdentLine { line, file: None, map, system, role }
        };
        let entries = words(text).into_iter().map(entry).collect();
        self.with(|snapshot| {
            snapshot.ident = Some(entries);
            snapshot.ident_files = vec![ConfigFile { path: IDENT.into(), text: text.into() }];
        })
    }

    /// Returns the findings about these files, low ones too.
    fn of_files(&self) -> Vec<String> {
        self.found().into_iter().filter(|line| line.contains(" | hba-")).collect()
    }
}

/// Two services, and the members of groups that lines name.
fn crew(major: u32) -> Server {
    server(major).service("red").service("blue").member("blue_app", "crew").unmanaged("idle")
}

#[test]
fn a_line_counts_for_what_earlier_lines_leave() {
    for (lines, expected) in [
        ("host all all 172.16.0.0/12 reject\nhost all all 172.20.0.0/16 trust\n", &[][..]),
        (
            "host all all 172.20.0.0/16 reject\nhost all all 172.16.0.0/12 trust\n",
            &["critical | hba-trust | - | PUBLIC | - | pg_hba.conf line 2"],
        ),
        (
            "host all all 172.16.0.0/13 reject\nhost all all 172.24.0.0/13 md5\nhost all all 172.16.0.0/12 trust\n",
            &[],
        ),
        ("hostnossl all all 172.16.0.0/12 reject\nhost all all 172.20.0.0/16 trust\n", &[]),
        (
            "host \"all\" all 172.16.0.0/12 reject\nhost all all 172.16.0.0/12 trust\n",
            &["critical | hba-trust | - | PUBLIC | - | pg_hba.conf line 2"],
        ),
        (
            "host red_db red_app 172.16.0.1/32 trust\n",
            &["critical | hba-trust | red | red_app | - | pg_hba.conf line 1"],
        ),
        (
            "host red_db +crew 172.16.0.1/32 trust\n",
            &["low | hba-trust | - | +crew | - | pg_hba.conf line 1"],
        ),
        (
            "host blue_db +crew 172.16.0.1/32 trust\n",
            &["critical | hba-trust | blue | +crew | - | pg_hba.conf line 1"],
        ),
        (
            "host blue_db \"+crew\" 172.16.0.1/32 trust\n",
            &["low | hba-trust | - | +crew | - | pg_hba.conf line 1"],
        ),
        (
            "host nowhere all 172.16.0.1/32 trust\n",
            &["low | hba-trust | - | PUBLIC | - | pg_hba.conf line 1"],
        ),
        (
            "host sameuser all 172.16.0.1/32 trust\n",
            &["critical | hba-trust | - | PUBLIC | - | pg_hba.conf line 1"],
        ),
        (
            "host all red_app samehost reject\nhost all red_app 127.0.0.1/32 trust\n",
            &["critical | hba-trust | red | red_app | - | pg_hba.conf line 2"],
        ),
        (
            "host all all 172.16.0.0/12 reject\nhost replication all 172.16.0.0/12 trust\n",
            &["critical | hba-trust | - | PUBLIC | - | pg_hba.conf line 2"],
        ),
        (
            "host all all 172.16.0.0/12 reject\nhost replication red_app 172.16.0.0/12 trust\n",
            &["low | hba-trust | - | red_app | - | pg_hba.conf line 2"],
        ),
    ] {
        // Without TLS no line is about it.
        let plain = |server: Server| {
            server.with(|snapshot| {
                snapshot.state.parameters.settings.insert("ssl".into(), "off".into());
            })
        };
        assert_eq!(plain(crew(17).hba(lines)).of_files(), expected, "{lines}");
    }
}

#[test]
fn a_method_that_something_outside_decides_is_named() {
    for (lines, expected) in [
        (
            "host all all 172.16.0.1/32 ldap ldapserver=x\n",
            "medium | hba-external | - | PUBLIC | - | pg_hba.conf line 1",
        ),
        ("host all all 172.16.0.1/32 later\n", "medium | hba-external | - | PUBLIC | - | pg_hba.conf line 1"),
        ("host all all 172.16.0.1/32 gss\n", "medium | hba-external | - | PUBLIC | - | pg_hba.conf line 1"),
        ("host nowhere idle 172.16.0.1/32 ident\n", "low | hba-trust | - | idle | - | pg_hba.conf line 1"),
        ("host all all 172.16.0.1/32 ident\n", "critical | hba-trust | - | PUBLIC | - | pg_hba.conf line 1"),
        ("local all postgres trust\n", "high | hba-trust | - | postgres | - | pg_hba.conf line 1"),
        (
            "host all all 172.16.0.1/32 password\n",
            "medium | hba-cleartext-password | - | PUBLIC | - | pg_hba.conf line 1",
        ),
    ] {
        assert_eq!(crew(17).hba(lines).of_files(), [expected], "{lines}");
    }
    for lines in [
        "host all all 172.16.0.0/16 reject\nhost all all 172.16.0.1/32 pam\n",
        "hostssl all all 172.16.0.1/32 password\n",
        "local all all md5\n",
    ] {
        assert_eq!(crew(17).hba(lines).of_files(), NOTHING, "{lines}");
    }
}

#[test]
fn a_principal_with_its_realm_is_no_login_without_one() {
    for line in ["gss include_realm=true", "sspi include_realm=true krb_realm=EXAMPLE.COM"] {
        let server = crew(17).hba(&format!("host all all 172.16.0.1/32 {line}\n"));
        assert_eq!(server.of_files(), NOTHING, "{line}");
    }
    let named = crew(17).unmanaged("ada@EXAMPLE.COM").grant("CONNECT", "red_db", "ada@EXAMPLE.COM");
    let found = named.hba("host all all 172.16.0.1/32 gss include_realm=true\n").of_files();
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_line_that_the_server_cannot_read_and_a_file_that_it_has_not_read_are_named() {
    let damaged =
        healthy().with(|snapshot| snapshot.hba.as_mut().unwrap()[0].error = Some("no method".into()));
    assert_eq!(damaged.found(), ["low | hba-error | - | PUBLIC | - | pg_hba.conf line 1"]);
    let changed = healthy().with(|snapshot| snapshot.unloaded.push(HBA.into()));
    assert_eq!(changed.found(), ["medium | hba-not-loaded | - | PUBLIC | - | pg_hba.conf"]);
}

#[test]
fn an_account_that_may_be_a_superuser_is_not_the_servers_own() {
    let maps = "m postgres postgres\nm root postgres\nm webserver postgres\nm red_app red_app\nm webserver red_ro\n\
                m /^(.*)$ \\1\nm /^dba-.*$ postgres\nother webserver blue_app\n";
    let mut found = healthy().hba("local all all peer map=m\n").ident(maps).of_files();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "critical | hba-ident-map | - | postgres | - | pg_ident.conf line 3",
            "critical | hba-ident-map | - | postgres | - | pg_ident.conf line 7",
            "critical | hba-ident-map | red | red_ro | - | pg_ident.conf line 5",
            "low | hba-ident-map | - | PUBLIC | - | pg_ident.conf line 6",
            "low | hba-ident-map | - | postgres | - | pg_ident.conf line 1",
            "low | hba-ident-map | - | postgres | - | pg_ident.conf line 2",
            "low | hba-ident-map | red | red_app | - | pg_ident.conf line 4",
        ]
    );
}

#[test]
fn a_map_counts_for_the_logins_that_its_line_accepts() {
    let server =
        || healthy().ident("admins root postgres\n\"wide map\" /^(.*)$ \"red_app\"\n").unmanaged("ghost");
    let leak = ["critical | hba-ident-map | red | red_app | - | pg_ident.conf line 2"];
    assert_grave([
        (server().hba("local all postgres peer map=admins\nlocal blue_db all peer map=admins\n"), &[]),
        (server().hba("local red_db ghost peer map=\"wide map\"\n"), &[]),
        (server().hba("local red_db all peer map=\"wide map\"\n"), &leak),
    ]);
}

#[test]
fn a_map_that_cannot_be_read_may_accept_anybody() {
    let server = |line| healthy().hba(line);
    assert_grave([
        (
            server("local all red_app peer map=m\n"),
            &["critical | hba-ident-map | red | red_app | - | pg_hba.conf line 1"],
        ),
        (server("local all postgres peer map=m\n"), &[]),
    ]);
}

#[test]
fn a_certificate_of_a_person_is_quiet_unless_it_opens_a_service() {
    let lines = "hostssl all anna 127.0.0.1/32 cert map=people\nhostssl red_db red_app 127.0.0.1/32 cert map=people\n";
    let server = |map| {
        let anna = healthy().role("anna", |found| (found.login, found.superuser) = (true, true));
        anna.hba(lines).ident(map)
    };
    assert_grave([
        (server("people anna.example anna\n"), &[]),
        (
            server("people blue_app anna\n"),
            &["critical | hba-ident-map | - | anna | - | pg_ident.conf line 1"],
        ),
        (
            server("people anna.example red_app\n"),
            &["critical | hba-ident-map | red | red_app | - | pg_ident.conf line 1"],
        ),
        (
            server("people /example anna\n"),
            &["critical | hba-ident-map | - | anna | - | pg_ident.conf line 1"],
        ),
    ]);
}

#[test]
fn peer_without_a_map_accepts_a_superuser_by_its_name() {
    let server = || healthy().hba("local all postgres peer\nlocal all all peer\n").ident("");
    let namesake = server().role("www-data", |found| (found.login, found.superuser) = (true, true));
    assert_grave([
        (server(), &[]),
        (namesake, &["critical | hba-ident-map | - | PUBLIC | - | pg_hba.conf line 2"]),
    ]);
}

#[test]
fn from_16_on_groups_patterns_and_all_stand_in_maps_and_rules() {
    let map = "m webserver +crew\nm webserver \"+crew\"\nm webserver all\nm webserver \"all\"\nm webserver /^red_r\n";
    let mapped = |major| {
        let matches = ("/^red_r".to_owned(), ["red_ro".to_owned()].into());
        let server = crew(major).with(|snapshot| snapshot.patterns = [matches].into());
        server.hba("local all all peer map=m\n").ident(map).of_files()
    };
    assert_eq!(
        mapped(16),
        [
            "critical | hba-ident-map | blue | PUBLIC | - | pg_ident.conf line 1",
            "critical | hba-ident-map | - | PUBLIC | - | pg_ident.conf line 3",
            "critical | hba-ident-map | red | PUBLIC | - | pg_ident.conf line 5",
        ]
    );
    assert_eq!(mapped(15), NOTHING);
    let lines = "host all /^blue_ 172.16.0.0/12 reject\nhost blue_db \"/^blue_app$\" 172.16.0.0/12 trust\n\
                 host red_db /^red_ 172.16.0.0/12 trust\n";
    let ruled = |major| {
        let server = crew(major).with(|snapshot| {
            for (pattern, names) in [
                ("/^blue_", &["blue_owner", "blue_migrator", "blue_app", "blue_ro"][..]),
                ("/^blue_app$", &["blue_app"]),
                ("/^red_", &["red_owner", "red_migrator", "red_app", "red_ro"]),
            ] {
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                snapshot.patterns.insert(pattern.into(), names);
            }
        });
        server.hba(lines).of_files()
    };
    assert_eq!(ruled(16), ["critical | hba-trust | red | /^red_ | - | pg_hba.conf line 3"]);
    assert_eq!(
        ruled(15),
        [
            "low | hba-trust | - | /^blue_app$ | - | pg_hba.conf line 2",
            "low | hba-trust | - | /^red_ | - | pg_hba.conf line 3",
        ]
    );
}

#[test]
fn a_group_to_which_a_login_adds_members_is_every_login() {
    let batch = |major| {
        let server = server(major).service("red").service("blue").unmanaged("scheduler");
        server.member("inner_batch", "batch").member("scheduler", "batch")
    };
    let line = "host all +batch 172.16.0.1/32 trust\n";
    let (closed, open) = (
        ["low | hba-trust | - | +batch | - | pg_hba.conf line 1"],
        ["critical | hba-trust | - | +batch | - | pg_hba.conf line 1"],
    );
    assert_eq!(batch(17).hba(line).of_files(), closed);
    for (member, of) in [("scheduler", "batch"), ("red_ro", "inner_batch")] {
        let server = batch(17).hba(line).membership(member, of, [true, true, true]);
        assert_eq!(server.of_files(), open, "{member}");
        let graph = crate::audit::access_graph(&server.desired, &server.snapshot);
        assert!(graph.edges.iter().any(|edge| edge.kind == "CanBeLetIn"), "{member}");
    }
    let creator = |major| batch(major).role("scheduler", |found| found.createrole = true).hba(line);
    assert_eq!(creator(15).of_files(), open);
    assert_eq!(creator(16).of_files(), closed);
    // A line that refuses the members refuses no login that can end its membership.
    let lines = "host all +batch 172.16.0.1/32 reject\nhost all scheduler 172.16.0.1/32 trust\n";
    let refused = || batch(17).grant("CONNECT", "red_db", "scheduler").hba(lines);
    assert_eq!(refused().of_files(), NOTHING);
    let grower = refused().membership("scheduler", "batch", [true, true, true]);
    assert_eq!(grower.of_files(), ["critical | hba-trust | red | scheduler | - | pg_hba.conf line 2"]);
}

#[test]
fn a_word_that_may_be_in_quotes_leaves_a_doubt() {
    let lines = |text| crew(17).hba(text).with(|snapshot| snapshot.hba_files.clear());
    let doubtful = lines("host all all 172.16.0.0/12 reject\nhost all red_app 172.20.0.0/16 trust\n");
    assert_eq!(doubtful.of_files(), ["critical | hba-trust | red | red_app | - | pg_hba.conf line 2"]);
    let named = lines("host red_db red_app 172.16.0.0/12 reject\nhost red_db red_app 172.20.0.0/16 trust\n");
    assert_eq!(named.of_files(), NOTHING);
}

/// `replication=database` comes by an ordinary line, and can copy all databases too.
#[test]
fn a_replicating_login_needs_no_line_for_replication() {
    let copier = || {
        healthy().role("copier", |found| (found.login, found.replication) = (true, true)).database("shelf")
    };
    let power = "medium | unmanaged-role-power | - | copier | - | -";
    assert_grave([
        (copier(), &[]),
        (copier().grant("CONNECT", "shelf", "copier"), &[power]),
        (copier().hba("host replication copier 127.0.0.1/32 scram-sha-256\n"), &[power]),
    ]);
}

#[test]
fn a_line_without_a_password_is_an_edge_of_the_graph() {
    let edges = |server: Server| {
        let graph = crate::audit::access_graph(&server.desired, &server.snapshot);
        graph
            .edges
            .iter()
            .filter(|edge| edge.kind == "LetsIn")
            .map(|edge| edge.words.clone())
            .collect::<Vec<_>>()
    };
    let open = healthy().hba("host red_db red_app 172.16.0.1/32 trust\n");
    assert_eq!(edges(open), ["pg_hba.conf line 1: red_db"]);
    assert_eq!(edges(healthy().hba("host red_db red_app 172.16.0.1/32 md5\n")), NOTHING);
}

#[test]
fn clear_text_is_found_where_every_connection_string_verifies_a_certificate() {
    let found = |text: &str, verified: bool| {
        let mut server = healthy().hba(text);
        server.desired.verified = verified;
        let found = server.found().into_iter();
        found.filter(|line| line.contains("cleartext-accepted")).collect::<Vec<_>>()
    };
    let open = "host all all all scram-sha-256\nhost all all 10.0.0.0/8 scram-sha-256\n";
    assert_eq!(found(open, false), Vec::<String>::new());
    let seen = found(open, true);
    assert_eq!(seen, ["medium | cleartext-accepted | - | PUBLIC | - | pg_hba.conf line 1"]);
    for closed in [
        "hostssl all all all scram-sha-256\n",
        "hostnossl all all all reject\nhost all all all scram-sha-256\n",
        "host all postgres all scram-sha-256\n",
        "host all all samehost scram-sha-256\nhost all all ::1/128 scram-sha-256\n",
        "local all all scram-sha-256\n",
    ] {
        assert_eq!(found(closed, true), Vec::<String>::new(), "{closed}");
    }
}
