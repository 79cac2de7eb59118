//! `secrets import`: imports passwords from a file into the present store.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use super::import_file::{self, ImportFormat};
use super::transferred::Transferred;
use crate::app::App;
use martydb_model::error::{Error, ExitStatus, Result};
use martydb_secrets::PrivateFile;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Format of the file.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub from: ImportFormat,
    /// File to read, which other users must not be able to read; `-` is standard input.
    pub file: PathBuf,
    /// Replace passwords that differ in the store; those on the servers are unchanged.
    #[arg(long)]
    pub replace: bool,
}

/// Maximum size of standard input, in bytes; a file of passwords is far smaller.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<SecretsImportReport> {
    app.store.check_writable()?;
    let text = read(&arguments.file)?;
    let incoming = import_file::read(app, arguments.from, &text, &arguments.file)?;
    let held = app.lock_store().await?;
    let receipts = held.receive(&incoming, arguments.replace).await?;
    Ok(SecretsImportReport { entries: Transferred::all(&incoming, receipts) })
}

fn read(path: &Path) -> Result<SecretString> {
    if path == Path::new("-") {
        let mut text = Zeroizing::new(String::new());
        let read = std::io::stdin().take(MAX_FILE_BYTES).read_to_string(&mut text);
        read.map_err(|error| Error::operation("cannot read standard input").cause(error))?;
        return Ok(SecretString::from(text.as_str()));
    }
    let text = PrivateFile::find(path)?.map(|file| file.read()).transpose()?.flatten();
    text.ok_or_else(|| Error::usage(format!("file {} does not exist", path.display())))
}

#[derive(Serialize)]
pub struct SecretsImportReport {
    entries: Vec<Transferred>,
}

impl Report for SecretsImportReport {
    fn text(&self, _: &Style) -> String {
        let next = "`martydb plan --check-logins` tries them on the servers.";
        format!("{}\n{next}\n", Transferred::summary(&self.entries))
    }

    fn messages(&self, style: &Style) -> String {
        Transferred::failures(&self.entries, style)
    }

    fn status(&self) -> ExitStatus {
        Transferred::worst(&self.entries)
    }
}
