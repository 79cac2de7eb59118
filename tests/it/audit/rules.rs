//! pg_hba.conf and pg_ident.conf as the server reads them: a line counts for what the lines before it leave.

use super::doors::with_hba;
use super::support::Pair;
use crate::support::Admin;

/// The findings about these files, and how each is closed.
fn of_files(pair: &Pair, code: i32) -> Vec<(String, String, String)> {
    let result = pair.verify(&[], code);
    let all = result["findings"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    all.filter(|found| found["id"].as_str().unwrap().starts_with("hba-"))
        .map(|found| {
            let line =
                ["severity", "id", "service", "role", "object"].map(|key| text(&found[key])).join(" | ");
            (line, text(&found["evidence"]), text(&found["fix"]))
        })
        .collect()
}

fn titles(pair: &Pair, code: i32) -> Vec<String> {
    of_files(pair, code).into_iter().map(|(title, ..)| title).collect()
}

/// Replaces what a test put before the lines of the harness, and loads it.
fn replace(pair: &Pair, usual: &str, lines: &str) {
    let path = pair.server.data().join("pg_hba.conf");
    std::fs::write(&path, usual).unwrap();
    with_hba(pair, lines);
}

fn usual(pair: &Pair) -> String {
    std::fs::read_to_string(pair.server.data().join("pg_hba.conf")).unwrap()
}

/// Each pair of lines with a network of its own; unit tests have the further variants.
const LINES: &str = "host \"all\" all 10.1.0.0/16 reject
host all all 10.1.0.0/16 trust
host all all 10.2.0.0/16 reject
host all all 10.2.3.0/24 trust
host blue_db +crew 10.3.0.1/32 trust
host blue_db \"+crew\" 10.4.0.1/32 trust
host all red_app samehost reject
host all red_app 127.0.0.1/32 trust
host replication all 10.5.0.0/16 trust
host replication red_app 10.6.0.0/16 trust
host sameuser all 10.7.0.1/32 trust
";

#[test]
fn an_hba_line_applies_to_logins_that_no_earlier_line_matches() {
    let pair = Pair::new();
    pair.server.sql("postgres", "CREATE ROLE crew; GRANT crew TO blue_app; CREATE ROLE idle LOGIN");
    pair.server.sql("postgres", "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC");
    with_hba(&pair, LINES);
    let expected = [
        "critical | hba-trust | - | PUBLIC | pg_hba.conf line 11",
        "critical | hba-trust | - | PUBLIC | pg_hba.conf line 2",
        "critical | hba-trust | - | PUBLIC | pg_hba.conf line 9",
        "critical | hba-trust | blue | +crew | pg_hba.conf line 5",
        "critical | hba-trust | red | red_app | pg_hba.conf line 8",
        "low | hba-trust | - | +crew | pg_hba.conf line 6",
        "low | hba-trust | - | red_app | pg_hba.conf line 10",
    ];
    let mut found = titles(&pair, 4);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_finding_shows_the_line_with_its_mask_and_the_corrected_line() {
    let pair = Pair::new();
    with_hba(&pair, "host  all  red_app,\"blue_app\"  172.20.0.0  255.255.0.0  trust # a comment\n");
    let (_, evidence, fix) = of_files(&pair, 4).remove(0);
    assert!(
        evidence.contains("pg_hba.conf line 1: host all red_app,\"blue_app\" 172.20.0.0/16 trust"),
        "{evidence}"
    );
    let path = pair.server.data().join("pg_hba.conf").display().to_string();
    assert_eq!(
        fix.replace(&path, "FILE"),
        "-- for the host's administrator: FILE line 1 is: host all red_app,\"blue_app\" 172.20.0.0/16 trust\n\
         -- write instead: host all red_app,\"blue_app\" 172.20.0.0/16 scram-sha-256\nSELECT pg_reload_conf();"
    );
    with_hba(&pair, "host all blue_ro db.example.com trust\n");
    let all = of_files(&pair, 4);
    let (_, evidence, _) = all.iter().find(|(title, ..)| title.contains("blue_ro")).unwrap();
    let unknown = "the addresses of db.example.com are unknown here, so it counts as any";
    assert!(evidence.contains(unknown), "{evidence}");
    // It is advice: there is no statement that --fix could run.
    pair.verify(&["--fix", "-y"], 4);
    let text = pair.project.run(&["verify-isolation", "--probes", "none"]).expect(4).stdout;
    assert!(
        text.contains(&format!("fix:  -- for the host's administrator: {path} line 1 is: host")),
        "{text}"
    );
}

#[test]
fn an_external_method_is_named_without_its_secret() {
    let pair = Pair::new();
    let usual = usual(&pair);
    let ldap =
        "ldap ldapserver=localhost ldapbasedn=\"dc=x, dc=y\" ldapbinddn=cn=a ldapbindpasswd=\"Hidden 4 you\"";
    // The methods of a server are decided when it is built.
    let known = |method: &str| {
        replace(&pair, &usual, &format!("host all all 172.16.0.1/32 {method}\n"));
        pair.server.value("postgres", "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL") == "0"
    };
    let methods = [
        ("radius radiusservers=127.0.0.1 radiussecrets=Hidden4you", "a RADIUS server", true),
        (ldap, "an LDAP server", true),
        ("pam", "PAM", true),
        ("gss include_realm=0", "a Kerberos realm", false),
    ];
    let known: Vec<_> = methods.into_iter().filter(|(method, ..)| known(method)).collect();
    assert!(!known.is_empty(), "the server under test knows none of these methods");
    let line = |(number, (method, ..)): (usize, &(&str, _, _))| {
        format!("host all all 172.16.0.{number}/32 {method}\n")
    };
    let lines: String = known.iter().enumerate().map(line).collect();
    replace(&pair, &usual, &lines);
    let all = of_files(&pair, 4);
    assert_eq!(all.len(), known.len(), "{all:#?}");
    for (number, ((title, evidence, fix), (_, by, clear))) in all.iter().zip(known).enumerate() {
        assert_eq!(*title, format!("medium | hba-external | - | PUBLIC | pg_hba.conf line {}", number + 1));
        let decided =
            format!("logins are decided outside of the server, by {by}, and are unknown here: postgres");
        assert!(evidence.contains(&decided), "{evidence}");
        assert_eq!(evidence.contains("receives the password in clear text"), clear, "{evidence}");
        assert!(!format!("{evidence}{fix}").contains("Hidden"), "{evidence}\n{fix}");
        assert!(fix.contains(&format!("host all all 172.16.0.{number}/32 scram-sha-256")), "{fix}");
    }
    replace(&pair, &usual, &format!("host all all 172.16.0.0/16 reject\n{lines}"));
    assert_eq!(titles(&pair, 0), Vec::<String>::new(), "behind a line that rejects");
    // The server cannot take the list of the first apart, and its view shows no error.
    replace(
        &pair,
        &usual,
        "host all all 172.16.0.1/32 radius radiusservers=127.0.0.1 radiussecrets=\"Hidden 4 you\"\n\
         host all all 172.16.0.2/32 password\nhostssl all all 172.16.0.3/32 scram-sha-256\n",
    );
    let all = of_files(&pair, 4);
    assert_eq!(all[0].0, "medium | hba-cleartext-password | - | PUBLIC | pg_hba.conf line 2", "{all:?}");
    let (title, evidence, _) = &all[1];
    assert_eq!(title, "low | hba-error | - | PUBLIC | pg_hba.conf line 1");
    assert!(!evidence.contains("Hidden"), "{evidence}");
}

#[test]
fn accounts_mapped_to_a_superuser_are_findings_except_the_servers_own() {
    let pair = Pair::new();
    let maps = "m postgres postgres\nm root postgres\nm webserver postgres\nm red_app red_app\nm webserver red_ro\n\
                m /^(.*)$ \\1\nm /^dba-.*$ postgres\nother webserver blue_app\n";
    std::fs::write(pair.server.data().join("pg_ident.conf"), maps).unwrap();
    with_hba(&pair, "local all all peer map=m\n");
    let all = of_files(&pair, 4);
    let mut found: Vec<&str> = all.iter().map(|(title, ..)| title.as_str()).collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "critical | hba-ident-map | - | postgres | pg_ident.conf line 3",
            "critical | hba-ident-map | - | postgres | pg_ident.conf line 7",
            "critical | hba-ident-map | red | red_ro | pg_ident.conf line 5",
            "low | hba-ident-map | - | PUBLIC | pg_ident.conf line 6",
            "low | hba-ident-map | - | postgres | pg_ident.conf line 1",
            "low | hba-ident-map | - | postgres | pg_ident.conf line 2",
            "low | hba-ident-map | red | red_app | pg_ident.conf line 4",
        ]
    );
    let of = |line: &str| all.iter().find(|(title, ..)| title.ends_with(line)).unwrap();
    let (_, evidence, fix) = of("line 3");
    assert!(
        evidence
            .starts_with("the operating system account webserver can log in without a password as: postgres")
    );
    assert!(
        fix.starts_with(
            "-- for the host's administrator: delete pg_ident.conf line 3: m webserver postgres\n"
        ),
        "{fix}"
    );
    assert!(of("line 2").1.starts_with("the account root, which controls the server anyway,"));
}

#[test]
fn groups_patterns_and_all_in_maps_and_rules_are_read_from_16_on() {
    let pair = Pair::new();
    let modern = pair.server.major() >= 16;
    let usual = usual(&pair);
    pair.server.sql("postgres", "CREATE ROLE crew; GRANT crew TO blue_app");
    std::fs::write(
        pair.server.data().join("pg_ident.conf"),
        "m webserver +crew\nm webserver \"+crew\"\nm webserver all\nm webserver \"all\"\nm webserver /^red_r\n",
    )
    .unwrap();
    with_hba(&pair, "local all all peer map=m\n");
    let expected: &[&str] = &[
        "critical | hba-ident-map | blue | PUBLIC | pg_ident.conf line 1",
        "critical | hba-ident-map | - | PUBLIC | pg_ident.conf line 3",
        "critical | hba-ident-map | red | PUBLIC | pg_ident.conf line 5",
    ];
    let (expected, code) = if modern { (expected, 4) } else { (&[][..], 0) };
    assert_eq!(titles(&pair, code), expected);
    replace(
        &pair,
        &usual,
        "host all /^blue_ 172.16.0.0/12 reject\nhost blue_db \"/^blue_app$\" 172.16.0.0/12 trust\n\
         host red_db /^red_ 172.16.0.0/12 trust\n",
    );
    let expected: &[&str] = match modern {
        true => &["critical | hba-trust | red | /^red_ | pg_hba.conf line 3"],
        false => &[
            "low | hba-trust | - | /^blue_app$ | pg_hba.conf line 2",
            "low | hba-trust | - | /^red_ | pg_hba.conf line 3",
        ],
    };
    assert_eq!(titles(&pair, if modern { 4 } else { 0 }), expected);
}

#[test]
fn names_from_a_file_are_read_and_a_damaged_file_is_inconclusive() {
    let pair = Pair::new();
    let usual = usual(&pair);
    std::fs::write(pair.server.data().join("names"), "red_app\n\"all\"\n").unwrap();
    replace(&pair, &usual, "host red_db @names 172.16.0.1/32 trust\n");
    let (title, evidence, fix) = of_files(&pair, 4).remove(0);
    assert_eq!(title, "critical | hba-trust | - | PUBLIC | pg_hba.conf line 1");
    assert!(
        evidence.contains("it is unknown here whether \"all\" is a keyword or a quoted name"),
        "{evidence}"
    );
    assert!(fix.contains("host red_db @names 172.16.0.1/32 scram-sha-256"), "{fix}");
    std::fs::remove_file(pair.server.data().join("pg_hba.conf")).unwrap();
    let result = pair.verify(&[], 4);
    let unread = result["unread"].as_array().unwrap();
    // Its folder has changed too, which a second row tells if it was in another second than the load.
    assert!(unread.iter().any(|row| row["what"] == "the rules of pg_hba.conf"), "{result:#}");
}

#[test]
fn an_admin_that_cannot_read_the_file_gets_the_doubtful_points() {
    let pair = Pair::new();
    pair.server.add_limited_admin();
    pair.server.sql(
        "postgres",
        "GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO adm; GRANT SELECT ON pg_hba_file_rules TO adm; \
         GRANT CONNECT ON DATABASE postgres TO adm",
    );
    let manifest = pair.project.read("martydb.yaml");
    pair.project
        .write("martydb.yaml", &manifest.replace(&pair.server.url(), &pair.server.url_of(Admin::Limited)));
    with_hba(&pair, "host all all 172.16.0.0/12 reject\nhost all red_app 172.20.0.0/16 trust\n");
    let (title, evidence, _) = of_files(&pair, 4).remove(0);
    assert_eq!(title, "critical | hba-trust | red | red_app | pg_hba.conf line 2");
    assert!(
        evidence.contains("it is unknown here whether \"all\" is a keyword or a quoted name"),
        "{evidence}"
    );
    with_hba(&pair, "host red_db red_app 172.16.0.0/12 reject\n");
    assert_eq!(titles(&pair, 0), Vec::<String>::new(), "names leave no doubt");
}

#[test]
fn a_group_that_a_login_can_extend_counts_as_every_login() {
    let pair = Pair::new();
    pair.server.sql("postgres", "CREATE ROLE batch; CREATE ROLE inner_batch; GRANT batch TO inner_batch");
    pair.server.sql("postgres", "CREATE ROLE scheduler LOGIN CONNECTION LIMIT 3; GRANT batch TO scheduler");
    pair.server.sql("postgres", "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC");
    let line = "host all +batch 172.16.0.1/32 trust\n";
    with_hba(&pair, line);
    assert_eq!(titles(&pair, 0), ["low | hba-trust | - | +batch | pg_hba.conf line 1"]);
    pair.server.sql("postgres", "GRANT inner_batch TO red_ro WITH ADMIN OPTION");
    let all = of_files(&pair, 4);
    let (title, evidence, _) = &all[0];
    assert_eq!(title, "critical | hba-trust | - | +batch | pg_hba.conf line 1");
    assert!(evidence.contains("postgres") && evidence.contains("can make every login a member of batch"));
    let graph = pair.project.run(&["verify-isolation", "--probes", "none", "--format", "opengraph"]);
    assert!(graph.stdout.contains("CanBeLetIn"));
}

/// Giving the database to its owner once more would change nothing.
#[test]
fn the_fix_revokes_membership_in_the_declared_owner() {
    let pair = Pair::new();
    let owner =
        pair.server.value("postgres", "SELECT datdba::regrole FROM pg_database WHERE datname = 'blue_db'");
    pair.server.sql("postgres", &format!("CREATE ROLE guest LOGIN; GRANT {owner} TO guest"));
    let result = pair.verify(&[], 4);
    let findings = result["findings"].as_array().unwrap();
    let about =
        |finding: &&serde_json::Value| finding["id"] == "database-owner" && finding["role"] == "guest";
    let fixes: Vec<&str> =
        findings.iter().filter(about).map(|finding| finding["fix"].as_str().unwrap()).collect();
    assert!(!fixes.is_empty(), "{result:#}");
    assert!(
        fixes.iter().all(|fix| fix.starts_with(&format!("REVOKE \"{owner}\" FROM \"guest\""))),
        "{fixes:?}"
    );
}

/// `replication=database` comes in by an ordinary line, and takes a copy of all databases too.
#[test]
fn a_replicating_login_needs_no_line_for_replication() {
    let pair = Pair::new();
    pair.server.sql("postgres", "CREATE ROLE copier LOGIN REPLICATION");
    pair.server.sql("postgres", "CREATE DATABASE shelf");
    pair.server.sql("postgres", "REVOKE ALL ON DATABASE shelf FROM PUBLIC");
    let path = pair.server.data().join("pg_hba.conf");
    let usual: String = usual(&pair)
        .lines()
        .filter(|line| !line.contains("replication"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&path, usual).unwrap();
    with_hba(&pair, "");
    let powers = |code| {
        let found = pair.verify(&[], code);
        let all = found["findings"].as_array().unwrap().clone();
        all.iter().filter(|one| one["id"] == "unmanaged-role-power" && one["role"] == "copier").count()
    };
    assert_eq!(powers(0), 0);
    pair.server.sql("postgres", "GRANT CONNECT ON DATABASE shelf TO copier");
    assert_eq!(powers(4), 1);
}
