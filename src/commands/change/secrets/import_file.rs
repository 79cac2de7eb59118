//! Parsing of password files, and the login of each password. Errors never contain a part of a password.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::formats::{ANNOTATIONS, VERSION};
use crate::app::App;
use martydb_model::RoleName;
use martydb_model::contract::alternate_of;
use martydb_model::error::{Error, Result};
use martydb_model::yaml;
use martydb_render::CALLER_KEYS;
use martydb_secrets::{CredentialKey, StoredEntries, StoredLogin};

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// NAME=value, with the names of `secrets export` and of the provider env.
    Dotenv,
    /// Output of `secrets export --format json`.
    Json,
    /// Secrets of `secrets export --format kubernetes`, as `kubectl get -o yaml` prints them.
    Kubernetes,
}

/// Password as read from a file.
struct ParsedPassword {
    /// Name of the password in the file.
    name: String,
    of: PasswordTarget,
    password: SecretString,
}

enum PasswordTarget {
    Variable,
    Login { login: String, service: Option<String>, role: Option<String>, in_use: bool },
}

/// Reads the entries of a file.
///
/// # Errors
/// If the file has another format, belongs to another project or environment, or contains a name of no login.
pub(crate) fn read(
    app: &App,
    format: ImportFormat,
    text: &SecretString,
    path: &Path,
) -> Result<Vec<StoredEntries>> {
    let text = text.expose_secret();
    let stated = match format {
        ImportFormat::Dotenv => dotenv(text),
        ImportFormat::Json => json(app, text),
        ImportFormat::Kubernetes => {
            yaml::check(text, path)?;
            kubernetes(app, text)
        }
    };
    let stated = stated.map_err(|error| error.while_doing(format!("cannot read {}", path.display())))?;
    if stated.is_empty() {
        return Err(Error::usage(format!("{} contains no passwords", path.display())));
    }
    LoginIndex::new(app).entries(stated)
}

/// Parses assignments as a shell does.
fn dotenv(text: &str) -> Result<Vec<ParsedPassword>> {
    let mut words = shlex::Shlex::new(text);
    let (mut all, mut began) = (vec![], 1);
    // Parsing each line separately would break values that contain line breaks.
    while let Some(word) = words.next() {
        // The break at a line's end is read with its last word.
        let line = began.max(words.line_no - 1);
        began = words.line_no;
        if word == "export" {
            continue;
        }
        let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_variable(name)) else {
            return Err(Error::usage(format!("near line {line}: not of the form NAME=value"))
                .hint("put values with spaces or quotes in single quotes"));
        };
        all.push(ParsedPassword {
            name: name.to_owned(),
            of: PasswordTarget::Variable,
            password: value.into(),
        });
    }
    if words.had_error {
        return Err(Error::usage("unterminated quote"));
    }
    Ok(all)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[derive(Deserialize)]
struct JsonFile {
    format_version: u32,
    project: String,
    environment: String,
    entries: Vec<JsonEntry>,
}

#[derive(Deserialize)]
struct JsonEntry {
    service: String,
    role: String,
    login: String,
    in_use: bool,
    password: SecretString,
}

fn json(app: &App, text: &str) -> Result<Vec<ParsedPassword>> {
    let file: JsonFile = serde_json::from_str(text).map_err(|error| {
        // The parser's message may quote the text.
        Error::usage(format!(
            "line {}, column {}: not in the format of `secrets export --format json`",
            error.line(),
            error.column()
        ))
    })?;
    if file.format_version != VERSION {
        return Err(Error::usage(format!(
            "its format_version is {}, this martydb reads {VERSION}",
            file.format_version
        )));
    }
    belongs_here(app, &file.project, &file.environment)?;
    let stated = |entry: JsonEntry| ParsedPassword {
        name: format!("{} of service {}", entry.login, entry.service),
        of: PasswordTarget::Login {
            login: entry.login,
            service: Some(entry.service),
            role: Some(entry.role),
            in_use: entry.in_use,
        },
        password: entry.password,
    };
    Ok(file.entries.into_iter().map(stated).collect())
}

/// Refuses files of another project or environment: development's passwords in production's store would lock every
/// service out.
fn belongs_here(app: &App, project: &str, environment: &str) -> Result<()> {
    let here = (app.manifest.project.as_str(), app.manifest.env.as_str());
    if (project, environment) == here {
        return Ok(());
    }
    Err(Error::usage(format!(
        "it contains passwords of project \"{project}\", environment \"{environment}\""
    ))
    .cause(format!("this is project \"{}\", environment \"{}\"", here.0, here.1))
    .hint("choose the environment with --env"))
}

/// A resource as `kubectl get secret -o yaml` or `-o json` prints it, or `secrets export` writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    kind: String,
    #[serde(default)]
    metadata: ResourceName,
    #[serde(default)]
    data: BTreeMap<String, SecretString>,
    #[serde(default)]
    string_data: BTreeMap<String, SecretString>,
    #[serde(default)]
    items: Vec<Resource>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ResourceName {
    name: String,
    annotations: BTreeMap<String, String>,
}

fn kubernetes(app: &App, text: &str) -> Result<Vec<ParsedPassword>> {
    let mut all = vec![];
    for document in serde_yaml::Deserializer::from_str(text) {
        let resource = Option::<Resource>::deserialize(document).map_err(|error| {
            let at = error.location().map_or_else(String::new, |at| format!("line {}: ", at.line()));
            Error::usage(format!("{at}not a Secret in the format of kubectl"))
        })?;
        for secret in resource.into_iter().flat_map(secrets) {
            // Digests of callers' keys are not passwords of a login.
            if secret.metadata.name == CALLER_KEYS {
                app.out.note(&format!(
                    "the keys of callers in {CALLER_KEYS} are not imported: make new ones with `martydb serve key new CALLER`"
                ));
                continue;
            }
            all.push(stated(app, &secret)?);
        }
    }
    Ok(all)
}

fn secrets(resource: Resource) -> Vec<Resource> {
    if resource.kind.ends_with("List") { resource.items } else { vec![resource] }
}

fn stated(app: &App, secret: &Resource) -> Result<ParsedPassword> {
    let name = &secret.metadata.name;
    let value = |key: &str| match (secret.string_data.get(key), secret.data.get(key)) {
        (Some(text), _) => Some(text.clone()),
        (None, data) => {
            let bytes = STANDARD.decode(data?.expose_secret()).ok()?;
            Some(SecretString::from(String::from_utf8(bytes).ok()?))
        }
    };
    let pair = |user: &str, password: &str| Some((value(user)?.expose_secret().to_owned(), value(password)?));
    let redis = || {
        let (user, password) = pair("REDIS_USERNAME", "REDIS_PASSWORD")?;
        Some((CredentialKey::redis_entry(&user), password))
    };
    let Some((login, password)) = pair("PGUSER", "PGPASSWORD").or_else(redis) else {
        let lacks = "neither PGUSER and PGPASSWORD nor REDIS_USERNAME and REDIS_PASSWORD";
        return Err(Error::usage(format!("the {} \"{name}\" has {lacks}", secret.kind)).hint(
            "choose the Secrets with: kubectl get secret -l app.kubernetes.io/managed-by=martydb -o yaml",
        ));
    };
    let [project, environment, service, role] =
        ANNOTATIONS.map(|key| secret.metadata.annotations.get(key).cloned());
    if let (Some(project), Some(environment)) = (project, environment) {
        belongs_here(app, &project, &environment)?;
    }
    let of = PasswordTarget::Login { login, service, role, in_use: true };
    Ok(ParsedPassword { name: format!("Secret {name}"), of, password })
}

/// Index of the manifest's logins by their names in files.
struct LoginIndex {
    keys: Vec<CredentialKey>,
    /// Each with the index of its key; `true` for the alternate login's.
    variables: Vec<(String, usize, bool)>,
}

impl LoginIndex {
    fn new(app: &App) -> LoginIndex {
        let keys = super::keys::all(app);
        let names = |(at, key): (usize, &CredentialKey)| {
            [false, true].map(|alternate| (app.store.variable_of(key, alternate), at, alternate))
        };
        let variables = keys.iter().enumerate().flat_map(names).collect();
        LoginIndex { keys, variables }
    }

    fn entries(&self, stated: Vec<ParsedPassword>) -> Result<Vec<StoredEntries>> {
        let mut found: BTreeMap<usize, Vec<StoredLogin>> = BTreeMap::new();
        let mut unknown = vec![];
        for one in stated {
            match self.find(&one) {
                Some((at, login, in_use)) => {
                    let password = usable(&self.keys[at], &one)?;
                    found.entry(at).or_default().push(StoredLogin { login, in_use, password });
                }
                None => unknown.push(one.name),
            }
        }
        if !unknown.is_empty() {
            let error = Error::usage("these names match no login of the manifest, nothing was touched");
            return Err(unknown.into_iter().fold(error, Error::cause).hint(self.example()));
        }
        found.into_iter().map(|(at, logins)| entries(&self.keys[at], logins)).collect()
    }

    /// Returns the key, the login and `true` if clients use it, if the name matches exactly one.
    fn find(&self, one: &ParsedPassword) -> Option<(usize, RoleName, bool)> {
        let mut matching: Vec<(usize, RoleName, bool)> = match &one.of {
            PasswordTarget::Variable => {
                let named = self.variables.iter().filter(|(name, ..)| *name == one.name);
                named
                    .filter_map(|(_, at, alternate)| Some((*at, self.login(*at, *alternate)?, false)))
                    .collect()
            }
            PasswordTarget::Login { login, service, role, in_use } => {
                let wanted = |at: &usize| {
                    let key = &self.keys[*at];
                    service.as_ref().is_none_or(|service| key.service.as_str() == service)
                        && role.as_ref().is_none_or(|role| key.label == *role)
                };
                let named = (0..self.keys.len()).filter(wanted);
                let logins = named.flat_map(|at| [(at, false), (at, true)]);
                let all =
                    logins.filter_map(|(at, alternate)| Some((at, self.login(at, alternate)?, *in_use)));
                all.filter(|(_, found, _)| found.as_str() == login).collect()
            }
        };
        if matching.len() == 1 { matching.pop() } else { None }
    }

    fn login(&self, at: usize, alternate: bool) -> Option<RoleName> {
        let role = &self.keys[at].role;
        if alternate { alternate_of(role) } else { Some(role.clone()) }
    }

    fn example(&self) -> String {
        let names = self.variables.iter().filter(|(.., alternate)| !alternate).take(3);
        let names: Vec<_> = names.map(|(name, ..)| name.as_str()).collect();
        format!(
            "names of variables are {} and so on; other files contain the manifest's services and roles",
            names.join(", ")
        )
    }
}

/// Refuses a password that the store would misinterpret.
fn usable(key: &CredentialKey, one: &ParsedPassword) -> Result<SecretString> {
    let text = one.password.expose_secret();
    let why = match () {
        () if text.is_empty() => "is empty",
        () if text.contains('\0') => "contains a zero byte, which PostgreSQL rejects",
        () if text != text.trim_end_matches(['\r', '\n']) => "ends with a line break",
        // A line break would begin another variable in a file of `docker --env-file`, systemd or GitHub's runners.
        () if text.contains(char::is_control) => "contains a control character",
        () if key.refers_to_alternate(&one.password) => "refers to another entry of a store",
        () => return Ok(one.password.clone()),
    };
    Err(Error::usage(format!("the password of {} {why}, nothing was touched", one.name)))
}

/// Without information about the login that clients use, the role's own is used: the store marks that one only while it
/// is in use.
fn entries(key: &CredentialKey, mut logins: Vec<StoredLogin>) -> Result<StoredEntries> {
    logins.sort_by(|one, other| one.login.cmp(&other.login));
    let twice = logins.windows(2).any(|pair| pair[0].login == pair[1].login);
    if twice || logins.iter().filter(|login| login.in_use).count() > 1 {
        return Err(Error::usage(format!(
            "there are two passwords for \"{}\", nothing was touched",
            key.role
        )));
    }
    if !logins.iter().any(|login| login.in_use) {
        // Sorted, the role comes before its alternate.
        logins[0].in_use = true;
    }
    Ok(StoredEntries::new(key.clone(), &logins))
}
