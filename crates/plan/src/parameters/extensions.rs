//! Extensions that cannot be installed as declared, known before anything is written.

use martydb_model::error::Error;
use martydb_model::suggest::{did_you_mean, nearest};
use martydb_model::{ActualServer, DesiredExtension, DesiredService};

/// Extension of the server itself, in every database.
const BUILT_IN: &str = "plpgsql";

/// Extensions whose scripts set `search_path` on the database and for their session, which then finds no other schema
/// (`AddToSearchPath` in <https://github.com/postgis/postgis/blob/stable-3.3/topology/sql/manage/ManageHelper.sql.in>).
const SET_THE_PATH: [&str; 2] = ["postgis_tiger_geocoder", "postgis_topology"];

/// Returns the first reason, with the line to write.
pub(crate) fn refused(actual: &ActualServer, service: &DesiredService) -> Option<Error> {
    let host = &actual.host_extensions;
    let contents = actual.databases.get(&service.database).and_then(|found| found.contents.as_ref());
    let is_there = |name: &str| contents.is_some_and(|found| found.extensions.contains_key(name));
    let error = |why: String| Error::manifest(format!("service \"{}\": {why}", service.name));
    service.extensions.iter().find_map(|wanted| {
        let DesiredExtension { name, schema } = wanted;
        if let (Some(fixed), Some(schema)) = (host.fixed.get(name), schema)
            && fixed != schema.as_str()
        {
            let why = format!("extension \"{name}\" cannot be in schema \"{schema}\": its control file fixes the schema {fixed}");
            return Some(error(why).hint(format!("write `extensions: [{name}]`")));
        }
        if is_there(name) {
            return None;
        }
        if !host.needs.is_empty() && !host.needs.contains_key(name) {
            let near = nearest(name, host.needs.keys().map(String::as_str));
            let package = || "install the package that has it on the server's host, or remove it from `extensions:`".to_owned();
            let why = format!("extension \"{name}\" is not available on the server");
            return Some(error(why).hint(near.map_or_else(package, did_you_mean)));
        }
        if SET_THE_PATH.contains(&name.as_str()) {
            let why = format!("extension \"{name}\" sets search_path on the database, which belongs to the logins here");
            let way = format!("a superuser installs it: CREATE EXTENSION {name} in database {}, then ALTER DATABASE {} RESET search_path", service.database, service.database);
            return Some(error(why).hint(way));
        }
        let missing: Vec<&str> = host
            .needs
            .get(name)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .filter(|needed| *needed != BUILT_IN && !service.installs(needed) && !is_there(needed))
            .collect();
        let first = missing.first()?;
        let why = format!("extension \"{name}\" needs the extension \"{first}\", which the manifest does not declare");
        let declared = service.extensions.iter().map(|one| one.name.as_str());
        let all: Vec<&str> = declared.chain(missing.iter().copied()).collect();
        Some(error(why).hint(format!("write `extensions: [{}]`", all.join(", "))))
    })
}
