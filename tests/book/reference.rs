//! The generated pages of the book: the commands from clap, the manifest and the result from their schemas.
//! `scripts/update` writes them.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::{Arg, Command};
use martydb::interface::{EXAMPLES, interface};
use serde_json::Value;

use crate::page::root;

fn compare(name: &str, text: &str) {
    let path = root().join("docs/reference").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/reference/{name} is out of date: run `scripts/update`");
}

/// A cell of a table, or a line.
fn cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[test]
fn the_command_reference_equals_the_help() {
    let mut command = interface().term_width(100);
    command.build();
    let mut text = String::from(
        "# Commands\n\nWhat `martydb help COMMAND` says, made from the program by `scripts/update`.\n",
    );
    for (group, names) in martydb::cli::GROUPS {
        writeln!(text, "\n## {group}").unwrap();
        for name in *names {
            one_command(&mut text, command.find_subcommand(name).unwrap(), "###", &format!("martydb {name}"));
            let examples = EXAMPLES.iter().filter(|(command, _)| command == name);
            let lines: String = examples.map(|(_, line)| format!("{line}\n")).collect();
            write!(text, "\n```console\n{lines}```\n").unwrap();
        }
    }
    compare("commands.md", &text.replace("```console", "```bash-session"));
}

fn one_command(text: &mut String, command: &Command, level: &str, name: &str) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    write!(text, "\n{level} {name}\n\n{about}\n\n```text\n{}\n```\n", usage.trim()).unwrap();
    let own = |argument: &&Arg| {
        !argument.is_hide_set()
            && !argument.is_global_set()
            && !["help", "version"].contains(&argument.get_id().as_str())
    };
    let arguments: Vec<&Arg> = command.get_arguments().filter(own).collect();
    if !arguments.is_empty() {
        text.push_str("\n| | |\n|---|---|\n");
        arguments.iter().for_each(|argument| writeln!(text, "{}", row(argument)).unwrap());
    }
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        one_command(text, sub, "####", &format!("{name} {}", sub.get_name()));
    }
}

fn row(argument: &Arg) -> String {
    let mut names = vec![];
    names.extend(argument.get_short().map(|short| format!("-{short}")));
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    let takes = argument.get_action().takes_values();
    let value = argument.get_value_names().and_then(|all| all.first()).filter(|_| takes);
    let value =
        value.map(|value| format!("{}{value}", if names.is_empty() { "" } else { " " })).unwrap_or_default();
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut help = cell(&help);
    let choices = argument.get_possible_values();
    let choices: Vec<String> = choices
        .iter()
        .filter(|choice| takes && !choice.is_hide_set())
        .map(|choice| match choice.get_help() {
            Some(about) => format!("<br>`{}`: {}", choice.get_name(), cell(&about.to_string())),
            None => format!("<br>`{}`", choice.get_name()),
        })
        .collect();
    help += &choices.concat();
    let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes && !default.is_empty() {
        write!(help, "<br>default: `{}`", default.join(",")).unwrap();
    }
    format!("| `{}{value}` | {help} |", names.join("`, `"))
}

#[test]
fn the_manifest_reference_equals_its_schema() {
    let schema = std::fs::read_to_string(root().join("docs/manifest.schema.json")).unwrap();
    let intro = "Every key of `martydb.yaml`, made from [its JSON Schema](../manifest.schema.json) by `scripts/update`. \
                 Editors read the schema too: `init` writes the line that names it.";
    compare("manifest.md", &of_schema("The manifest", intro, &serde_json::from_str(&schema).unwrap()));
}

#[test]
fn the_result_reference_equals_its_schema() {
    let schema = std::fs::read_to_string(root().join("docs/verify-isolation.schema.json")).unwrap();
    let intro = "What `martydb verify-isolation -o json` prints, made from [its JSON Schema](../verify-isolation.schema.json) by \
                 `scripts/update`.";
    compare(
        "verify-isolation.md",
        &of_schema("The result of verify-isolation", intro, &serde_json::from_str(&schema).unwrap()),
    );
}

/// A section for the document, and one for each type in the order in which a reader meets it.
fn of_schema(title: &str, intro: &str, schema: &Value) -> String {
    let mut text = format!("# {title}\n\n{intro}\n");
    let (mut waiting, mut known) = (vec![], BTreeSet::new());
    section(&mut text, schema, &mut waiting);
    while !waiting.is_empty() {
        let name: String = waiting.remove(0);
        if known.insert(name.clone()) {
            let definition = &schema["$defs"][&name];
            write!(text, "\n## {}\n", shown(&name)).unwrap();
            if let Some(about) = definition["description"].as_str() {
                write!(text, "\n{}\n", about.replace('<', "&lt;")).unwrap();
            }
            section(&mut text, definition, &mut waiting);
        }
    }
    text
}

/// The types of the program that reads it are called `Raw…`.
fn shown(name: &str) -> String {
    let name = name.strip_prefix("Raw").unwrap_or(name);
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

fn section(text: &mut String, schema: &Value, waiting: &mut Vec<String>) {
    let alternatives = ["anyOf", "oneOf"].iter().filter_map(|key| schema[key].as_array()).flatten();
    let objects = std::iter::once(schema).chain(alternatives.filter(|one| one["properties"].is_object()));
    for object in objects {
        let Some(properties) = object["properties"].as_object() else { continue };
        text.push_str("\n| key | value | meaning |\n|---|---|---|\n");
        for (key, value) in properties {
            let about = cell(value["description"].as_str().unwrap_or_default());
            let default = &value["default"];
            let plain = !default.is_null() && *default != Value::Array(vec![]) && !default.is_object();
            let default =
                if plain { format!("<br>default: `{}`", cell(&default.to_string())) } else { String::new() };
            writeln!(text, "| `{key}` | {} | {about}{default} |", kind(value, waiting)).unwrap();
        }
    }
    let own = kind(schema, waiting);
    if schema["properties"].is_null() && !own.is_empty() {
        write!(text, "\nOne of: {own}.\n").unwrap();
    }
}

/// Returns the kind of a value: a word, or a link to its section.
fn kind(value: &Value, waiting: &mut Vec<String>) -> String {
    if let Some(name) = value["$ref"].as_str().and_then(|at| at.strip_prefix("#/$defs/")) {
        waiting.push(name.to_owned());
        return format!("[{0}](#{1})", shown(name), shown(name).replace(' ', "-"));
    }
    if let Some(constant) = value.get("const") {
        return format!("`{}`", constant.as_str().map_or_else(|| constant.to_string(), str::to_owned));
    }
    if let Some(all) = value["enum"].as_array() {
        let words = all
            .iter()
            .map(|one| format!("`{}`", one.as_str().map_or_else(|| one.to_string(), str::to_owned)));
        return words.collect::<Vec<_>>().join(", ");
    }
    let several = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| value[key].as_array());
    if let Some(all) = several {
        let mut kinds: Vec<String> = vec![];
        for one in all {
            let kind = kind(one, waiting);
            if !kind.is_empty() && !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        return kinds.join(", ");
    }
    match &value["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(word).collect::<Vec<_>>().join(" or "),
        Value::String(one) if one == "array" => format!("list of {}", kind(&value["items"], waiting)),
        Value::String(one) if one == "object" && value["additionalProperties"].is_object() => {
            format!("map of {}", kind(&value["additionalProperties"], waiting))
        }
        Value::String(one) if one == "object" => {
            // An alternative that is an object has its table in the section itself.
            if value["properties"].is_object() { "map".into() } else { word(one).into() }
        }
        Value::String(one) => word(one).into(),
        _ => String::new(),
    }
}

fn word(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "object" => "map",
        "boolean" => "true or false",
        "integer" => "number",
        "array" => "list",
        other => other,
    }
}
