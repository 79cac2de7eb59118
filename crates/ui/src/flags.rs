//! Flags shared by several commands. Separate from `cli`, so that commands depend only on these.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

use martydb_model::{Label, ServiceFilter};

/// Flags of every command. The command line makes them global, and shows them in its own long help only.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Manifest, or its folder [default: martydb.yaml or services/manifest.yaml, here or above].
    #[arg(short = 'f', long, env = "MARTYDB_MANIFEST", value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Environment, with its overlay beside the manifest, such as martydb.testing.yaml.
    #[arg(short, long, env = "MARTYDB_ENV", default_value = "development")]
    pub env: String,
    /// Output format.
    #[arg(short, long, env = "MARTYDB_OUTPUT", value_enum, default_value = "table", value_name = "FORMAT")]
    pub output: Format,
    /// Maximum number of parallel services [default: the number of cores, at least 4; for reads more].
    #[arg(short, long, env = "MARTYDB_JOBS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Use of colour [default: auto; NO_COLOR counts].
    #[arg(long, env = "MARTYDB_COLOR", value_enum, value_name = "WHEN")]
    pub color: Option<When>,
    /// Suppress informational output.
    #[arg(short, long, env = "MARTYDB_QUIET", value_parser = BoolishValueParser::new())]
    pub quiet: bool,
    /// Log actions; -vv logs every statement, secrets redacted.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Answer yes to questions.
    #[arg(short, long, env = "MARTYDB_YES", value_parser = BoolishValueParser::new())]
    pub yes: bool,
    /// Never prompt: fail instead.
    #[arg(long, env = "MARTYDB_NO_INPUT", value_parser = BoolishValueParser::new())]
    pub no_input: bool,
    /// Format of messages: json prints one object per line, and progress even without -v.
    #[arg(long, env = "MARTYDB_LOG_FORMAT", value_enum, default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Print long results without a pager; MARTYDB_PAGER or PAGER names the pager.
    #[arg(long, env = "MARTYDB_NO_PAGER", value_parser = BoolishValueParser::new())]
    pub no_pager: bool,
    /// Timeout for another run's lock.
    #[arg(long, env = "MARTYDB_LOCK_WAIT", default_value = "60s", value_parser = duration, value_name = "TIME")]
    pub lock_wait: std::time::Duration,
    /// Time for a server to answer a login; one that does not answer costs it once.
    #[arg(long, env = "MARTYDB_CONNECT_TIMEOUT", default_value = "15s", value_parser = answer_time, value_name = "TIME")]
    pub connect_timeout: std::time::Duration,
}

fn answer_time(text: &str) -> Result<std::time::Duration, String> {
    duration(text)
        .and_then(|time| if time.is_zero() { Err("it must be more than 0".into()) } else { Ok(time) })
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    martydb_model::units::duration(text).ok_or_else(|| "expected a time such as 60s or 2m".into())
}

/// Format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[value(alias = "text")]
    Table,
    /// One JSON document.
    Json,
    /// The same document as YAML.
    Yaml,
    /// The main table with a header, for spreadsheets.
    Csv,
    /// Only the names, one per line, for scripts.
    Name,
}

/// Format of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Use of colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Selection of services: positional names and `--service` are equivalent.
#[derive(Debug, Clone, Default, Args)]
pub struct Select {
    /// Services, separated by spaces or commas; also -s NAME.
    #[arg(value_name = "SERVICE", value_delimiter = ',')]
    plain: Vec<String>,
    /// Service; may be repeated, or list several names separated by commas.
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', hide_short_help = true)]
    service: Vec<String>,
    /// Services on this server; several widen the choice.
    #[arg(long, value_name = "NAME", value_delimiter = ',', hide_short_help = true)]
    server: Vec<String>,
    /// Services with this label; several values of a key widen the choice, different keys narrow it.
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', hide_short_help = true)]
    label: Vec<Label>,
    /// All services of the manifest.
    #[arg(long, conflicts_with_all = ["service", "plain"])]
    pub all: bool,
}

impl Select {
    /// Selects one service.
    pub fn of(name: &str) -> Select {
        Select { plain: vec![name.to_owned()], ..Select::default() }
    }

    /// Returns the named services, in the order of the command line, positional names first.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.plain.iter().chain(&self.service).map(String::as_str)
    }

    pub fn names_none(&self) -> bool {
        self.plain.is_empty() && self.service.is_empty()
    }

    /// Returns the conditions on the services.
    pub fn filter(&self) -> ServiceFilter<'_> {
        ServiceFilter { servers: &self.server, labels: &self.label }
    }

    /// Returns `true` if it neither names services nor sets a condition.
    pub fn is_open(&self) -> bool {
        self.names_none() && self.server.is_empty() && self.label.is_empty()
    }
}

/// The only service of a command: a positional name or `--service`; on a terminal it may be chosen from a list.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub struct OneService {
    /// The service; also -s NAME.
    #[arg(value_name = "SERVICE")]
    plain: Option<String>,
    /// The service.
    #[arg(short, long, value_name = "NAME", hide_short_help = true)]
    service: Option<String>,
}

impl OneService {
    pub fn new(name: &str) -> OneService {
        OneService { plain: Some(name.to_owned()), service: None }
    }

    /// Names a service, or none.
    pub fn maybe(name: Option<&str>) -> OneService {
        OneService { plain: name.map(str::to_owned), service: None }
    }

    pub fn name(&self) -> Option<&str> {
        self.plain.as_deref().or(self.service.as_deref())
    }
}
