//! `sslmode` as libpq means it, through the whole program: the admin's connection (a driver) and the services'
//! logins (the probes) must agree. Certificates are made here.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;

use crate::support::{Authority, Project, Server};

/// A certificate without extensions, as `openssl x509 -req` makes it, and its key.
fn version_1(project: &Project) -> (String, String) {
    let openssl = |arguments: &str| {
        let done = std::process::Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(project.path())
            .output();
        assert!(done.unwrap().status.success(), "openssl {arguments}");
    };
    openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout v1.key -out v1.csr");
    openssl("x509 -req -in v1.csr -signkey v1.key -out v1.crt");
    let read = |name: &str| std::fs::read_to_string(project.path().join(name)).unwrap();
    (read("v1.crt"), read("v1.key"))
}

fn at(project: &Project, server: &Server, host: &str, user: &str, parameters: &str) {
    let port = server.port;
    project.write(
        "martydb.yaml",
        &format!("version: 1\nproject: tls\nservers:\n  main:\n    url: postgresql://{user}@{host}:{port}/postgres?{parameters}\nservices:\n  tls_a:\n"),
    );
}

/// The exit codes of a command that the admin runs, and of one that the services' logins run.
fn tried(project: &Project) -> (i32, i32) {
    let code = |arguments: &[&str]| project.run(arguments).code.unwrap();
    (code(&["plan"]), code(&["test-connections"]))
}

#[test]
fn every_sslmode_trusts_the_same_servers_as_libpq() {
    let server = Server::start();
    let project = Project::with_manifest("");
    let (own, other) = (Authority::new(&project, "own"), Authority::new(&project, "other"));
    at(&project, &server, "127.0.0.1", "postgres", "sslmode=disable");
    project.run(&["apply", "--all", "-y"]).expect(0);
    for (parameters, expected) in [("sslmode=prefer", 0), ("sslmode=allow", 0), ("sslmode=require", 5)] {
        at(&project, &server, "localhost", "postgres", parameters);
        assert_eq!(tried(&project), (expected, expected), "no TLS there: {parameters}");
    }

    let (root, foreign) =
        (format!("sslrootcert={}", own.file.display()), format!("sslrootcert={}", other.file.display()));
    let cases = [
        ("localhost", "sslmode=prefer".to_owned(), 0),
        ("localhost", "sslmode=require".to_owned(), 0),
        ("localhost", format!("sslmode=require&{root}"), 0),
        ("localhost", format!("sslmode=require&{foreign}"), 5),
        ("localhost", "sslmode=verify-ca".to_owned(), 5),
        ("localhost", format!("sslmode=verify-ca&{root}"), 0),
        ("127.0.0.1", format!("sslmode=verify-ca&{root}"), 0),
        ("localhost", format!("sslmode=verify-ca&{foreign}"), 5),
        ("localhost", format!("sslmode=verify-full&{root}"), 0),
        ("127.0.0.1", format!("sslmode=verify-full&{root}"), 5),
        ("localhost", format!("sslmode=verify-full&{foreign}"), 5),
        ("localhost", "sslrootcert=system".to_owned(), 5),
        ("localhost", "sslmode=require&sslrootcert=system".to_owned(), 2),
        ("localhost", "sslmode=verify-full&sslrootcert=nowhere.crt".to_owned(), 2),
    ];
    server.serve_tls(&own.sign("localhost", 2100));
    for (host, parameters, expected) in &cases {
        at(&project, &server, host, "postgres", parameters);
        assert_eq!(tried(&project), (*expected, *expected), "{host} {parameters}");
    }
    let tested = project.json(&["test-connections"], 2);
    assert!(tested["error"]["message"].as_str().unwrap().contains("nowhere.crt"), "{tested:#}");

    server.serve_tls(&version_1(&project));
    for (parameters, expected) in [
        ("sslmode=prefer".to_owned(), 0),
        ("sslmode=require".into(), 0),
        (format!("sslmode=verify-ca&{root}"), 5),
    ] {
        at(&project, &server, "localhost", "postgres", &parameters);
        assert_eq!(tried(&project), (expected, expected), "X.509 version 1: {parameters}");
    }

    server.serve_tls(&own.sign("localhost", 2002));
    for (parameters, expected) in [
        ("sslmode=require".to_owned(), 0),
        (format!("sslmode=verify-ca&{root}"), 5),
        (format!("sslmode=verify-full&{root}"), 5),
    ] {
        at(&project, &server, "localhost", "postgres", &parameters);
        assert_eq!(tried(&project), (expected, expected), "expired: {parameters}");
    }
    let plan = project.json(&["plan"], 5);
    assert!(plan.to_string().to_lowercase().contains("expired"), "{plan:#}");
}

#[test]
fn a_declared_root_certificate_excludes_others_and_libpqs_default_path_is_read() {
    let server = Server::start();
    let project = Project::with_manifest("");
    let (own, other) = (Authority::new(&project, "own"), Authority::new(&project, "other"));
    server.serve_tls(&own.sign("localhost", 2100));
    at(&project, &server, "localhost", "postgres", "sslmode=require");
    project.run(&["apply", "--all", "-y"]).expect(0);
    // As if the server's authority were one that the operating system trusts.
    let trusting = |parameters: &str| {
        at(&project, &server, "localhost", "postgres", parameters);
        let run = |name: &str| {
            let mut command = project.command(&[name]);
            command.env("SSL_CERT_FILE", &own.file);
            project.finish(command).code.unwrap()
        };
        (run("plan"), run("test-connections"))
    };
    assert_eq!(trusting("sslrootcert=system"), (0, 0));
    assert_eq!(trusting("sslmode=verify-full"), (0, 0));
    assert_eq!(trusting(&format!("sslmode=verify-ca&sslrootcert={}", other.file.display())), (5, 5));

    let home = project.path().join(".postgresql");
    std::fs::create_dir(&home).unwrap();
    std::fs::copy(&own.file, home.join("root.crt")).unwrap();
    at(&project, &server, "localhost", "postgres", "sslmode=verify-full");
    assert_eq!(tried(&project), (0, 0));
    std::fs::copy(&other.file, home.join("root.crt")).unwrap();
    at(&project, &server, "localhost", "postgres", "sslmode=require");
    assert_eq!(tried(&project), (5, 5));
}

#[test]
fn a_client_certificate_logs_in_and_its_key_file_must_be_private() {
    let server = Server::start();
    let project = Project::with_manifest("");
    let own = Authority::new(&project, "own");
    server.install("root.crt", &std::fs::read_to_string(&own.file).unwrap());
    server.sql("postgres", "ALTER SYSTEM SET ssl_ca_file = 'root.crt'; ");
    server.sql("postgres", "CREATE ROLE \"cert admin\" SUPERUSER LOGIN");
    let hba = std::fs::read_to_string(server.data().join("pg_hba.conf")).unwrap();
    server.install("pg_hba.conf", &format!("hostssl all \"cert admin\" all cert\n{hba}"));
    server.serve_tls(&own.sign("localhost", 2100));
    let (certificate, key) = own.sign("cert admin", 2100);
    project.write("client.crt", &certificate);
    project.write("client.key", &key);
    let mode =
        |mode| std::fs::set_permissions(project.path().join("client.key"), PermissionsExt::from_mode(mode));
    mode(0o600).unwrap();
    let both = "sslcert=client.crt&sslkey=client.key";
    for parameters in [
        format!("sslmode=require&{both}"),
        format!("sslmode=verify-full&sslrootcert=own.crt&{both}"),
        both.to_owned(),
    ] {
        at(&project, &server, "localhost", "cert%20admin", &parameters);
        project.run(&["plan"]).expect(0);
    }
    at(&project, &server, "localhost", "cert%20admin", "sslmode=require");
    project.run(&["plan"]).expect(5);
    mode(0o644).unwrap();
    at(&project, &server, "localhost", "cert%20admin", &format!("sslmode=require&{both}"));
    let refused = project.run(&["plan"]).expect(2);
    assert!(refused.stdout.contains("chmod 600") || refused.stderr.contains("chmod 600"), "{refused:?}");
}

/// A server that answers the question for TLS with `answer`, and returns the next bytes that it received.
fn imposter(answer: &'static [u8]) -> (u16, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut question = [0u8; 8];
            if stream.read_exact(&mut question).is_err() || stream.write_all(answer).is_err() {
                continue;
            }
            let mut next = vec![0u8; 4096];
            let length = stream.read(&mut next).unwrap_or(0);
            next.truncate(length);
            if tell.send(next).is_err() {
                return;
            }
        }
    });
    (port, heard)
}

fn against(port: u16, host: &str, parameters: &str) -> Project {
    Project::with_manifest(&format!(
        "version: 1\nservers:\n  main:\n    url: postgresql://postgres@{host}:{port}/postgres?{parameters}\nsecrets: {{ provider: env }}\nservices:\n  x:\n"
    ))
}

#[test]
fn a_tls_downgrade_is_refused_before_any_message() {
    for parameters in [
        "sslmode=require",
        "sslmode=verify-ca",
        "sslmode=verify-full",
        "sslmode=verify-full&sslrootcert=ca.crt",
    ] {
        let (port, heard) = imposter(b"N");
        let project = against(port, "localhost", parameters);
        Authority::new(&project, "ca");
        for arguments in [&["plan"][..], &["test-connections"]] {
            let mut command = project.command(arguments);
            for role in ["MIGRATOR", "APP", "READONLY"] {
                command.env(format!("X_{role}_PASSWORD"), "a-password-of-ours");
            }
            let done = project.finish(command).expect(5);
            assert!(format!("{done:?}").contains("TLS"), "{parameters}: {done:?}");
        }
        for said in heard.try_iter() {
            assert!(said.is_empty(), "{parameters}: said {said:?} in the clear");
        }
    }
}

#[test]
fn the_host_name_is_sent_with_the_first_tls_message() {
    for parameters in ["sslmode=require", "sslmode=verify-full&sslrootcert=ca.crt"] {
        let (port, heard) = imposter(b"S");
        let project = against(port, "localhost", parameters);
        Authority::new(&project, "ca");
        let mut command = project.command(&["plan"]);
        for role in ["MIGRATOR", "APP", "READONLY"] {
            command.env(format!("X_{role}_PASSWORD"), "x");
        }
        project.finish(command).expect(5);
        let hello = heard.recv().unwrap();
        let name = b"localhost";
        assert!(
            hello.windows(name.len()).any(|part| part == name),
            "{parameters}: no server name in {hello:?}"
        );
    }
}

#[test]
fn prefer_probes_hostnossl_lines_and_allow_probes_hostssl_lines() {
    let server = Server::start();
    let project = Project::with_manifest("");
    let own = Authority::new(&project, "own");
    server.serve_tls(&own.sign("localhost", 2100));
    let hba = |kind: &str| {
        server.install("pg_hba.conf", &format!("{kind} all all all scram-sha-256\n"));
        server.reload();
    };
    at(&project, &server, "localhost", "postgres", "sslmode=prefer");
    project.run(&["apply", "--all", "-y"]).expect(0);
    hba("hostnossl");
    assert_eq!(tried(&project), (0, 0));
    at(&project, &server, "localhost", "postgres", "sslmode=require");
    assert_eq!(tried(&project), (5, 5));
    hba("hostssl");
    at(&project, &server, "localhost", "postgres", "sslmode=allow");
    assert_eq!(tried(&project), (0, 0));
    at(&project, &server, "localhost", "postgres", "sslmode=disable");
    assert_eq!(tried(&project), (5, 5));
}

/// pg_hba.conf may trust clients over TLS and no others: the manifest's own way in does not show it.
#[test]
fn an_hba_line_for_one_transport_is_probed_over_it() {
    let server = Server::start();
    let project = Project::with_manifest("version: 1\n");
    let authority = Authority::new(&project, "root");
    server.serve_tls(&authority.sign("127.0.0.1", 2099));
    at(&project, &server, "127.0.0.1", "postgres", "sslmode=disable");
    let _ = project.run(&["apply", "--all", "-y"]).expect(0);
    let path = server.data().join("pg_hba.conf");
    let plain = std::fs::read_to_string(&path).unwrap();
    let cases = [
        ("sslmode=disable", "hostssl all tls_a_app all trust\n", "over TLS"),
        ("sslmode=require", "hostnossl all tls_a_app all trust\n", "without TLS"),
    ];
    for (parameters, line, words) in cases {
        at(&project, &server, "127.0.0.1", "postgres", parameters);
        std::fs::write(&path, format!("{line}{plain}")).unwrap();
        server.reload();
        let result = project.json(&["verify-isolation"], 4);
        let found = result["findings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["id"] == "wrong-password-accepted");
        let object = found.unwrap()["object"].as_str().unwrap();
        assert_eq!(object, format!("address 127.0.0.1:{} {words}", server.port), "{result:#}");
        let refused = format!("with a wrong password at 127.0.0.1:{} {words}", server.port);
        let others =
            result["trials"].as_array().unwrap().iter().filter(|trial| trial["way"] == refused.as_str());
        assert_eq!(others.filter(|trial| trial["outcome"] == "denied").count(), 3, "{result:#}");
        std::fs::write(&path, &plain).unwrap();
        server.reload();
        let _ = project.run(&["verify-isolation"]).expect(0);
    }
}
