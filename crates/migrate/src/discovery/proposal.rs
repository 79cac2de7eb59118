//! Proposal of a manifest, based on the findings.

use std::collections::{BTreeMap, BTreeSet};

use super::names::service_name;
use super::settings::{DiscoveredDatabase, ProjectFindings};
use super::tree::ProjectTree;
use super::url::DatabaseLocation;
use crate::import::FolderTool;
use martydb_model::ServiceName;

/// Name of the server for services whose server is on this machine or unknown.
pub const MAIN: &str = "main";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProposedService {
    /// Set if its name differs from the service's.
    pub database: Option<String>,
    /// Set if its migrations are not at the default path.
    pub migrations: Option<String>,
    pub server: Option<String>,
    /// Another tool, with its folder.
    pub import: Option<(FolderTool, String)>,
    /// Set if its migrations can run as they are.
    pub ready: bool,
    /// Set if it has a database now.
    pub exists: bool,
    /// Findings about it, as text.
    pub found: Vec<String>,
}

/// An existing server, which the manifest uses when DB_HOST is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedServer {
    pub host: String,
    pub port: u16,
    pub user: String,
    /// Set if DB_HOST and DB_PORT can choose another server: if there is only one.
    pub chosen: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    pub services: BTreeMap<ServiceName, ProposedService>,
    pub servers: BTreeMap<String, ProposedServer>,
    /// Notes for the user that are not in the manifest.
    pub notes: Vec<String>,
    /// Folders whose names could be services' names.
    homes: BTreeMap<ServiceName, String>,
}

impl Proposal {
    /// Restricts the proposal to these services; one that was not found gets the folder of its name.
    pub fn restricted_to(mut self, names: &BTreeSet<ServiceName>) -> Proposal {
        self.services.retain(|name, _| names.contains(name));
        for name in names {
            let home = self.homes.get(name).filter(|home| *home != name.as_str());
            let migrations = home.map(|home| format!("{home}/migrations"));
            let fresh = ProposedService { migrations, ..ProposedService::default() };
            self.services.entry(name.clone()).or_insert(fresh);
        }
        let used: BTreeSet<String> = self
            .services
            .values()
            .map(|service| service.server.clone().unwrap_or_else(|| MAIN.into()))
            .collect();
        self.servers.retain(|name, _| used.contains(name));
        if self.servers.is_empty() {
            self.servers.insert(MAIN.into(), local_server(&ProjectFindings::default()));
        }
        self
    }
}

/// Decides on services and servers.
pub fn propose(tree: &ProjectTree, found: &ProjectFindings) -> Proposal {
    let mut drafts = Drafts { services: BTreeMap::new(), root: service_name(&tree.name) };
    found.folders.iter().for_each(|folder| drafts.take_folder(folder));
    // Settings that name their service come first: they assign databases to services.
    let (named, rest): (Vec<_>, Vec<_>) = found.databases.iter().partition(|one| one.service.is_some());
    named.into_iter().chain(rest).for_each(|one| drafts.take_database(one));
    if drafts.services.is_empty() {
        for server in &found.composed {
            let Some(name) = server.database.as_deref().and_then(service_name) else { continue };
            let found = vec![format!("POSTGRES_DB ({})", server.source)];
            drafts.services.insert(name, Draft { found, ..Draft::default() });
        }
    }
    drafts.proposal(found, homes(tree))
}

/// Findings of one service before the servers are known.
#[derive(Default)]
struct Draft {
    place: Option<DatabaseLocation>,
    own_folder: Option<String>,
    import: Option<(FolderTool, String)>,
    found: Vec<String>,
}

struct Drafts {
    services: BTreeMap<ServiceName, Draft>,
    /// The service of files directly in the searched folder.
    root: Option<ServiceName>,
}

impl Drafts {
    fn take_folder(&mut self, folder: &super::DiscoveredMigrations) {
        let Some(name) = folder.service.clone().or_else(|| self.root.clone()) else { return };
        let draft = self.services.entry(name).or_default();
        if draft.own_folder.is_some() || draft.import.is_some() {
            return;
        }
        let path = if folder.path.is_empty() { "." } else { &folder.path };
        let tool = match folder.tool {
            FolderTool::Own => {
                draft.own_folder = Some(path.into());
                "ready to run"
            }
            FolderTool::Other(tool) | FolderTool::Programs(tool) => {
                draft.import = Some((folder.tool, path.into()));
                tool
            }
        };
        let files = martydb_model::units::counted(folder.count, "migration");
        draft.found.push(format!("{path} ({files}, {tool})"));
    }

    /// Assigns a URL. One without the name of a service belongs to the service of its database, or to the
    /// folder itself.
    fn take_database(&mut self, one: &DiscoveredDatabase) {
        let database = one.place.database.as_str();
        let named = service_name(database).filter(|_| !matches!(database, "postgres" | "template1"));
        let of_database = || {
            let is_its = |draft: &Draft| draft.place.as_ref().is_some_and(|place| place.database == database);
            let owner =
                self.services.iter().find(|(name, draft)| is_its(draft) || Some(*name) == named.as_ref());
            let root = self
                .root
                .clone()
                .filter(|root| self.services.get(root).is_some_and(|one| one.place.is_none()));
            owner.map(|(name, _)| name.clone()).or(root).or_else(|| named.clone())
        };
        let Some(name) = one.service.clone().or_else(of_database) else { return };
        let draft = self.services.entry(name).or_default();
        if draft.place.is_none() {
            draft.place = Some(one.place.clone());
            if !database.is_empty() {
                draft.found.push(format!("database {database} ({})", one.source));
            }
        }
    }

    fn proposal(self, found: &ProjectFindings, homes: BTreeMap<ServiceName, String>) -> Proposal {
        let servers = servers(&self.services, found);
        let shared = shared(&self.services);
        let mut notes = vec![];
        for (place, names) in &shared {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            notes.push(format!(
                "{} use one database now, {}: in this manifest each has its own",
                names.join(", "),
                place.database
            ));
        }
        let is_shared = |place: &DatabaseLocation| shared.contains_key(place);
        let services = self.services.into_iter().map(|(name, draft)| {
            let (ready, exists) = (draft.own_folder.is_some(), draft.place.is_some());
            let place = draft.place.filter(|place| !is_shared(place)).unwrap_or_default();
            let usual = format!("{name}/migrations");
            let taken = draft.import.as_ref().map(|(_, path)| path);
            let home = homes.get(&name).map_or_else(|| name.to_string(), Clone::clone);
            let beside = |path: &String| match path.rsplit_once('/') {
                _ if path == "." => "martydb-migrations".to_owned(),
                Some((above, "migrations" | "migration" | "versions")) => {
                    format!("{above}/martydb-migrations")
                }
                _ => format!("{path}/martydb-migrations"),
            };
            let path = draft.own_folder.or(taken.map(beside)).unwrap_or_else(|| format!("{home}/migrations"));
            let service = ProposedService {
                database: Some(place.database.clone())
                    .filter(|name_of| !matches!(&**name_of, "" | "postgres"))
                    .filter(|database| *database != name.as_str()),
                migrations: Some(path).filter(|path| *path != usual),
                server: servers.name_of(&place).filter(|server| server != MAIN),
                import: draft.import,
                ready,
                exists,
                found: draft.found,
            };
            (name, service)
        });
        Proposal { services: services.collect(), servers: servers.all(), notes, homes }
    }
}

/// Returns databases that several services use.
fn shared(services: &BTreeMap<ServiceName, Draft>) -> BTreeMap<DatabaseLocation, Vec<ServiceName>> {
    let mut users: BTreeMap<DatabaseLocation, Vec<ServiceName>> = BTreeMap::new();
    for (name, draft) in services {
        let place = draft.place.clone().filter(|place| !matches!(&*place.database, "" | "postgres"));
        users.entry(place.unwrap_or_default()).or_default().push(name.clone());
    }
    users.retain(|place, names| *place != DatabaseLocation::default() && names.len() > 1);
    users
}

struct PlacedServers {
    main: ProposedServer,
    /// Servers on other machines, by host and port.
    far: BTreeMap<(String, u16), String>,
}

impl PlacedServers {
    fn name_of(&self, place: &DatabaseLocation) -> Option<String> {
        self.far.get(&address(place)).cloned()
    }

    fn all(self) -> BTreeMap<String, ProposedServer> {
        let user = || "postgres".to_owned();
        let far = self
            .far
            .into_iter()
            .map(|((host, port), name)| (name, ProposedServer { host, port, user: user(), chosen: false }));
        far.chain([(MAIN.to_owned(), self.main)]).collect()
    }
}

fn address(place: &DatabaseLocation) -> (String, u16) {
    (place.host.clone(), place.port.unwrap_or(5432))
}

/// Names the servers. A single server on another machine replaces `main`; several get names of their own.
fn servers(services: &BTreeMap<ServiceName, Draft>, found: &ProjectFindings) -> PlacedServers {
    let composed = |host: &str| found.composed.iter().any(|server| server.host == host);
    let is_here = |host: &str| {
        matches!(host, "" | "localhost" | "127.0.0.1" | "::1" | "host.docker.internal")
            || composed(host)
            || !host.contains('.')
    };
    let places: Vec<&DatabaseLocation> = services.values().filter_map(|draft| draft.place.as_ref()).collect();
    let far: BTreeSet<_> =
        places.iter().filter(|place| !is_here(&place.host)).map(|place| address(place)).collect();
    let here = places.iter().find(|place| is_here(&place.host) && !place.host.is_empty());
    match (far.len(), here) {
        (1, None) => {
            let (host, port) = far.into_iter().next().unwrap_or_default();
            let main = ProposedServer { host, port, user: "postgres".into(), chosen: true };
            PlacedServers { main, far: BTreeMap::new() }
        }
        _ => {
            let mut main = local_server(found);
            if found.composed.is_empty() {
                main.port = here.and_then(|place| place.port).unwrap_or(main.port);
            }
            PlacedServers { main, far: named(far) }
        }
    }
}

/// Returns names from the first part of each host, with a number if two would be equal.
fn named(hosts: BTreeSet<(String, u16)>) -> BTreeMap<(String, u16), String> {
    let mut names: BTreeSet<String> = [MAIN.to_owned()].into();
    let mut all = BTreeMap::new();
    for (host, port) in hosts {
        let first = host.split('.').next().unwrap_or_default();
        let base = service_name(first).map_or_else(|| "server".to_owned(), |name| name.to_string());
        let numbered = (2..).map(|n| format!("{base}-{n}"));
        let free = [base.clone()].into_iter().chain(numbered).find(|name| !names.contains(name));
        let name = free.unwrap_or(base);
        names.insert(name.clone());
        all.insert((host, port), name);
    }
    all
}

/// Returns this machine's server, with the settings of docker compose if there are any.
fn local_server(found: &ProjectFindings) -> ProposedServer {
    let composed = found.composed.first();
    ProposedServer {
        host: "localhost".into(),
        port: composed.and_then(|server| server.port).unwrap_or(5432),
        user: composed.and_then(|server| server.user.clone()).unwrap_or_else(|| "postgres".into()),
        chosen: true,
    }
}

/// Returns the folders by service name, preferring the outermost.
fn homes(tree: &ProjectTree) -> BTreeMap<ServiceName, String> {
    let mut homes: BTreeMap<ServiceName, String> = BTreeMap::new();
    let mut folders: BTreeSet<(usize, &str)> = BTreeSet::new();
    for file in &tree.files {
        let cuts = file.path.match_indices('/').map(|(at, _)| &file.path[..at]);
        folders.extend(cuts.take(3).map(|folder| (folder.matches('/').count(), folder)));
    }
    for (_, folder) in folders {
        let last = folder.rsplit('/').next().unwrap_or_default();
        if let Ok(name) = ServiceName::new(last) {
            homes.entry(name).or_insert_with(|| folder.to_owned());
        }
    }
    homes
}
