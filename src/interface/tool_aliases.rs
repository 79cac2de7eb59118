//! The words of other tools, beside the commands of this one.

use martydb_import::tool_aliases::{COMMANDS, OPTIONS};

use super::interface;

#[test]
fn no_word_is_one_of_martydbs_own() {
    let interface = interface();
    let own: Vec<&str> = interface.get_subcommands().map(clap::Command::get_name).collect();
    let mut seen = std::collections::BTreeSet::new();
    for word in COMMANDS.iter().flat_map(|row| row.words) {
        assert!(!own.contains(word) && seen.insert(word), "{word}");
    }
    for row in OPTIONS {
        let known = |command: &clap::Command| -> Vec<String> {
            command.get_arguments().filter_map(|one| Some(format!("--{}", one.get_long()?))).collect()
        };
        let commands = interface.get_subcommands().filter(|one| one.get_name() == row.command);
        let all: Vec<String> = commands.flat_map(known).chain(known(&interface)).collect();
        assert!(row.command.is_empty() || own.contains(&row.command), "{}", row.command);
        assert!(row.words.iter().all(|word| !all.iter().any(|one| one == word)), "{:?}", row.words);
    }
}

/// The answers name commands and options that exist.
#[test]
fn every_answer_can_be_typed() {
    for row in COMMANDS {
        let commands = row.answer.split('`').skip(1).step_by(2);
        for line in commands {
            let line = line.replace("\"message\"", "m").replace("--at N", "--at 1");
            let words = line.split(' ').filter(|word| *word != "PROGRAM").chain(if line.contains("-- ") {
                Some("true")
            } else {
                None
            });
            match interface().try_get_matches_from(words) {
                Ok(_) => {}
                Err(error) => assert!(!error.use_stderr(), "{line}: {error}"),
            }
        }
    }
}
