//! Arguments of `revision`.

use std::path::PathBuf;

use clap::Args;

use martydb_ui::flags::OneService;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub service: OneService,
    /// Description, from which the file name is derived.
    #[arg(short, long, value_name = "TEXT", required_unless_present_any = ["from", "collection"])]
    pub message: Option<String>,
    /// Derive the version from the time, in UTC.
    ///
    /// An example is 20261121141500.
    #[arg(long)]
    pub timestamp: bool,
    /// Template: blank, collection, outbox, outbox-daily, inbox, partitioned-range, partitioned-hash, search, or your templates/NAME.sql.
    #[arg(long, value_name = "NAME", default_value = "blank", conflicts_with = "from")]
    pub template: String,
    /// Write a collection of documents, by a YAML schema.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "template"])]
    pub collection: Option<PathBuf>,
    /// Write the difference to a schema: a file or folder of SQL, or `database`, this environment's.
    #[arg(long, value_name = "SCHEMA")]
    pub from: Option<String>,
    /// Renamed object, OLD:NEW or TABLE.OLD:NEW; repeatable.
    #[arg(long, value_name = "OLD:NEW", requires = "from")]
    pub rename: Vec<String>,
    /// Do not comment out what loses rows or changes values.
    #[arg(long, requires = "from")]
    pub with_drops: bool,
    /// Try changed types on the rows of this database.
    ///
    /// It is one of the same server, such as a restored backup.
    #[arg(long, value_name = "DATABASE", requires = "from")]
    pub sample: Option<String>,
    /// Write one migration, whatever its locks.
    #[arg(long, requires = "from")]
    pub simple: bool,
    /// Show the files without writing them.
    #[arg(long, requires = "from")]
    pub dry_run: bool,
}
