//! A project of one service with parameters.

use crate::support::{Admin, Project, Server, built_elsewhere};

/// The service `<prefix>` with these lines of `parameters`, and one migration.
pub(crate) fn project(server: &Server, admin: Admin, prefix: &str, parameters: &str) -> Project {
    let project = Project::with_manifest("");
    declare(&project, server, admin, prefix, parameters);
    project.write(&format!("{prefix}/migrations/V1__item.sql"), "CREATE TABLE item (id int, name text);\n");
    project.write(&format!("{prefix}/migrations/V1__item.down.sql"), "DROP TABLE item;\n");
    project
}

/// Writes its manifest again.
pub(crate) fn declare(project: &Project, server: &Server, admin: Admin, prefix: &str, parameters: &str) {
    let text = format!(
        "version: 1\nproject: {prefix}\nservers:\n  main:\n    url: {}\nservices:\n  {prefix}:\n    parameters: {{ {parameters} }}\n",
        server.url_of(admin)
    );
    project.write("martydb.yaml", &text);
}

/// Returns the parameters of a database.
pub(crate) fn made(server: &Server, database: &str) -> String {
    let sql = format!(
        "SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype, to_jsonb(d) ->> 'datlocprovider',
           coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), to_jsonb(d) ->> 'daticurules')
         FROM pg_database d WHERE datname = '{database}'"
    );
    server.value("postgres", &sql)
}

/// The settings of a database, in order.
pub(crate) fn settings(server: &Server, database: &str) -> String {
    let sql = format!(
        "SELECT array_to_string(array(SELECT unnest(s.setconfig) ORDER BY 1), ' ') FROM pg_db_role_setting s
         JOIN pg_database d ON d.oid = s.setdatabase WHERE s.setrole = 0 AND d.datname = '{database}'"
    );
    server.value("postgres", &sql)
}

/// Returns `true` if the server was built with ICU, and its databases can have it.
pub(crate) fn has_icu(server: &Server) -> bool {
    let built = server.value("postgres", "SELECT count(*) FROM pg_collation WHERE collprovider = 'i'") != "0";
    assert!(built || built_elsewhere(), "the system's server comes with ICU");
    built && server.major() >= 15
}
