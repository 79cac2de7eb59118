//! Connection strings are used, not only looked at: each is given to a client.

use crate::support::{Project, Server};

#[test]
fn every_format_of_url_connects_with_its_login() {
    let server = Server::start();
    let project = Project::new(&server, "link");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let password = project.password("link_a_app");
    let uri = project.run(&["url", "-s", "link_a"]).expect(0).stdout;
    assert_eq!(
        uri,
        format!("postgresql://link_a_app:{password}@127.0.0.1:{}/link_a?sslmode=disable\n", server.port)
    );
    assert_eq!(server.sql_as("link_a_app", &password, "link_a", "SELECT 1").unwrap(), [["1"]]);
    for (format, start) in [
        ("asyncpg", "postgresql+asyncpg://link_a_ro:"),
        ("psycopg", "postgresql+psycopg://link_a_ro:"),
        ("jdbc", "jdbc:postgresql://127.0.0.1:"),
        ("npgsql", "Host=\"127.0.0.1\";Port="),
        ("env", "PGHOST='127.0.0.1'\nPGPORT='"),
        ("pgpass", "127.0.0.1:"),
    ] {
        let text =
            project.run(&["url", "-s", "link_a", "--role", "readonly", "--format", format]).expect(0).stdout;
        assert!(text.starts_with(start), "{format}: {text}");
        assert!(text.contains(&project.password("link_a_ro")), "{format}: {text}");
    }
    let without = project.run(&["url", "-s", "link_a", "--no-password"]).expect(0).stdout;
    assert!(!without.contains(&password), "{without}");
    let document = project.json(&["url", "-s", "link_a", "--format", "jdbc"], 0);
    assert_eq!(document["format"], "jdbc");
    assert_eq!(document["role"], "app");
}
