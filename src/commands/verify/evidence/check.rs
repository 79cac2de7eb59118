//! `evidence verify`: compares a statement with its signature and with the manifest of today.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::ssh::{refusal, signature_of};
use super::statement::{PREDICATE, STATEMENT, subjects};
use crate::app::App;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_os::read_named;
use martydb_ui::report::{Report, Style, printable, wrapped};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The statement; its signature is FILE.sig.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Keys and their identities, in the format of ssh-keygen (ALLOWED SIGNERS).
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: PathBuf,
    /// Identity that must have signed.
    #[arg(long, value_name = "WHO")]
    pub identity: String,
}

/// Result of the check.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    file: String,
    identity: String,
    valid: bool,
    /// Reasons why it is not valid.
    reasons: Vec<String>,
    /// The statement; `null` if the signature does not hold.
    statement: Option<Value>,
}

/// # Errors
/// If a file cannot be read, or `ssh-keygen` cannot be run.
pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<Checked> {
    let bytes = read(&arguments.file)?;
    read(&arguments.allowed_signers)?;
    let (reasons, statement) = match signed(app, arguments, bytes).await? {
        Err(reason) => (vec![reason], None),
        Ok(statement) => (differences(app, &statement), Some(statement)),
    };
    let file = arguments.file.display().to_string();
    let identity = arguments.identity.clone();
    Ok(Checked { file, identity, valid: reasons.is_empty(), reasons, statement })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    read_named(path).map_err(|error| Error::usage(format!("cannot read {}", path.display())).cause(error))
}

/// Returns the statement if the identity has signed exactly these bytes, else the reason.
async fn signed(
    app: &App,
    arguments: &Arguments,
    bytes: Vec<u8>,
) -> Result<std::result::Result<Value, String>> {
    let signature = signature_of(&arguments.file);
    if !signature.is_file() {
        return Ok(Err(format!("it is not signed: there is no {}", signature.display())));
    }
    let Ok(text) = String::from_utf8(bytes) else { return Ok(Err("it is not UTF-8".into())) };
    let refused = refusal(app, &text, &signature, &arguments.allowed_signers, &arguments.identity).await?;
    if let Some(why) = refused {
        return Ok(Err(format!("the signature of {} does not hold: {why}", arguments.identity)));
    }
    let statement: Option<Value> = serde_json::from_str(&text).ok();
    let is_known = |value: &Value| {
        (value["_type"].as_str(), value["predicateType"].as_str()) == (Some(STATEMENT), Some(PREDICATE))
    };
    Ok(statement.filter(is_known).ok_or_else(|| format!("it is no statement of {PREDICATE}")))
}

/// Compares the statement with the manifest of today.
fn differences(app: &App, statement: &Value) -> Vec<String> {
    let (manifest, predicate) = (&app.manifest, &statement["predicate"]);
    let own = [("project", &manifest.project), ("environment", &manifest.env)];
    let of_another = own.iter().filter(|(key, value)| predicate[key].as_str() != Some(value));
    let mut reasons: Vec<String> = of_another
        .map(|(key, value)| {
            format!("it is about {key} {}, and the manifest's is {value}", text(&predicate[key]))
        })
        .collect();
    let (then, now) = (&statement["subject"], subjects(manifest));
    let (then, now) =
        (then.as_array().map_or(&[][..], Vec::as_slice), now.as_array().cloned().unwrap_or_default());
    let differs = |one: &&Value| !then.contains(one);
    reasons.extend(
        now.iter().filter(differs).map(|one| format!("{} is not the proven one", text(&one["name"]))),
    );
    let is_gone = |one: &&Value| now.iter().all(|today| today["name"] != one["name"]);
    reasons.extend(
        then.iter()
            .filter(is_gone)
            .map(|one| format!("{} is no longer part of the manifest", text(&one["name"]))),
    );
    reasons
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("(nothing)")
}

impl Report for Checked {
    fn text(&self, style: &Style) -> String {
        let Some(statement) = self.statement.as_ref().filter(|_| self.valid) else {
            let line = |reason: &String| wrapped(&printable(&format!("not valid: {reason}")), "  ", style);
            return self.reasons.iter().map(line).collect();
        };
        let predicate = &statement["predicate"];
        let count = |key: &str| predicate[key].as_array().map_or(0, Vec::len);
        let summary = &predicate["summary"];
        let line = format!(
            "valid: signed by {}, made at {}: {} servers, {} services, {} probes, {} breaches, {} inconclusive, {} findings, {} accepted; exit code {}",
            self.identity,
            text(&predicate["made_at"]),
            count("servers"),
            summary["services"],
            summary["probes"],
            summary["breaches"],
            summary["inconclusive"],
            count("findings"),
            count("accepted"),
            predicate["exit_code"]
        );
        wrapped(&printable(&line), "  ", style)
    }

    fn status(&self) -> ExitStatus {
        if self.valid { ExitStatus::Success } else { ExitStatus::Differences }
    }
}
