//! Settings of the PostgreSQL image: <https://github.com/docker-library/docs/blob/master/postgres/README.md>. All
//! targets share them, except for the source of the admin's password.

use super::deployment::ServerNode;

/// Major of an image whose tag does not contain it.
const NEWEST_MAJOR: u32 = 18;

/// Returns the variables with which the image sets up a server.
pub(crate) fn variables(server: &ServerNode<'_>) -> Vec<(&'static str, String)> {
    let url = server.url;
    let mut all = vec![
        ("POSTGRES_USER", url.user.clone()),
        ("POSTGRES_DB", url.database.clone()),
        ("POSTGRES_HOST_AUTH_METHOD", "scram-sha-256".to_owned()),
        ("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --auth-local=scram-sha-256".to_owned()),
    ];
    // Also read by the server's programs, such as pg_isready.
    all.extend((url.port != 5432).then(|| ("PGPORT", url.port.to_string())));
    all
}

/// Returns the command that succeeds when clients can connect. It uses TCP, because the image's temporary server
/// during initialization listens only on its socket.
pub(crate) fn ready<'a>(server: &ServerNode<'a>) -> [&'a str; 7] {
    ["pg_isready", "-h", "127.0.0.1", "-U", &server.url.user, "-d", &server.url.database]
}

/// Returns `true` if the image keeps its data in one folder. From 18 on each major has a separate folder:
/// <https://github.com/docker-library/docs/blob/master/postgres/README.md#pgdata>.
pub(crate) fn has_one_folder(server: &ServerNode<'_>) -> bool {
    server.deploy.major().is_some_and(|major| major < 18)
}

/// Returns the server's data folder:
/// <https://github.com/docker-library/docs/blob/master/postgres/README.md#pgdata>.
pub(crate) fn cluster_folder(server: &ServerNode<'_>) -> String {
    if has_one_folder(server) {
        return data_folder(server).to_owned();
    }
    format!("{}/{}/docker", data_folder(server), server.deploy.major().unwrap_or(NEWEST_MAJOR))
}

/// Returns the mount point of the disk.
pub(crate) fn data_folder(server: &ServerNode<'_>) -> &'static str {
    if has_one_folder(server) { "/var/lib/postgresql/data" } else { "/var/lib/postgresql" }
}
