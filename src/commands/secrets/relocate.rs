//! `secrets move`: the whole store, copied to another provider.

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::transferred::Transferred;
use martydb_config::manifest::{Absent, SecretsSpec, default_secrets_path, wrong_in_secrets};
use martydb_config::secrets::{CredentialKey, KeptEntries, PrivateFile, Store};
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_provision::run::Run;
use martydb_ui::report::{Report, Style, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The new provider.
    #[arg(long, value_enum, value_name = "PROVIDER")]
    pub to: ProviderChoice,
    /// With file: its path, as the manifest writes it: below its folder, `{env}` filled in
    /// [default: .martydb/secrets/{env}.yaml].
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// With command: the program that prints the password of `{role}`, such as 'vault kv get -field=password
    /// martydb/{env}/{role}'; split into arguments as a shell does, and run without one.
    #[arg(long, value_name = "COMMAND", required_if_eq("to", "command"))]
    pub get: Option<String>,
    /// With command: the program that reads the password on its standard input.
    #[arg(long, value_name = "COMMAND", required_if_eq("to", "command"))]
    pub set: Option<String>,
    /// With command: how long one call may take [default: 10s].
    #[arg(long, value_name = "TIME")]
    pub timeout: Option<String>,
    /// With command: the exit code with which `get` says that it has no such password; known for vault, sops, pass, aws,
    /// gcloud, az and kubectl.
    #[arg(long, value_name = "CODE")]
    pub absent_exit: Option<i32>,
    /// With command: what `get` says on standard error then.
    #[arg(long, value_name = "TEXT")]
    pub absent_stderr: Option<String>,
    /// Replace passwords that the new store has otherwise.
    #[arg(long)]
    pub replace: bool,
}

/// A provider that martydb can write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProviderChoice {
    /// A YAML file.
    File,
    /// A program, such as vault.
    Command,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<MoveReport> {
    let spec = described(arguments)?;
    if spec == run.manifest.secrets {
        return Err(Error::usage("the passwords are kept there already"));
    }
    let target = Store::described(&spec, &run.manifest, &run.environment);
    if let Store::File { path, .. } = &target
        && let Some(file) = PrivateFile::find(path)?
        && run.store.overlaps(&file)?
    {
        return Err(Error::usage(format!("{} belongs to the present store", path.display()))
            .hint("choose another --path, one that differs in more than what stands after the dot"));
    }
    // No rotation changes the old store meanwhile.
    let _old = run.lock_store().await?;
    let (kept, missing) = kept(run).await?;
    let held = target.lock(run.lock_wait).await?;
    let receipts = held.receive(&kept, arguments.replace).await?;
    let block = block(&spec);
    let manifest = run.manifest.path.display().to_string();
    Ok(MoveReport { entries: Transferred::all(&kept, receipts), missing, secrets: spec, block, manifest })
}

/// What the options say, checked like the manifest.
fn described(arguments: &Arguments) -> Result<SecretsSpec> {
    let Arguments { path, get, set, timeout, absent_exit, absent_stderr, .. } = arguments;
    let command_only =
        [get.is_some(), set.is_some(), timeout.is_some(), absent_exit.is_some(), absent_stderr.is_some()];
    let spec = match arguments.to {
        ProviderChoice::File if command_only.contains(&true) => {
            return Err(Error::usage("--get, --set, --timeout and --absent-… go with --to command"));
        }
        ProviderChoice::Command if path.is_some() => return Err(Error::usage("--path goes with --to file")),
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
        .ok_or_else(|| Error::usage(format!("{option}: a quote is not closed")))
}

/// All entries, and the logins that have none. A service that was renamed and not applied yet has them under its former
/// names.
async fn kept(run: &Run) -> Result<(Vec<KeptEntries>, Vec<String>)> {
    let services = || run.manifest.services.values();
    let keys = super::keys::all(run);
    let former: Vec<CredentialKey> = services().flat_map(CredentialKey::of_former).collect();
    let mut kept = run.store.kept(&keys).await?;
    let lacks = |one: &&KeptEntries| one.logins().is_empty();
    let missing: Vec<String> = kept.iter().filter(lacks).map(|one| one.key.role.to_string()).collect();
    kept.extend(run.store.kept(&former).await?);
    kept.retain(|one| !one.entries.is_empty());
    if kept.is_empty() {
        return Err(Error::operation("nothing to move: the secret store has no password of any login")
            .hint("check that it is the one for this environment"));
    }
    Ok((kept, missing))
}

#[derive(Serialize)]
struct Block<'a> {
    secrets: &'a SecretsSpec,
}

/// As the manifest takes it, where `$` begins a variable.
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
            "The old store is as it was. Now replace what {} says under secrets:, for this environment or for all:\n\n{}",
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
