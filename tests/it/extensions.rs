//! Extensions: their members are not the service's objects, whichever command asks.

mod members;
mod moving;
mod operators;
mod schemas;

use crate::support::{Project, Server};

/// Extensions that this server can install with what it has, but for those that need a preloaded library or whose script
/// sets the database's search path, and US addresses, whose tables no owner may dump.
fn installable(server: &Server) -> Vec<String> {
    let rows = server.sql(
        "postgres",
        "WITH RECURSIVE usual AS (
             SELECT v.name, v.requires FROM pg_available_extension_versions v JOIN pg_available_extensions e ON e.name = v.name
             WHERE v.version = e.default_version AND v.name NOT IN ('plpgsql', 'pg_cron', 'address_standardizer_data_us', 'postgis_topology', 'postgis_tiger_geocoder')
         ), missing AS (
             SELECT u.name FROM usual u CROSS JOIN LATERAL unnest(u.requires) r (name)
             WHERE r.name NOT IN (SELECT name FROM usual) AND r.name <> 'plpgsql'
             UNION SELECT u.name FROM usual u JOIN missing m ON m.name = ANY (u.requires)
         )
         SELECT name FROM usual WHERE name NOT IN (SELECT name FROM missing) ORDER BY coalesce(cardinality(requires), 0), name",
    );
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

fn service(server: &Server, name: &str, extensions: &str) -> Project {
    Project::with_manifest(&format!(
        "version: 1\nproject: {name}\nservers:\n  main:\n    url: {}\nservices:\n  {name}:\n    extensions: {extensions}\n",
        server.url()
    ))
}
