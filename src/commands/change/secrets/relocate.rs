//! `secrets move`: copies the whole store to another provider.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::transferred::Transferred;
use crate::app::App;
use martydb_manifest::{Absent, SecretsSpec, default_secrets_path, wrong_in_secrets};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_secrets::{CredentialKey, PrivateFile, Store, StoredEntries};
use martydb_ui::report::{Report, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    /// New provider.
    #[arg(long, value_enum, value_name = "PROVIDER")]
    pub to: ProviderChoice,
    /// With file: its path, as in the manifest, relative to its folder and with `{env}` replaced [default:
    /// .martydb/secrets/{env}.yaml].
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// With command: program that prints the password of `{role}`, such as 'vault kv get -field=password
    /// martydb/{env}/{role}'; split into arguments as a shell does, but run without a shell.
    #[arg(long, value_name = "COMMAND", required_if_eq("to", "command"))]
    pub get: Option<String>,
    /// With command: program that reads the password on its standard input.
    #[arg(long, value_name = "COMMAND", required_if_eq("to", "command"))]
    pub set: Option<String>,
    /// With command: timeout of one call [default: 10s].
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// With command: exit code of `get` for a missing password; known for vault, sops, pass, aws, gcloud, az and
    /// kubectl.
    #[arg(long, value_name = "CODE")]
    pub absent_exit: Option<i32>,
    /// With command: text on standard error of `get` for a missing password.
    #[arg(long, value_name = "TEXT")]
    pub absent_stderr: Option<String>,
    /// Replace passwords that differ in the new store.
    #[arg(long)]
    pub replace: bool,
}

/// Provider that martydb can write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderChoice {
    /// YAML file.
    File,
    /// Program, such as vault.
    Command,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<MoveReport> {
    let spec = described(arguments)?;
    if spec == app.manifest.secrets {
        return Err(Error::usage("the passwords are already kept there"));
    }
    let target = Store::described(&spec, &app.manifest, &app.environment);
    if let Store::File { path, .. } = &target
        && let Some(file) = PrivateFile::find(path)?
        && app.store.overlaps(&file)?
    {
        return Err(Error::usage(format!("{} belongs to the current store", path.display()))
            .hint("choose another --path, which differs in more than the extension"));
    }
    // The lock prevents a rotation from changing the old store.
    let _old = app.lock_store().await?;
    let (kept, missing) = kept(app).await?;
    let held = target.lock(app.lock_wait).await?;
    let receipts = held.receive(&kept, arguments.replace).await?;
    let block = block(&spec);
    let manifest = app.manifest.path.display().to_string();
    Ok(MoveReport { entries: Transferred::all(&kept, receipts), missing, secrets: spec, block, manifest })
}

/// Returns the new store of the options, checked like the manifest.
fn described(arguments: &Arguments) -> Result<SecretsSpec> {
    let Arguments { path, get, set, timeout, absent_exit, absent_stderr, .. } = arguments;
    let command_only =
        [get.is_some(), set.is_some(), timeout.is_some(), absent_exit.is_some(), absent_stderr.is_some()];
    let spec = match arguments.to {
        ProviderChoice::File if command_only.contains(&true) => {
            return Err(Error::usage("--get, --set, --timeout and --absent-… require --to command"));
        }
        ProviderChoice::Command if path.is_some() => return Err(Error::usage("--path requires --to file")),
        ProviderChoice::File => SecretsSpec::File { path: path.clone().unwrap_or_else(default_secrets_path) },
        ProviderChoice::Command => {
            let absent = Absent { exit: *absent_exit, stderr: absent_stderr.clone() };
            SecretsSpec::Command {
                get: words("--get", get.as_deref())?,
                set: Some(words("--set", set.as_deref())?),
                timeout: timeout.clone().unwrap_or_else(|| "10s".into()),
                absent: Some(absent).filter(|absent| *absent != Absent::default()),
            }
        }
    };
    match wrong_in_secrets(&spec) {
        None => Ok(spec),
        Some((key, message, hint)) => {
            let option =
                if key == "absent" { "--absent-exit and --absent-stderr".into() } else { format!("--{key}") };
            Err(Error::usage(format!("{option}: {message}"))
                .hint_if(Some(hint).filter(|hint| !hint.is_empty())))
        }
    }
}

fn words(option: &str, command: Option<&str>) -> Result<Vec<String>> {
    shlex::split(command.unwrap_or_default())
        .ok_or_else(|| Error::usage(format!("{option}: unterminated quote")))
}

/// Returns all entries, and the logins without one. A service that was renamed but not applied yet has its entries
/// under the former names.
async fn kept(app: &App) -> Result<(Vec<StoredEntries>, Vec<String>)> {
    let services = || app.manifest.services.values();
    let keys = super::keys::all(app);
    let former: Vec<CredentialKey> = services().flat_map(CredentialKey::of_former).collect();
    let mut kept = app.store.kept(&keys).await?;
    let lacks = |one: &&StoredEntries| one.logins().is_empty();
    let missing: Vec<String> = kept.iter().filter(lacks).map(|one| one.key.role.to_string()).collect();
    kept.extend(app.store.kept(&former).await?);
    kept.retain(|one| !one.entries.is_empty());
    if kept.is_empty() {
        return Err(Error::operation("nothing to move: the secret store contains no password of a login")
            .hint("check that it is the store of this environment"));
    }
    Ok((kept, missing))
}

#[derive(Serialize)]
struct Block<'a> {
    secrets: &'a SecretsSpec,
}

/// Returns the YAML of the manifest, where `$` begins a variable.
fn block(spec: &SecretsSpec) -> String {
    serde_yaml::to_string(&Block { secrets: spec }).expect("plain data is YAML").replace('$', "$$")
}

#[derive(Serialize)]
pub struct MoveReport {
    entries: Vec<Transferred>,
    /// Logins without a password in the old store.
    missing: Vec<String>,
    secrets: SecretsSpec,
    #[serde(skip)]
    block: String,
    #[serde(skip)]
    manifest: String,
}

impl Report for MoveReport {
    fn text(&self, _: &Style) -> String {
        let mut text = Transferred::summary(&self.entries) + "\n";
        if !self.missing.is_empty() {
            let names = printable(&self.missing.join(", "));
            text += &format!("The old store has no password for {names}.\n");
        }
        if self.status() != ExitStatus::Success {
            return text;
        }
        text + &format!(
            "The old store is unchanged. Now replace `secrets:` in {}, for this environment or for all:\n\n{}",
            printable(&self.manifest),
            self.block
        )
    }

    fn messages(&self, style: &Style) -> String {
        Transferred::failures(&self.entries, style)
    }

    fn status(&self) -> ExitStatus {
        Transferred::worst(&self.entries)
    }
}
