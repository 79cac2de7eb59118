//! Results of a check as workflow commands of GitHub, one per line, which it shows beside the lines of a pull request.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::flags::Format;
use crate::report::printable;
use martydb_model::environment::Environment;
use martydb_model::error::Error;

/// Output format of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// Text.
    Table,
    /// One JSON document.
    Json,
    /// GitHub workflow annotations.
    Github,
}

impl CheckFormat {
    /// Returns the format for the printer: annotations are text.
    pub fn printed(self) -> Format {
        match self {
            CheckFormat::Json => Format::Json,
            CheckFormat::Table | CheckFormat::Github => Format::Table,
        }
    }
}

/// Severity of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Error,
    Notice,
}

/// One annotation. Lines and columns count from 1.
#[derive(Debug, Clone)]
pub struct Annotation<'a> {
    pub level: Level,
    pub file: Option<&'a Path>,
    pub place: Option<(usize, usize)>,
    pub title: &'a str,
    /// Message of one or more lines.
    pub message: String,
}

/// Base folder of paths in annotations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    here: PathBuf,
    root: PathBuf,
}

impl Checkout {
    /// Returns the root of the workflow's checkout; the current folder outside of a workflow, or where that root is
    /// missing, as in a container that the workflow started.
    pub fn from_environment(environment: &Environment) -> Checkout {
        let here = std::env::current_dir().unwrap_or_default();
        Checkout::seen_from(here, environment.get("GITHUB_WORKSPACE").map(PathBuf::from))
    }

    fn seen_from(here: PathBuf, workspace: Option<PathBuf>) -> Checkout {
        let around = workspace.filter(|root| root.is_absolute() && here.starts_with(root));
        Checkout { root: around.unwrap_or_else(|| here.clone()), here }
    }

    fn relative(&self, file: &Path) -> PathBuf {
        let whole = self.here.join(file);
        whole.strip_prefix(&self.root).map(Path::to_owned).unwrap_or(whole)
    }

    /// Returns the path from the root as a relative URI (RFC 3986).
    pub fn uri(&self, file: &Path) -> String {
        let path = self.relative(file);
        let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
        let encoded = path.as_os_str().as_encoded_bytes().iter().map(|byte| match unreserved(byte) {
            true => char::from(*byte).to_string(),
            false => format!("%{byte:02X}"),
        });
        encoded.collect()
    }

    /// Returns the workflow command on one line, whatever its parts contain.
    pub fn line(&self, annotation: &Annotation<'_>) -> String {
        let level = match annotation.level {
            Level::Error => "error",
            Level::Notice => "notice",
        };
        let mut properties = vec![];
        if let Some(file) = annotation.file {
            properties.push(format!("file={}", property(&self.relative(file).display().to_string())));
        }
        if let Some((line, column)) = annotation.place {
            properties.push(format!("line={line},col={column}"));
        }
        properties.push(format!("title={}", property(annotation.title)));
        format!("::{level} {}::{}\n", properties.join(","), data(&annotation.message))
    }

    /// Returns the annotations of an error that stopped the check; a cause that begins with a position is an annotation
    /// there.
    pub fn of_error(&self, error: &Error) -> String {
        let placed: Vec<_> = error.causes.iter().filter_map(|cause| place(cause)).collect();
        let hints = error.hints.iter().map(|hint| format!("\nhint: {hint}")).collect::<String>();
        let one = |file, place, message: &str| {
            let message = format!("{message}{hints}");
            self.line(&Annotation { level: Level::Error, file, place, title: "martydb", message })
        };
        match place(&error.message) {
            Some((file, at, what)) => {
                one(Some(file), Some(at), &Error { message: what.into(), ..error.clone() }.to_string())
            }
            None if placed.is_empty() => one(None, None, &error.to_string()),
            None => placed.into_iter().map(|(file, at, what)| one(Some(file), Some(at), what)).collect(),
        }
    }
}

/// Parses `file:line:column: message`, the format of martydb.
fn place(text: &str) -> Option<(&Path, (usize, usize), &str)> {
    let (head, what) = text.split_once(": ")?;
    let mut parts = head.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((Path::new(parts.next()?), (line, column), what))
}

/// Escapes a message: the runner ends a command at the end of its line, and decodes these three characters.
fn data(text: &str) -> String {
    let lines = text.trim_end().split('\n');
    lines.map(|line| printable(line).replace('%', "%25")).collect::<Vec<_>>().join("%0A")
}

/// Escapes a property, which a comma or colon ends too.
fn property(text: &str) -> String {
    text.chars().fold(String::new(), |out, c| match c {
        '%' => out + "%25",
        '\r' => out + "%0D",
        '\n' => out + "%0A",
        ':' => out + "%3A",
        ',' => out + "%2C",
        c => out + &printable(c.encode_utf8(&mut [0; 4])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(file: &str, message: &str) -> String {
        let annotation = Annotation {
            level: Level::Error,
            file: Some(Path::new(file)),
            place: Some((3, 7)),
            title: "ban-drop-table",
            message: message.into(),
        };
        Checkout::default().line(&annotation)
    }

    #[test]
    fn no_file_name_and_no_message_begins_another_command() {
        assert_eq!(
            at("a/V1__x.sql", "do not\nhint: 100%"),
            "::error file=a/V1__x.sql,line=3,col=7,title=ban-drop-table::do not%0Ahint: 100%25\n"
        );
        let hostile = "x,line=1::\r\n::stop-commands::z%0A\u{1b}[31m";
        let text = at(hostile, hostile);
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(!text.contains(['\r', '\u{1b}']), "{text}");
        let (head, _) = text[2..].split_once("::").unwrap();
        let expected = "x%2Cline=1%3A%3A%0D%0A%3A%3Astop-commands%3A%3Az%250A";
        assert!(head.starts_with(&format!("error file={expected}")), "{head}");
    }

    #[test]
    fn paths_count_from_the_root_of_the_checkout() {
        let shown = |here: &str, workspace: Option<&str>, file: &str| {
            let checkout = Checkout::seen_from(here.into(), workspace.map(PathBuf::from));
            checkout.relative(Path::new(file)).display().to_string()
        };
        let root = Some("/work/repo");
        assert_eq!(shown("/work/repo/db", root, "/work/repo/db/a.sql"), "db/a.sql");
        assert_eq!(shown("/work/repo/db", root, "a.sql"), "db/a.sql");
        assert_eq!(shown("/w", root, "/w/a.sql"), "a.sql");
        assert_eq!(shown("/w", None, "/elsewhere/a.sql"), "/elsewhere/a.sql");
        assert_eq!(shown("/w", Some(""), "a.sql"), "a.sql");
    }

    #[test]
    fn an_error_is_shown_where_its_causes_are() {
        let error =
            Error::usage("a: 2 files are invalid").cause("a/V1.sql:2:5: no").cause("b: 3").hint("mend it");
        let checkout = Checkout::seen_from("/work/db".into(), Some("/work".into()));
        assert_eq!(
            checkout.of_error(&error),
            "::error file=db/a/V1.sql,line=2,col=5,title=martydb::no%0Ahint: mend it\n"
        );
        let error = Error::manifest("martydb.yaml:7:3: unknown key").cause("it is new");
        assert_eq!(
            checkout.of_error(&error),
            "::error file=db/martydb.yaml,line=7,col=3,title=martydb::unknown key: it is new\n"
        );
        let error = Error::manifest("no manifest").hint("martydb init");
        assert_eq!(checkout.of_error(&error), "::error title=martydb::no manifest%0Ahint: martydb init\n");
    }
}
