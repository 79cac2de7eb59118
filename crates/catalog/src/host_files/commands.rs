//! Files that the server's account executes or loads because a setting or a cron table names them, and folders to which its
//! commands write. Of a command the first word's file and the words that are absolute paths count; no shell is parsed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use martydb_os::read_plain;

/// Settings that are commands of a shell.
const COMMANDS: &[&str] = &[
    "archive_command", "archive_cleanup_command", "recovery_end_command", "restore_command",
    "ssl_passphrase_command",
];
/// Settings that name libraries or folders with code, and what separates them.
const LISTS: &[(&str, char)] = &[
    ("archive_library", ','),
    ("dynamic_library_path", ':'),
    ("extension_control_path", ':'),
    ("jit_provider", ','),
    ("local_preload_libraries", ','),
    ("oauth_validator_libraries", ','),
    ("session_preload_libraries", ','),
    ("shared_preload_libraries", ','),
];
/// Folders in which a command without a path is found.
const PATH: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Folders of the kernel, which no account can change, and the one below them that holds files in memory.
const KERNEL: &[&str] = &["/dev", "/proc", "/sys"];
const MEMORY: &str = "/dev/shm";
/// Tables of cron with the account in each line.
const CRON: &[&str] = &["/etc/crontab", "/etc/cron.d"];
const CRON_OF_ACCOUNT: &[&str] = &["/var/spool/cron/crontabs", "/var/spool/cron"];

/// A path, and the setting or the cron table that names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NamedPath {
    pub path: PathBuf,
    pub by: String,
}

/// Returns the paths that the settings name.
pub(crate) fn of_settings(settings: &BTreeMap<String, String>) -> Vec<NamedPath> {
    let value = |name: &str| settings.get(name).map_or("", String::as_str);
    let commands =
        COMMANDS.iter().flat_map(|name| of_command(value(name)).into_iter().map(move |path| (*name, path)));
    let lists = LISTS.iter().flat_map(|(name, sign)| {
        let parts = value(name).split(*sign).map(|part| part.trim().trim_matches('"'));
        parts.filter(|part| part.starts_with('/')).map(move |part| (*name, PathBuf::from(part)))
    });
    commands.chain(lists).map(|(name, path)| NamedPath { path, by: format!("the setting {name}") }).collect()
}

fn of_command(command: &str) -> Vec<PathBuf> {
    let words = command.split_whitespace().map(|word| {
        let word = word
            .trim_start_matches(|c: char| "<>&|;(0123456789".contains(c))
            .trim_matches(['"', '\'', ';', ')']);
        word.rsplit_once('=').map_or(word, |(_, value)| value)
    });
    let mut words = words.filter(|word| !word.is_empty());
    let first = words.next();
    let found = first
        .filter(|word| !word.contains('/'))
        .and_then(|word| PATH.iter().map(|folder| Path::new(folder).join(word)).find(|path| path.exists()));
    let absolute = first.into_iter().chain(words).filter(|word| word.starts_with('/'));
    // A placeholder stands for the name of a file in the folder before it.
    let paths = absolute.map(|word| match word.find('%') {
        Some(at) => PathBuf::from(&word[..word[..at].rfind('/').map_or(at, |slash| slash + 1)]),
        None => PathBuf::from(word),
    });
    let is_file =
        |path: &PathBuf| path.starts_with(MEMORY) || !KERNEL.iter().any(|kernel| path.starts_with(kernel));
    found.into_iter().chain(paths).filter(is_file).collect()
}

/// Returns the paths that cron executes for an account of this host, given by its number.
pub(crate) fn of_cron(account: u32) -> Vec<NamedPath> {
    let passwd = read("/etc/passwd".as_ref());
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(account)).then(|| name.to_owned())
    });
    let Some(name) = name else { return vec![] };
    let tables = CRON.iter().map(Path::new).flat_map(|path| match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path.to_owned()],
    });
    let own =
        CRON_OF_ACCOUNT.iter().map(|folder| Path::new(folder).join(&name)).filter(|path| path.is_file());
    let shared = tables.flat_map(|table| of_table(&table, Some(&name)));
    shared.chain(own.flat_map(|table| of_table(&table, None))).collect()
}

/// Returns the paths of one table, itself included; `account` is the one whose lines count, where the lines name one.
fn of_table(table: &Path, account: Option<&str>) -> Vec<NamedPath> {
    let text = read(table);
    let commands = text.lines().filter_map(|line| command_of(line, account));
    let mut all: Vec<PathBuf> = commands.flat_map(of_command).collect();
    if !all.is_empty() {
        all.push(table.to_owned());
    }
    let by = format!("the cron table {}", table.display());
    all.into_iter().map(|path| NamedPath { path, by: by.clone() }).collect()
}

/// Returns the command of a line: behind five fields of time, or a word such as `@daily`, and the account.
fn command_of<'l>(line: &'l str, account: Option<&str>) -> Option<&'l str> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return None;
    }
    let times = if line.starts_with('@') { 1 } else { 5 };
    let mut rest = line;
    for _ in 0..times {
        rest = rest.split_once(char::is_whitespace)?.1.trim_start();
    }
    let Some(account) = account else { return Some(rest) };
    let (user, command) = rest.split_once(char::is_whitespace)?;
    (user == account).then_some(command)
}

/// Returns a file in a folder that every account may read, if it is such a folder and has one.
pub(crate) fn readable_file(folder: &Path) -> Option<PathBuf> {
    const LOOKED_AT: usize = 256;
    let enters = |path: &Path| path.metadata().is_ok_and(|found| found.mode() & 0o001 != 0);
    if !folder.ancestors().all(enters) {
        return None;
    }
    let entries = std::fs::read_dir(folder).ok()?.flatten().take(LOOKED_AT);
    let is_open =
        |path: &PathBuf| path.metadata().is_ok_and(|found| found.is_file() && found.mode() & 0o004 != 0);
    entries.map(|entry| entry.path()).find(is_open)
}

fn read(path: &Path) -> String {
    read_plain(path, Path::new("/"))
        .map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_and_absolute_paths_of_a_command_count() {
        for (command, expected) in [
            ("/opt/backup/archive.sh %p %f", "/opt/backup/archive.sh"),
            (
                "/bin/x ! -f /srv/wal/%f && /opt/cp %p '/srv/wal/%f' 2>/dev/null",
                "/bin/x /srv/wal/ /opt/cp /srv/wal/",
            ),
            ("no-such-program --config=/etc/x.conf archive-push %p", "/etc/x.conf"),
            ("", ""),
        ] {
            let found = of_command(command);
            let shown: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
            assert_eq!(shown.join(" "), expected, "{command}");
        }
        let settings = [
            ("shared_preload_libraries", "pg_cron,\"/srv/x.so\""),
            ("dynamic_library_path", "$libdir:/srv/lib"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let found: Vec<String> =
            of_settings(&settings).into_iter().map(|one| one.path.display().to_string()).collect();
        assert_eq!(found, ["/srv/lib", "/srv/x.so"]);
    }

    #[test]
    fn a_line_of_cron_counts_for_its_account() {
        let line = "*/5 * * * *  postgres  /opt/clean.sh";
        assert_eq!(command_of(line, Some("postgres")), Some(" /opt/clean.sh"));
        assert_eq!(command_of(line, Some("root")), None);
        assert_eq!(command_of("@daily /opt/x", None), Some("/opt/x"));
        assert_eq!(command_of("# 1 2 3 4 5 postgres /opt/x", Some("postgres")), None);
        assert_eq!(command_of("PATH=/bin", Some("postgres")), None);
    }
}
