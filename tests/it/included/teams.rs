//! Files of teams: servers, access and accepted findings reach only what the same file declares.

use crate::support::{Project, Server};

/// A manifest without a server: `validate` needs none.
const BASE: &str = "version: 1\ninclude: [\"t/*.yaml\"]\nservers: { main: { url: \"postgresql://o@h/postgres\", password_env: MAIN_PW } }\n\
     access:\n  audit: { login: true, read: [base, team], reason: audit }\nservices:\n  base:\n";

const TEAM: &str = "services:\n  team:\n  mate:\n";

fn validated(files: &[(&str, &str)], arguments: &[&str], code: i32) -> String {
    let project = Project::with_manifest(BASE);
    project.write("t/team.yaml", TEAM);
    for (name, text) in files {
        project.write(name, text);
    }
    project.run(&[&["validate"], arguments].concat()).expect(code).said()
}

#[test]
fn a_key_that_an_included_file_may_not_have_is_refused_with_its_place() {
    for (text, expected) in [
        (
            "secrets: { provider: env }\n",
            &["t/own.yaml:1:1: \"secrets\": this key cannot be included", "write `secrets` into"][..],
        ),
        ("defaults: { prune: true }\n", &["t/own.yaml:1:1: \"defaults\": this key cannot be included"]),
        ("rollout: { max_failures: 0 }\n", &["t/own.yaml:1:1: \"rollout\": this key cannot be included"]),
        ("project: x\n", &["t/own.yaml:1:1: \"project\": this key cannot be included"]),
        ("prune: true\n", &["t/own.yaml:1:1: \"prune\": this key cannot be included"]),
        ("password_command: [x]\n", &["t/own.yaml:1:1: \"password_command\": this key cannot be included"]),
        (
            "servers:\n  mine: { url: \"postgresql://o@h2/postgres\", password_command: [steal] }\n",
            &[
                "t/own.yaml:2:46: \"password_command\": only the manifest itself names the programs",
                "declare server mine in",
            ],
        ),
        (
            "servers:\n  mine: { url: \"postgresql://o@h2/postgres\", password_env: MAIN_PW }\n",
            &["t/own.yaml:2:46: \"MAIN_PW\" is the password of a server of another file", "martydb.yaml:3:"],
        ),
        (
            "servers: { main: { url: \"postgresql://o@h2/postgres\" } }\n",
            &["t/own.yaml:1:12: server \"main\" is declared twice"],
        ),
        (
            "servers: { mine: { embedded: true, disposable: true } }\n",
            &["t/own.yaml:1:36: this file is for every environment"],
        ),
        ("servers: [mine]\n", &["t/own.yaml:1:1: \"servers\": expected a map of names"]),
        ("allow: { finding: role-setting }\n", &["t/own.yaml:1:1: \"allow\": expected a list"]),
        (
            "services: { own: }\naccess:\n  bi: { login: true, read: [own, base], reason: x }\n",
            &["t/own.yaml:3:22: service \"base\" is declared in another file"],
        ),
        (
            "services: { own: }\naccess:\n  bi: { login: true, write: [team.public], reason: x }\n",
            &["t/own.yaml:3:22: service \"team\" is declared in another file"],
        ),
        (
            "services: { own: }\naccess:\n  bi: { login: true, connect: [mate], reason: x }\n",
            &["service \"mate\" is declared in another file"],
        ),
        (
            "services: { own: }\naccess:\n  bi: { of: base, like: app }\n",
            &["t/own.yaml:3:9: service \"base\" is declared in another file"],
        ),
        (
            "services: { own: }\naccess:\n  bi: { login: true, read: [own], replicate: { base: [public.t] }, reason: x }\n",
            &["t/own.yaml:3:35: service \"base\" is declared in another file"],
        ),
        (
            "services:\n  own:\n    access: { bi: { login: true, read: [base], reason: x } }\n",
            &["t/own.yaml:3:34: service \"base\" is declared in another file"],
        ),
        (
            "services: { own: }\naccess:\n  crew: { group: true, members: [audit], write: [own], reason: x }\n",
            &["t/own.yaml:3:24: role \"audit\" is declared in another file"],
        ),
        (
            "services: { own: }\nallow:\n  - { finding: role-setting, reason: x }\n",
            &["t/own.yaml:3:7: an entry of an included file accepts only", "add service: one of own"],
        ),
        (
            "services: { own: }\nallow:\n  - { finding: role-setting, reason: x, role: own_app }\n",
            &["t/own.yaml:3:7: an entry of an included file accepts only"],
        ),
        (
            "services: { own: }\nallow:\n  - { finding: role-setting, reason: x, database: own }\n",
            &["t/own.yaml:3:7: an entry of an included file accepts only"],
        ),
        (
            "services: { own: }\nallow:\n  - { finding: role-setting, reason: x, service: team }\n",
            &["t/own.yaml:3:41: service \"team\" is declared in another file"],
        ),
        (
            "services: { own: }\nallow:\n  - { finding: nosuch, reason: x, service: own }\n",
            &["t/own.yaml:3:7: unknown finding \"nosuch\""],
        ),
        (
            "services: { own: }\nallow:\n  - { finding: role-setting, service: own }\n",
            &["t/own.yaml:3:", "the key \"reason\" is missing"],
        ),
        (
            "services: { own: }\nallow:\n  - { finding: role-setting, service: own, reason: \"${NO_SUCH}\" }\n",
            &["t/own.yaml:3:44: the variable NO_SUCH is not set"],
        ),
    ] {
        let said = validated(&[("t/own.yaml", text)], &[], 2);
        for part in expected {
            assert!(said.contains(part), "{text}\n{part}:\n{said}");
        }
    }
}

#[test]
fn a_file_may_have_all_of_its_own() {
    let own = "servers: { mine: { url: \"postgresql://o@h2/postgres\", password_env: MINE_PW } }\n\
         services:\n  \"shop_{n}\": { count: 3, server: mine, database: \"shop{n}\", migrations: shops }\n\
         access:\n  bi: { login: true, read: [shop_2], reason: BI }\n  crew: { group: true, members: [alice, bi], write: [shop_1], reason: rota }\n\
         allow:\n  - { finding: role-setting, service: shop_3, reason: \"${WHY:-own}\" }\n";
    validated(&[("t/own.yaml", own), ("t/shops/.keep", "")], &[], 0);
    // The overlay is the operator's: it may widen what a team's file declares.
    let over = "access: { bi: { read: [shop_2, base] } }\n";
    validated(&[("t/own.yaml", own), ("t/shops/.keep", ""), ("martydb.prod.yaml", over)], &["-e", "prod"], 0);
}

#[test]
fn an_accepted_finding_of_a_file_hides_nothing_about_others() {
    let server = Server::start();
    let manifest = format!(
        "version: 1\nproject: tm\ninclude: [t/team.yaml]\nservers: {{ main: {{ url: \"{}\" }} }}\nservices:\n  tm_base:\n",
        server.url()
    );
    let project = Project::with_manifest(&manifest);
    for folder in ["tm_base/migrations", "t/tm_team/migrations"] {
        project.write(&format!("{folder}/.keep"), "");
    }
    let allow = |finding: &str| {
        project.write(
            "t/team.yaml",
            &format!("services:\n  tm_team:\nallow:\n  - {{ finding: {finding}, service: tm_team, reason: ours }}\n"),
        );
    };
    allow("foreign-database-connect");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["verify-isolation", "--probes", "none"]).expect(0);
    let findings = |code: i32, key: &str| -> Vec<String> {
        let document = project.json(&["verify-isolation", "--probes", "none"], code);
        let all = document[key].as_array().unwrap().iter();
        // The limits of all logins add up to more than this small server has.
        let all = all.filter(|one| one["id"] != "connection-limits-exceed-server");
        all.map(|one| format!("{} {}", one["id"].as_str().unwrap(), one["service"].as_str().unwrap_or("-")))
            .collect()
    };
    // The team's own database is open to another: the team may accept that, and not the same of the other's.
    server.sql("postgres", "GRANT CONNECT ON DATABASE tm_team TO tm_base_app");
    assert_eq!(findings(0, "findings"), Vec::<String>::new());
    server.sql("postgres", "GRANT CONNECT ON DATABASE tm_base TO tm_team_app");
    assert_eq!(findings(4, "findings"), ["foreign-database-connect tm_base"]);
    server.sql("postgres", "REVOKE CONNECT ON DATABASE tm_base FROM tm_team_app");
    // A superuser among the team's roles exposes the whole server, whatever service the finding names.
    server.sql("postgres", "ALTER ROLE tm_team_app SUPERUSER");
    let found = findings(4, "findings");
    let about_team: Vec<&str> = found
        .iter()
        .filter_map(|one| one.strip_suffix(" tm_team"))
        .filter(|id| *id != "allow-unused")
        .collect();
    assert!(!about_team.is_empty(), "{found:?}");
    let id = about_team[0].to_owned();
    allow(&id);
    let found = findings(4, "findings");
    assert!(found.contains(&format!("{id} tm_team")), "{found:?}");
}
