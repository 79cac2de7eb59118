//! clap's errors and help, made safe for a terminal or put into the JSON document.

use std::ffi::OsString;

use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use martydb_import::tool_aliases::{Rejected, answer};
use martydb_model::environment::Environment;
use martydb_model::error::{Error, ExitStatus};
use martydb_ui::flags::{Format, When};
use martydb_ui::report::{self, Out};

/// Replacements of clap's and the standard library's wording.
const PLAIN: &[(&str, &str)] = &[
    ("  tip:", "hint:"),
    (": invalid digit found in string", ": it is not a whole number"),
    (" is not in 1..=", " is not from 1 to "),
];

/// Prints clap's answer: help and versions on stdout, an error on stderr or as the JSON document.
pub fn report(
    error: &clap::Error,
    arguments: &[OsString],
    environment: &Environment,
    no_color: bool,
) -> ExitStatus {
    let plain = Out::new(Format::Table, false, wanted_colour(arguments, environment), no_color);
    if !error.use_stderr() {
        return plain.data(&error.render().to_string(), ExitStatus::Success);
    }
    let answer = other_word(error, arguments);
    // Rendered with colours: without them clap strips the escape sequences of quoted text too, but only some of them.
    let text = quoted_safely(error.render().ansi().to_string(), arguments, environment);
    let text =
        PLAIN.iter().fold(report::without_colours(&text), |text, (rust, plain)| text.replace(rust, plain));
    let text = answer.as_ref().map_or(text.clone(), |answer| answered(&text, answer));
    let Some(format) = wanted_document(arguments, environment) else {
        plain.show(&painted(text.trim_end(), plain.message_style().colour));
        return ExitStatus::Usage;
    };
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let command =
        arguments.iter().skip(1).map(|word| word.to_string_lossy()).find(|word| !word.starts_with('-'));
    let out = Out::new(format, false, None, no_color);
    let hint = answer.unwrap_or_else(|| "martydb --help".to_owned());
    out.error(&command.unwrap_or_default(), &Error::usage(message).hint(hint))
}

/// Paints the labels as those of other errors.
fn painted(text: &str, colour: bool) -> String {
    const LABELS: [(&str, &str); 2] = [("error:", "1;31"), ("hint:", "36")];
    let line = |line: &str| match LABELS.iter().find(|(label, _)| colour && line.starts_with(label)) {
        Some((label, code)) => format!("\u{1b}[{code}m{label}\u{1b}[0m{}", &line[label.len()..]),
        None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Finds `--color` without clap, because the arguments could not be parsed.
fn wanted_colour(arguments: &[OsString], environment: &Environment) -> Option<When> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let pair = words.windows(2).find(|pair| pair[0] == "--color").map(|pair| pair[1].to_string());
    let joined = || words.iter().find_map(|word| word.strip_prefix("--color=").map(String::from));
    let wanted = pair.or_else(joined).or_else(|| environment.get("MARTYDB_COLOR").cloned())?;
    When::from_str(&wanted, true).ok()
}

/// Returns the answer to a word of another tool.
fn other_word(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let given = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let argument = given(ContextKind::InvalidArg);
    let rejected = match error.kind() {
        ErrorKind::InvalidSubcommand => Rejected::Command(given(ContextKind::InvalidSubcommand)?),
        ErrorKind::UnknownArgument => Rejected::Argument(argument?),
        ErrorKind::InvalidValue if argument.is_some_and(|name| name.starts_with("--output")) => {
            Rejected::Output(given(ContextKind::InvalidValue)?)
        }
        ErrorKind::InvalidValue if argument == Some("<TARGET>") => {
            Rejected::Target(given(ContextKind::InvalidValue)?)
        }
        _ => return None,
    };
    answer(&words, rejected).map(|answer| report::printable(&answer))
}

/// Replaces clap's own suggestions, which compare letters, by the answer.
fn answered(text: &str, answer: &str) -> String {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("hint:")).collect();
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    let hint = format!("hint: {answer}");
    let at = lines.iter().position(|line| line.is_empty()).unwrap_or(lines.len());
    lines.insert(at, &hint);
    lines.join("\n")
}

/// Escapes what clap quotes verbatim: an argument, a part of one, or a variable.
fn quoted_safely(text: String, arguments: &[OsString], environment: &Environment) -> String {
    let arguments = arguments.iter().map(|word| word.to_string_lossy().into_owned());
    let variables = environment.iter().filter(|(name, _)| name.starts_with("MARTYDB_"));
    let given: Vec<String> = arguments.chain(variables.map(|(_, value)| value.clone())).collect();
    let parts = given.iter().flat_map(|word| std::iter::once(word.as_str()).chain(word.split(['=', ','])));
    let mut risky: Vec<&str> = parts.filter(|part| report::printable(part) != *part).collect();
    risky.sort_by_key(|part| std::cmp::Reverse(part.len()));
    risky.iter().fold(text, |text, part| text.replace(part, &report::printable(part)))
}

/// Finds the format without clap, because the arguments could not be parsed.
fn wanted_document(arguments: &[OsString], environment: &Environment) -> Option<Format> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    let is_wanted = |name: &str| {
        let pair = words.windows(2).any(|pair| matches!(&*pair[0], "-o" | "--output") && pair[1] == name);
        let joined = ["-o", "-o=", "--output="].map(|flag| format!("{flag}{name}"));
        pair || words.iter().any(|word| joined.iter().any(|one| one == word))
            || environment.get("MARTYDB_OUTPUT").is_some_and(|format| format == name)
    };
    let documents = [("json", Format::Json), ("yaml", Format::Yaml)];
    documents.into_iter().find(|(name, _)| is_wanted(name)).map(|(_, format)| format)
}
