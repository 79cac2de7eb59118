//! `man`: man pages, generated from the types of the command line, one per command.

use std::path::PathBuf;

use clap::{Args, Command};

use martydb_model::error::{Error, Result};
use martydb_model::suggest;
use martydb_os::replace_file::unwritable;
use martydb_ui::report::Document;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Command whose page to print; default: the overview.
    #[arg(conflicts_with = "out")]
    pub command: Vec<String>,
    /// Write the pages of all commands into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

/// Returns the page in roff, or with a folder the files that were written.
///
/// # Errors
/// If there is no such command, or the folder cannot be written.
pub(crate) fn run(command: Command, arguments: &Arguments) -> Result<Document> {
    // The page shows a version, not a build.
    let mut root = command.long_version(env!("CARGO_PKG_VERSION")).disable_help_subcommand(true);
    root.build();
    let Some(folder) = &arguments.out else {
        return Ok(Document(page(find(&root, &arguments.command)?)));
    };
    std::fs::create_dir_all(folder).map_err(unwritable(folder))?;
    let mut written = String::new();
    for command in with_subcommands(&root) {
        let path = folder.join(clap_mangen::Man::new(command.clone()).get_filename());
        std::fs::write(&path, page(command)).map_err(unwritable(&path))?;
        written += &format!("{}\n", path.display());
    }
    Ok(Document(written))
}

fn page(command: &Command) -> String {
    let mut bytes = vec![];
    // Writing to memory cannot fail.
    let _written = clap_mangen::Man::new(command.clone()).render(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn with_subcommands(command: &Command) -> Vec<&Command> {
    std::iter::once(command).chain(command.get_subcommands().flat_map(with_subcommands)).collect()
}

fn find<'a>(root: &'a Command, words: &[String]) -> Result<&'a Command> {
    words.iter().try_fold(root, |command, word| {
        command.find_subcommand(word).ok_or_else(|| {
            let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            let hint = match names[..] {
                [] => format!("\"{}\" has no commands of its own", command.get_name()),
                _ => suggest::hint(word, "commands", &names),
            };
            Error::usage(format!("unknown command \"{word}\"")).hint(hint)
        })
    })
}
