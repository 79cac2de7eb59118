//! Proposal of a manifest, based on the findings.

use std::collections::{BTreeMap, BTreeSet};

use super::environments::{DEVELOPMENT, EnvironmentPlaces};
use super::names::{server_word, service_name, stem};
use super::servers::{MAIN, PlacedServers, ProposedServer, local_server};
use super::settings::{ComposeServer, DiscoveredDatabase, ProjectFindings};
use super::tree::ProjectTree;
use super::url::DatabaseLocation;
use crate::FolderTool;
use martydb_model::ServiceName;

/// Tool of files that a container runs when its data are made.
const INITDB: &str = "sql";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProposedService {
    /// Set if its name differs from the service's.
    pub database: Option<String>,
    /// Set if its migrations are not at the default path.
    pub migrations: Option<String>,
    pub server: Option<String>,
    /// Another tool, with its folder.
    pub import: Option<(FolderTool, String)>,
    /// Set if nothing undoes its migrations.
    pub is_up_alone: bool,
    /// Set if its migrations can run as they are.
    pub ready: bool,
    /// Set if it has a database now.
    pub exists: bool,
    /// Findings about it, as text.
    pub found: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    pub services: BTreeMap<ServiceName, ProposedService>,
    pub servers: BTreeMap<String, ProposedServer>,
    /// Databases in other environments than the manifest's own.
    pub environments: BTreeMap<&'static str, EnvironmentPlaces>,
    /// Notes for the user that are not in the manifest.
    pub notes: Vec<String>,
    /// Folders whose names could be services' names.
    homes: BTreeMap<ServiceName, String>,
}

impl Proposal {
    /// Restricts the proposal to these services; one that was not found gets the folder of its name.
    pub fn restricted_to(mut self, names: &BTreeSet<ServiceName>) -> Proposal {
        self.services.retain(|name, _| names.contains(name));
        self.environments.values_mut().for_each(|places| places.retain(|name, _| names.contains(name)));
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
            self.servers.insert(MAIN.into(), local_server(None));
        }
        self
    }
}

/// Decides on services and servers.
pub fn propose(tree: &ProjectTree, found: &ProjectFindings) -> Proposal {
    let mut drafts = Drafts { root: service_name(&tree.name), ..Drafts::default() };
    found.folders.iter().for_each(|folder| drafts.take_folder(folder));
    // Settings that name their service come first: they assign databases to services.
    let is_own = |one: &&DiscoveredDatabase| one.environment.is_none_or(|env| env == DEVELOPMENT);
    let (own, others): (Vec<_>, Vec<_>) = found.databases.iter().partition(is_own);
    let (mut named, rest): (Vec<_>, Vec<_>) = own.into_iter().partition(|one| one.service.is_some());
    // The name of a folder or a container is the service's own; that of a variable resembles it.
    named.sort_by_key(|one| one.by_key);
    named.iter().for_each(|one| drafts.take_database(one));
    for one in &others {
        drafts.take_elsewhere(one);
    }
    rest.iter().for_each(|one| drafts.take_database(one));
    if drafts.services.is_empty() {
        found.composed.iter().for_each(|server| drafts.take_container(server));
    }
    found.composed.iter().for_each(|server| drafts.take_initdb(server));
    drafts.proposal(found, homes(tree))
}

/// Findings of one service before the servers are known.
#[derive(Default)]
struct Draft {
    place: Option<DatabaseLocation>,
    own_folder: Option<String>,
    import: Option<(FolderTool, String)>,
    is_up_alone: bool,
    found: Vec<String>,
}

#[derive(Default)]
struct Drafts {
    services: BTreeMap<ServiceName, Draft>,
    /// The service of files directly in the searched folder.
    root: Option<ServiceName>,
    environments: BTreeMap<&'static str, EnvironmentPlaces>,
    /// Databases of the whole project, which services may share.
    shared: BTreeMap<DatabaseLocation, String>,
}

impl Drafts {
    fn take_folder(&mut self, folder: &super::folders::DiscoveredMigrations) {
        let Some(name) = folder.service.clone().or_else(|| self.root.clone()) else { return };
        let draft = self.services.entry(name).or_default();
        if draft.own_folder.is_some() || draft.import.is_some() {
            return;
        }
        let path = if folder.path.is_empty() { "." } else { &folder.path };
        draft.is_up_alone = !folder.has_downs;
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
            owner.map(|(name, _)| name.clone()).or(root)
        };
        let owner = one.service.as_ref().map(|name| self.known(name)).or_else(of_database);
        if owner.is_none() && one.whole && named.is_some() {
            self.shared.insert(one.place.clone(), one.source.clone());
            if !self.services.is_empty() {
                return;
            }
        }
        let Some(name) = owner.or(named) else { return };
        let draft = self.services.entry(name).or_default();
        if draft.place.is_none() {
            draft.place = Some(one.place.clone());
            if !database.is_empty() {
                draft.found.push(format!("database {database} ({})", located(&one.source, one.line)));
            }
        }
    }

    /// Returns the service that a name stands for: the one of that name, or else of a name with the same stem.
    fn known(&self, name: &ServiceName) -> ServiceName {
        let is_alike = |other: &&ServiceName| stem(other.as_str()) == stem(name.as_str());
        let known = self.services.get_key_value(name).map(|(name, _)| name);
        known.or_else(|| self.services.keys().find(is_alike)).unwrap_or(name).clone()
    }

    /// Takes a database of another environment: its service has one of the same name here, and its server is the
    /// environment's.
    fn take_elsewhere(&mut self, one: &DiscoveredDatabase) {
        let Some(environment) = one.environment else { return };
        let named = || service_name(&one.place.database).filter(|name| self.services.contains_key(name));
        if let Some(name) = one.service.as_ref().map(|name| self.known(name)).or_else(named) {
            let places = self.environments.entry(environment).or_default();
            places.entry(name.clone()).or_insert_with(|| one.place.clone());
            let here =
                DatabaseLocation { database: one.place.database.clone(), ..DatabaseLocation::default() };
            let source = format!("{}, {environment}", located(&one.source, one.line));
            let draft = self.services.entry(name).or_default();
            if draft.place.is_none() {
                draft.found.push(format!("database {} ({source})", one.place.database));
                draft.place = Some(here);
            }
        } else {
            self.environments.entry(environment).or_default();
        }
    }

    /// Takes a container of docker compose for the database of a service, whose own container is not described.
    fn take_container(&mut self, server: &ComposeServer) {
        let database = server.database.clone().unwrap_or_default();
        let Some(name) = server_word(&server.host).or_else(|| service_name(&database)) else { return };
        let place = DatabaseLocation { host: server.host.clone(), port: None, database };
        let found = vec![format!("POSTGRES_DB ({})", located(&server.source, server.line))];
        self.services.insert(name, Draft { place: Some(place), found, ..Draft::default() });
    }

    /// Takes the files that a container runs when its data are made, for the only service of that server without migrations.
    fn take_initdb(&mut self, server: &ComposeServer) {
        let Some(path) = server.initdb.first() else { return };
        let is_there = |draft: &Draft| draft.place.as_ref().is_some_and(|place| place.host == server.host);
        let mut without = self
            .services
            .values_mut()
            .filter(|draft| is_there(draft) && draft.own_folder.is_none() && draft.import.is_none());
        if let (Some(draft), None) = (without.next(), without.next()) {
            draft.import = Some((FolderTool::Other(INITDB), path.clone()));
            draft.found.push(format!("{path} (SQL of the container {})", server.host));
        }
    }

    fn proposal(self, found: &ProjectFindings, homes: BTreeMap<ServiceName, String>) -> Proposal {
        let places = self.services.values().filter_map(|draft| draft.place.as_ref());
        let servers = PlacedServers::new(places, found);
        let shared = shared(&self.services);
        let mut notes = servers.notes.clone();
        notes.extend(found.left_out.iter().map(|one| format!("left out: {one}")));
        for (place, source) in &self.shared {
            let server = servers.name_of(place).unwrap_or_else(|| MAIN.into());
            notes.push(format!(
                "{source} has one database for the whole project, {database}: if several services share it, \
                 `martydb split init --from {server}/{database}` proposes how to divide it",
                database = place.database
            ));
        }
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
            let is_initdb = draft.import.as_ref().is_some_and(|(tool, _)| *tool == FolderTool::Other(INITDB));
            let taken = draft.import.as_ref().map(|(_, path)| path).filter(|_| !is_initdb);
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
                migrations: Some(path)
                    .filter(|path| *path != usual || draft.is_up_alone || draft.import.is_some()),
                server: servers.name_of(&place).filter(|server| server != MAIN),
                import: draft.import,
                is_up_alone: draft.is_up_alone,
                ready,
                exists,
                found: draft.found,
            };
            (name, service)
        });
        let services = services.collect();
        Proposal { services, servers: servers.all(), environments: self.environments, notes, homes }
    }
}

/// Returns a file with its line.
fn located(source: &str, line: Option<usize>) -> String {
    line.map_or_else(|| source.to_owned(), |line| format!("{source}:{line}"))
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
