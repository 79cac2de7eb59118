//! Managed servers: what the provider keeps is a limit, and what a customer or a service can do is judged as everywhere.
//!
//! Each platform is imitated by what its documentation says of roles, owners and databases.

use serde_json::Value;

use crate::support::{Admin, Project, Server};

/// Statements that make a server look like one of a platform. The admin is `adm`, with CREATEDB and CREATEROLE.
struct Imitation {
    platform: &'static str,
    /// Inside `postgres`.
    cluster: &'static str,
    /// Databases of the provider, with what is done about them.
    databases: &'static [(&'static str, &'static str)],
    /// The maintenance database's owner.
    owner: &'static str,
}

const RDS: Imitation = Imitation {
    platform: "rds",
    cluster: "CREATE ROLE rdsadmin LOGIN SUPERUSER; CREATE ROLE rds_superuser; CREATE ROLE rds_replication;
              CREATE ROLE rds_iam; CREATE ROLE rdsrepladmin LOGIN REPLICATION; CREATE ROLE rds_password;
              GRANT rds_superuser TO adm; GRANT pg_monitor, pg_signal_backend, rds_replication, rds_password TO rds_superuser;
              ALTER DATABASE template1 OWNER TO rdsadmin",
    databases: &[("rdsadmin", "ALTER DATABASE rdsadmin OWNER TO rdsadmin; REVOKE ALL ON DATABASE rdsadmin FROM PUBLIC")],
    owner: "adm",
};

const CLOUDSQL: Imitation = Imitation {
    platform: "cloudsql",
    cluster: "CREATE ROLE cloudsqladmin LOGIN SUPERUSER; CREATE ROLE cloudsqlsuperuser CREATEDB CREATEROLE;
              CREATE ROLE cloudsqlagent LOGIN; CREATE ROLE cloudsqlreplica LOGIN REPLICATION;
              CREATE ROLE cloudsqlimportexport LOGIN CREATEDB CREATEROLE; GRANT cloudsqlsuperuser TO adm",
    databases: &[("cloudsqladmin", "ALTER DATABASE cloudsqladmin OWNER TO cloudsqladmin")],
    owner: "cloudsqlsuperuser",
};

const AZURE: Imitation = Imitation {
    platform: "azure",
    cluster: "CREATE ROLE azuresu LOGIN SUPERUSER; CREATE ROLE azure_pg_admin; CREATE ROLE replication LOGIN REPLICATION;
              GRANT azure_pg_admin TO adm; ALTER DATABASE template1 OWNER TO azuresu",
    databases: &[
        ("azure_maintenance", "ALTER DATABASE azure_maintenance OWNER TO azuresu; REVOKE ALL ON DATABASE azure_maintenance FROM PUBLIC"),
        ("azure_sys", "ALTER DATABASE azure_sys OWNER TO azuresu"),
    ],
    owner: "azure_pg_admin",
};

const SUPABASE: Imitation = Imitation {
    platform: "supabase",
    cluster: "CREATE ROLE supabase_admin LOGIN SUPERUSER REPLICATION; CREATE ROLE anon; CREATE ROLE authenticated;
              CREATE ROLE service_role BYPASSRLS; CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE pgbouncer LOGIN;
              GRANT anon, authenticated, service_role TO authenticator; CREATE ROLE supabase_replication_admin LOGIN REPLICATION;
              CREATE ROLE supabase_auth_admin LOGIN NOINHERIT CREATEROLE; CREATE ROLE supabase_storage_admin LOGIN NOINHERIT;
              CREATE ROLE supabase_read_only_user LOGIN BYPASSRLS; GRANT pg_read_all_data TO supabase_read_only_user;
              GRANT pg_monitor, pg_read_all_data, pg_signal_backend TO adm",
    databases: &[],
    owner: "adm",
};

const NEON: Imitation = Imitation {
    platform: "neon",
    cluster: "CREATE ROLE cloud_admin LOGIN SUPERUSER; CREATE ROLE neon_superuser CREATEDB CREATEROLE REPLICATION BYPASSRLS;
              GRANT pg_read_all_data, pg_write_all_data, pg_monitor TO neon_superuser; GRANT neon_superuser TO adm;
              ALTER DATABASE template1 OWNER TO cloud_admin",
    databases: &[],
    owner: "cloud_admin",
};

/// Its roles and databases are those of RDS.
const AURORA: Imitation = Imitation { platform: "aurora", ..RDS };

const ALLOYDB: Imitation = Imitation {
    platform: "alloydb",
    cluster: "CREATE ROLE alloydbadmin LOGIN SUPERUSER; CREATE ROLE alloydbsuperuser CREATEDB CREATEROLE;
              CREATE ROLE alloydbagent LOGIN; CREATE ROLE alloydbreplica LOGIN REPLICATION; CREATE ROLE alloydbobservability LOGIN;
              CREATE ROLE alloydbimportexport LOGIN CREATEDB CREATEROLE; CREATE ROLE alloydbiamuser;
              GRANT alloydbsuperuser TO adm; ALTER DATABASE template1 OWNER TO alloydbadmin",
    databases: &[
        ("alloydbadmin", "ALTER DATABASE alloydbadmin OWNER TO alloydbadmin"),
        ("alloydbmetadata", "ALTER DATABASE alloydbmetadata OWNER TO alloydbadmin"),
    ],
    owner: "alloydbsuperuser",
};

const CNPG: Imitation = Imitation {
    platform: "cnpg",
    cluster: "CREATE ROLE streaming_replica LOGIN REPLICATION; CREATE ROLE cnpg_pooler_pgbouncer LOGIN",
    databases: &[],
    owner: "postgres",
};

const CRUNCHY: Imitation = Imitation {
    platform: "crunchy",
    cluster: "CREATE ROLE _crunchyrepl LOGIN REPLICATION; CREATE ROLE _crunchypgbouncer LOGIN;
              CREATE ROLE ccp_monitoring LOGIN; GRANT pg_monitor TO ccp_monitoring",
    databases: &[],
    owner: "postgres",
};

const ALL: &[&Imitation] = &[&RDS, &ALLOYDB, &CLOUDSQL, &AZURE, &SUPABASE, &NEON, &CNPG, &CRUNCHY];

impl Imitation {
    fn start(&self) -> Server {
        let server = Server::with_both_admins();
        // Two predefined roles came with 14.
        let before_14 = self
            .cluster
            .replace("pg_read_all_data, pg_write_all_data, ", "")
            .replace("pg_read_all_data", "pg_monitor");
        server.sql("postgres", if server.major() < 14 { &before_14 } else { self.cluster });
        for (name, more) in self.databases {
            server.sql("postgres", &format!("CREATE DATABASE {name}"));
            server.sql("postgres", more);
        }
        server.sql("postgres", &format!("ALTER DATABASE postgres OWNER TO {}", self.owner));
        server
    }

    fn project(&self, server: &Server, named: bool) -> Project {
        let project = Project::new_as(server, Admin::Limited, "pf");
        if named {
            let url = server.url_of(Admin::Limited);
            let line = format!("    url: {url}\n    platform: {}\n", self.platform);
            project.write(
                "martydb.yaml",
                &project.read("martydb.yaml").replace(&format!("    url: {url}\n"), &line),
            );
        }
        project
    }
}

fn reported(result: &Value) -> Vec<String> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let all = result["findings"].as_array().unwrap();
    let counts = |one: &&Value| one["severity"] != "low";
    let words =
        |one: &Value| ["severity", "id", "role", "database", "evidence"].map(|key| text(one, key)).join(" ");
    all.iter().filter(counts).map(words).collect()
}

/// The whole way of a customer. Before 15 the schema `public` stays open to what the service's own logins make there,
/// which is a limit of the platform.
fn works(imitation: &Imitation) {
    let server = imitation.start();
    let project = imitation.project(&server, true);
    let document = project.json(&["init-all", "-y"], 0);
    let verified = &document["verify_isolation"];
    let left = reported(verified);
    assert!(left.is_empty(), "{}: {left:#?}", imitation.platform);
    project.run(&["plan", "--check"]).expect(0);
    // Each limit once for the server, and none asks a DBA for what the provider keeps.
    for limits in [&verified["limits"], &project.json(&["plan"], 0)["limits"]] {
        let limits = limits.as_array().unwrap();
        let temp: Vec<_> =
            limits.iter().filter(|limit| limit["what"] == "set temp_file_limit on the logins").collect();
        assert_eq!(temp.len(), 1, "{}: {limits:#?}", imitation.platform);
        assert_eq!((&temp[0]["service"], &temp[0]["grant"]), (&Value::Null, &Value::Null), "{temp:#?}");
        let of_public = |limit: &&Value| limit["what"].to_string().contains("schema public");
        let of_public: Vec<_> = limits.iter().filter(of_public).collect();
        assert_eq!(of_public.len(), usize::from(server.major() < 15), "{limits:#?}");
        assert!(of_public.iter().all(|limit| limit["grant"] == Value::Null), "{of_public:#?}");
    }
    let accepted = verified["accepted"].as_array().unwrap();
    let reason = format!("a limit of the platform {}: ", imitation.platform);
    let gives_it = |one: &Value| one["reason"].as_str().is_some_and(|words| words.starts_with(&reason));
    assert!(!accepted.is_empty() && accepted.iter().all(gives_it), "{accepted:#?}");
    let hidden = verified["not_examined"].to_string();
    for (database, _) in imitation.databases {
        assert!(!hidden.contains(database), "{hidden}");
    }
    let shown = project.run(&["verify-isolation"]);
    assert_eq!(shown.stdout.matches("limit: cannot set temp_file_limit").count(), 1, "{}", shown.stdout);
    for words in [
        &["rotate", "--all", "-y"][..],
        &["rotate", "--all", "--overlap"],
        &["test-connections"],
        &["rotate", "--all", "--finish", "-y"],
        &["test-connections"],
        &["drop", "--service", "pf_a", "--confirm", "pf_a", "-y"],
    ] {
        project.run(words).expect(0);
    }
}

#[test]
fn the_first_run_on_rds_passes() {
    works(&RDS);
}

#[test]
fn the_first_run_on_aurora_passes() {
    works(&AURORA);
}

#[test]
fn the_first_run_on_alloydb_passes() {
    works(&ALLOYDB);
}

#[test]
fn the_first_run_on_cloud_native_pg_passes() {
    works(&CNPG);
}

#[test]
fn the_first_run_on_crunchy_passes() {
    works(&CRUNCHY);
}

#[test]
fn the_first_run_on_cloud_sql_passes() {
    works(&CLOUDSQL);
}

#[test]
fn the_first_run_on_azure_passes() {
    works(&AZURE);
}

#[test]
fn the_first_run_on_supabase_passes() {
    works(&SUPABASE);
}

#[test]
fn the_first_run_on_neon_passes() {
    works(&NEON);
}

#[test]
fn doctor_recognizes_the_platform_and_proposes_its_setting() {
    for imitation in ALL {
        let server = imitation.start();
        let check = |named| {
            let document = imitation.project(&server, named).json(&["doctor"], 0);
            let checks = document["servers"][0]["checks"].as_array().unwrap().clone();
            let is = |check: &&Value| check["name"] == "platform";
            checks.iter().find(is).unwrap_or_else(|| panic!("{checks:#?}"))["detail"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let line = format!("write `platform: {}` for server main", imitation.platform);
        assert!(check(false).contains(&line), "{}", check(false));
        assert_eq!(check(true), format!("managed by {}", imitation.platform));
    }
    let plain = Server::start();
    let document = Project::new(&plain, "pf").json(&["doctor"], 0);
    assert!(!document.to_string().contains("platform"), "{document}");
}

/// Without the key nothing is taken back, and with a wrong one next to nothing.
#[test]
fn without_a_declared_platform_its_privileges_are_findings() {
    let server = AZURE.start();
    let plain = AZURE.project(&server, false);
    let result = plain.json(&["init-all", "-y"], 4)["verify_isolation"].clone();
    let is_limit = |one: &&Value| one["id"] == "no-temp-file-limit";
    let limits: Vec<&Value> = result["findings"].as_array().unwrap().iter().filter(is_limit).collect();
    assert!(limits.len() == 1 && limits[0]["severity"] == "low", "{limits:#?}");
    let left = reported(&result);
    for id in ["template-database-connect", "unmanaged-database-connect", "unmanaged-role-power"] {
        assert!(left.iter().any(|one| one.contains(id)), "{id}: {left:#?}");
    }
    let url = server.url_of(Admin::Limited);
    let wrong =
        plain.read("martydb.yaml").replace(&format!("{url}\n"), &format!("{url}\n    platform: rds\n"));
    plain.write("martydb.yaml", &wrong);
    let left = reported(&plain.json(&["verify-isolation"], 4));
    for id in ["unmanaged-database-connect", "unmanaged-role-power"] {
        assert!(left.iter().any(|one| one.contains(id)), "{id}: {left:#?}");
    }
    let doctor = plain.run(&["doctor"]).expect(0).stdout;
    assert!(doctor.contains("the manifest declares rds, but") && doctor.contains("is missing"), "{doctor}");
}

/// A platform hides no path to a service's data, however it is opened.
#[test]
fn leaks_stay_findings_on_a_platform() {
    let server = AZURE.start();
    let project = AZURE.project(&server, true);
    let _first = project.run(&["init-all", "-y"]);
    server.sql(
        "postgres",
        "CREATE ROLE mallory LOGIN; CREATE ROLE copier LOGIN REPLICATION; CREATE ROLE sly LOGIN",
    );
    let public_is_kept = server.major() < 15;
    for (open, close, expected) in [
        (
            "GRANT CONNECT ON DATABASE pf_b TO pf_a_app",
            "REVOKE CONNECT ON DATABASE pf_b FROM pf_a_app",
            "foreign-database-connect pf_a_app pf_b",
        ),
        (
            "GRANT CONNECT ON DATABASE pf_b TO PUBLIC",
            "REVOKE CONNECT ON DATABASE pf_b FROM PUBLIC",
            "foreign-database-connect PUBLIC pf_b",
        ),
        ("GRANT pf_b_app TO pf_a_app", "REVOKE pf_b_app FROM pf_a_app", "foreign-role-membership pf_a_app"),
        ("GRANT pf_b_app TO mallory", "REVOKE pf_b_app FROM mallory", "unmanaged-membership mallory pf_b"),
        (
            "GRANT CONNECT ON DATABASE pf_b TO mallory",
            "REVOKE CONNECT ON DATABASE pf_b FROM mallory",
            "unmanaged-login-connect mallory pf_b",
        ),
        // The provider's own logins too, where they come into a service's database.
        (
            "GRANT CONNECT ON DATABASE pf_b TO replication",
            "REVOKE CONNECT ON DATABASE pf_b FROM replication",
            "unmanaged-login-connect replication pf_b",
        ),
        ("GRANT replication TO sly", "REVOKE replication FROM sly", "unmanaged-role-power sly"),
        ("GRANT azuresu TO pf_a_app", "REVOKE azuresu FROM pf_a_app", "role-attribute pf_a_app"),
        ("CREATE DATABASE leftover", "DROP DATABASE leftover", "unmanaged-database-connect PUBLIC leftover"),
        ("SELECT 1", "DROP ROLE copier", "unmanaged-role-power copier"),
    ] {
        server.sql("postgres", open);
        let result = project.json(&["verify-isolation"], 4);
        let words: Vec<&str> = expected.split(' ').collect();
        let is = |one: &String| words.iter().all(|word| one.contains(word));
        let left = reported(&result);
        assert!(left.iter().any(is), "{open}: {left:#?}");
        server.sql("postgres", close);
    }
    project.run(&["verify-isolation"]).expect(0);
    if public_is_kept {
        // Objects of a service's login there are findings, not limits.
        server
            .sql_as("pf_a_app", &project.password("pf_a_app"), "pf_a", "CREATE TABLE public.mine ()")
            .unwrap();
        server.sql("pf_a", "GRANT SELECT ON public.mine TO PUBLIC");
        let left = reported(&project.json(&["verify-isolation"], 4));
        assert!(left.iter().any(|one| one.contains("mine")), "{left:#?}");
    }
}

#[test]
fn a_platform_is_refused_for_an_embedded_server() {
    let text = "version: 1\nservers:\n  main: { embedded: true, platform: rds }\nservices:\n  a:\n";
    let reported = Project::with_manifest(text).run(&["validate"]).expect(2).stderr;
    assert!(
        reported.contains("martydb.yaml:3:27: a server that martydb runs itself is on no platform"),
        "{reported}"
    );
    let text = "version: 1\nservers:\n  main: { url: \"postgresql://h\", platform: rsd }\nservices:\n  a:\n";
    let reported = Project::with_manifest(text).run(&["validate"]).expect(2).stderr;
    assert!(reported.contains("martydb.yaml:3:34:") && reported.contains("`rds`"), "{reported}");
}
