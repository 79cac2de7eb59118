//! Databases in a project's settings.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_yaml::Value;

use super::environments::{PRODUCTION, environment_of};
use super::folders::{DiscoveredMigrations, folders};
use super::kubernetes::urls_of_secret;
use super::names::named_by;
use super::tree::{ProjectFile, ProjectTree};
use super::url::{DatabaseLocation, place};
use martydb_model::ServiceName;
use martydb_model::environment::Environment;
use martydb_model::yaml;

/// A database that a service uses now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredDatabase {
    /// The service according to the settings.
    pub service: Option<ServiceName>,
    pub place: DatabaseLocation,
    /// File or variable of the setting.
    pub source: String,
    /// Line in the file.
    pub line: Option<usize>,
    /// `true` if only the name of a variable or a key names the service.
    pub by_key: bool,
    /// Environment that the file is for.
    pub environment: Option<&'static str>,
    /// `true` if a file of settings has it under no service's name: it may be the whole project's.
    pub whole: bool,
}

/// A PostgreSQL server that docker compose runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeServer {
    /// Its host name for the other containers.
    pub host: String,
    /// Its port on this machine.
    pub port: Option<u16>,
    pub user: Option<String>,
    pub database: Option<String>,
    pub source: String,
    /// Line in the file.
    pub line: Option<usize>,
    /// Image with its tag.
    pub image: String,
    /// Files or folders of this project that it runs when its data are made.
    pub initdb: Vec<String>,
}

/// All findings, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFindings {
    pub folders: Vec<DiscoveredMigrations>,
    pub databases: Vec<DiscoveredDatabase>,
    pub composed: Vec<ComposeServer>,
    /// Settings and folders that are left out, with the reason.
    pub left_out: Vec<String>,
}

/// Reads the settings; variables of the environment come last, because files belong to the project.
pub fn findings(tree: &ProjectTree, environment: &Environment) -> ProjectFindings {
    let (other, folders): (Vec<_>, Vec<_>) =
        folders(tree).into_iter().partition(|folder| folder.engine.is_some());
    let mut found = ProjectFindings { folders, ..ProjectFindings::default() };
    found.left_out.extend(
        other.iter().map(|folder| {
            format!("{} has migrations for {}", folder.path, folder.engine.unwrap_or_default())
        }),
    );
    for file in tree.files.iter().filter(|file| !file.text.is_empty() && !file.path.ends_with("martydb.yaml"))
    {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if is_template(name) {
            if file.text.contains("postgres") {
                found.left_out.push(format!("{} is a template", file.path));
            }
            continue;
        }
        match name.rsplit_once('.').map_or("", |parts| parts.1) {
            "yaml" | "yml" => read_yaml(&mut found, file, name),
            "sql" => {}
            "ini" => read_lines(&mut found, file, Some("sqlalchemy.url")),
            _ => read_lines(&mut found, file, None),
        }
    }
    let is_url =
        |name: &str| ["URL", "URI", "DSN"].iter().any(|end| name.to_ascii_uppercase().ends_with(end));
    for (name, value) in environment.iter().filter(|(name, _)| is_url(name) && !name.starts_with("MARTYDB_"))
    {
        found.databases.extend(place(value).map(|place| DiscoveredDatabase {
            service: named_by([name.as_str()].into_iter()),
            place,
            source: format!("${name}"),
            line: None,
            by_key: true,
            environment: None,
            whole: false,
        }));
    }
    found
}

/// Returns `true` for a file that others are copied from, such as `.env.example`.
fn is_template(name: &str) -> bool {
    const WORDS: [&str; 6] = ["template", "tmpl", "example", "sample", "dist", "j2"];
    name.to_ascii_lowercase().split(['.', '-', '_']).any(|word| WORDS.contains(&word))
}

/// Returns `true` for the key or the database of tests among the settings of a program: `TEST_DATABASE_URL`.
fn is_of_tests(word: &str) -> bool {
    word.to_ascii_lowercase().split(['_', '-']).any(|part| matches!(part, "test" | "tests" | "testing"))
}

/// Returns the number of the first line with a text.
fn line_of(file: &ProjectFile, text: &str) -> Option<usize> {
    file.text.lines().position(|line| line.contains(text)).map(|at| at + 1)
}

/// Returns the words of a file's path: its folders, and its name without its suffixes.
fn words(path: &str) -> Vec<String> {
    let mut words: Vec<String> = path.split('/').map(String::from).collect();
    let name = words.pop().unwrap_or_default();
    let bare = name.trim_start_matches(".env").trim_start_matches('.');
    words.push(bare.split('.').next().unwrap_or_default().into());
    words
}

/// Reads `NAME=value` in each line; with `key`, only lines of that name.
fn read_lines(found: &mut ProjectFindings, file: &ProjectFile, key: Option<&str>) {
    let lines = file.text.lines().enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.trim_start().starts_with(['#', ';'])) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let name = name.trim().trim_start_matches("export ").trim();
        if key.is_some_and(|key| key != name) {
            continue;
        }
        let mut words = words(&file.path);
        match key {
            // The name of the file is the tool's.
            Some(_) => drop(words.pop()),
            None => words.push(name.to_owned()),
        }
        add(found, file, &words, place(value), Some(at + 1));
    }
}

fn read_yaml(found: &mut ProjectFindings, file: &ProjectFile, name: &str) {
    if yaml::check(&file.text, file.path.as_ref()).is_err() {
        return;
    }
    for document in serde_yaml::Deserializer::from_str(&file.text) {
        let Ok(root) = Value::deserialize(document) else { return };
        read_document(found, file, name, &root);
    }
}

fn read_document(found: &mut ProjectFindings, file: &ProjectFile, name: &str, root: &Value) {
    if root.get("kind").and_then(Value::as_str) == Some("Secret") {
        let environment = environment_of(&file.path).or(Some(PRODUCTION));
        found.databases.extend(urls_of_secret(root).into_iter().map(|(service, place)| DiscoveredDatabase {
            service,
            place,
            source: file.path.clone(),
            line: None,
            by_key: false,
            environment,
            whole: false,
        }));
        return;
    }
    if let Some(workload) = workload(root) {
        for text in texts(root) {
            add(found, file, &[workload.to_owned()], place(text), line_of(file, text));
        }
        return;
    }
    let is_compose = name.contains("compose");
    if is_compose && let Some(Value::Mapping(services)) = root.get("services") {
        found.composed.extend(services.iter().filter_map(|(name, service)| composed(file, name, service)));
        for (name, service) in services {
            read_container(found, file, name.as_str().unwrap_or_default(), service);
        }
        return;
    }
    let mut path = words(&file.path);
    if is_compose {
        path.pop();
    }
    walk(found, file, root, &mut path);
}

/// Reads the settings of a container: they belong to the service of its name, unless it has those of several.
fn read_container(found: &mut ProjectFindings, file: &ProjectFile, name: &str, container: &Value) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let uses_postgres = texts(container).iter().any(|text| text.contains("postgres"));
    if container.get("build").is_none() && is_third_party(image) {
        if uses_postgres {
            found
                .left_out
                .push(format!("{} of {} runs {image}, which is not of this project", name, file.path));
        }
        return;
    }
    let mut path = words(&file.path);
    path.pop();
    path.extend(["services".to_owned(), name.to_owned()]);
    let mut own = ProjectFindings::default();
    walk(&mut own, file, container, &mut path);
    let places: BTreeSet<_> = own.databases.iter().map(|one| one.place.clone()).collect();
    if let (1, Some(named)) = (places.len(), named_by([name].into_iter())) {
        for one in &mut own.databases {
            (one.service, one.by_key) = (Some(named.clone()), false);
        }
    }
    found.databases.extend(own.databases);
    found.left_out.extend(own.left_out);
}

/// Programs that bring a database of their own with them.
const THIRD_PARTY: &[&str] = &[
    "airflow", "authentik", "blockscout", "directus", "flagsmith", "gitea", "gitlab", "grafana", "hasura",
    "infisical", "keycloak", "kong", "kratos", "langfuse", "mattermost", "metabase", "n8n", "nextcloud",
    "outline", "pgadmin", "plausible", "sonarqube", "superset", "supertokens", "temporal", "umami",
    "unleash", "zitadel",
];

fn is_third_party(image: &str) -> bool {
    let name = image.split([':', '@']).next().unwrap_or_default();
    let mut words = name.split(['/', '-', '_', '.']);
    words.any(|word| {
        THIRD_PARTY.contains(&word) || THIRD_PARTY.iter().any(|known| word == format!("{known}io"))
    })
}

/// Returns the name of an object of Kubernetes that runs containers.
fn workload(root: &Value) -> Option<&str> {
    const KINDS: [&str; 7] =
        ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"];
    let kind = root.get("kind")?.as_str()?;
    KINDS.contains(&kind).then(|| root.get("metadata")?.get("name")?.as_str()).flatten()
}

/// Returns all texts of a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Mapping(map) => map.values().flat_map(texts).collect(),
        Value::Sequence(all) => all.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text],
        _ => vec![],
    }
}

fn walk(found: &mut ProjectFindings, file: &ProjectFile, value: &Value, path: &mut Vec<String>) {
    match value {
        Value::Mapping(map) => {
            let is_database = path.last().is_some_and(|last| is_database_key(last));
            let line = path.last().and_then(|key| line_of(file, &format!("{key}:")));
            add(found, file, path, is_database.then(|| in_parts(value)).flatten(), line);
            for (key, inner) in map {
                path.push(key.as_str().unwrap_or_default().to_owned());
                walk(found, file, inner, path);
                path.pop();
            }
        }
        Value::Sequence(all) => all.iter().for_each(|inner| walk(found, file, inner, path)),
        Value::String(text) => match text.split_once('=').filter(|(name, _)| !name.contains("://")) {
            // A variable in the list form of docker compose.
            Some((name, value)) => {
                path.push(name.to_owned());
                add(found, file, path, place(value), line_of(file, text));
                path.pop();
            }
            None => add(found, file, path, place(text), line_of(file, text)),
        },
        _ => {}
    }
}

fn is_database_key(key: &str) -> bool {
    matches!(key.to_ascii_lowercase().as_str(), "database" | "db" | "postgres" | "postgresql")
}

/// Reads `{ host: …, port: …, name: … }` as the equivalent URL.
fn in_parts(map: &Value) -> Option<DatabaseLocation> {
    let text = |keys: &[&str]| {
        let value = keys.iter().find_map(|key| map.get(*key))?;
        value.as_str().map(String::from).or_else(|| value.as_u64().map(|number| number.to_string()))
    };
    let (host, database) = (text(&["host", "hostname"])?, text(&["name", "database", "dbname", "db"])?);
    let port = text(&["port"]).unwrap_or_default();
    place(&format!("postgresql://{host}:{port}/{database}"))
}

fn add(
    found: &mut ProjectFindings,
    file: &ProjectFile,
    words: &[String],
    place: Option<DatabaseLocation>,
    line: Option<usize>,
) {
    let Some(place) = place else { return };
    let environment = environment_of(&file.path);
    let key = words.last().map_or("", String::as_str);
    if environment.is_none() && (is_of_tests(key) || is_of_tests(&place.database)) {
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        found.left_out.push(format!("{}{line} has a database of tests, {}", file.path, place.database));
        return;
    }
    let service = named_by(words.iter().map(String::as_str));
    let folders = file.path.matches('/').count();
    let by_folder = named_by(words.iter().take(folders).map(String::as_str));
    let is_settings = matches!(file.path.rsplit('.').next(), Some("yaml" | "yml"));
    found.databases.push(DiscoveredDatabase {
        whole: is_settings && service.is_none(),
        by_key: service != by_folder,
        service,
        place,
        source: file.path.clone(),
        line,
        environment,
    });
}

/// Returns `true` for a key that Compose accepts as the name of a service. The key becomes a host and part of a comment.
/// <https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>: `^[a-zA-Z0-9._-]+$`.
fn is_compose_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn composed(file: &ProjectFile, name: &Value, service: &Value) -> Option<ComposeServer> {
    const IMAGES: &[&str] = &["postgres", "postgis", "pgvector", "timescale"];
    let image = service.get("image")?.as_str()?;
    if !IMAGES.iter().any(|known| image.contains(known)) {
        return None;
    }
    let environment = |wanted: &str| match service.get("environment")? {
        Value::Mapping(map) => map.get(wanted)?.as_str().map(String::from),
        Value::Sequence(all) => {
            let mut lines = all.iter().filter_map(|line| line.as_str()?.split_once('='));
            lines.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
        }
        _ => None,
    };
    // As part of a URL, variables in it are replaced and it must be a plain name.
    let plain = |wanted: &str| {
        let found = place(&format!("postgresql://h/{}", environment(wanted)?))?.database;
        Some(found).filter(|text| !text.is_empty() && !text.contains('$'))
    };
    Some(ComposeServer {
        host: name.as_str().filter(|name| is_compose_name(name))?.to_owned(),
        port: service.get("ports").and_then(|ports| ports.as_sequence()?.iter().find_map(published)),
        user: plain("POSTGRES_USER"),
        database: plain("POSTGRES_DB"),
        source: file.path.clone(),
        line: name.as_str().and_then(|name| line_of(file, &format!("{name}:"))),
        image: image.to_owned(),
        initdb: initdb(file, service),
    })
}

/// Returns the paths that are mounted where the image looks for files to run when its data are made:
/// <https://hub.docker.com/_/postgres>, "Initialization scripts".
fn initdb(file: &ProjectFile, service: &Value) -> Vec<String> {
    let folder = file.path.rsplit_once('/').map_or("", |parts| parts.0);
    let mount = |volume: &Value| {
        let (from, to) = match volume.as_str() {
            Some(text) => {
                let mut parts = text.split(':');
                (parts.next()?.to_owned(), parts.next()?.to_owned())
            }
            None => (volume.get("source")?.as_str()?.to_owned(), volume.get("target")?.as_str()?.to_owned()),
        };
        let inside = from.strip_prefix("./")?.trim_end_matches('/');
        let is_plain = !inside.is_empty() && !inside.contains("..") && !inside.contains('$');
        let path = if folder.is_empty() { inside.to_owned() } else { format!("{folder}/{inside}") };
        (is_plain && to.starts_with("/docker-entrypoint-initdb.d")).then_some(path)
    };
    let volumes = service.get("volumes").and_then(Value::as_sequence);
    volumes.into_iter().flatten().filter_map(mount).collect()
}

/// Returns the published port of `5433:5432`, `127.0.0.1:5433:5432` or `{ target: 5432, published: 5433 }`.
fn published(port: &Value) -> Option<u16> {
    if let Some(text) = port.as_str() {
        let (outside, inside) = text.rsplit_once(':')?;
        let outside = outside.rsplit(':').next()?;
        return if inside == "5432" { place(&format!("postgresql://h:{outside}/x"))?.port } else { None };
    }
    let published = port.get("published")?;
    let number = published.as_u64().or_else(|| published.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}
