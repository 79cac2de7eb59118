//! Text of `split.yaml` for a proposal.

use super::edges::CrossingEdge;
use super::proposal::{GuessedTable, SplitProposal};

/// Returns the whole map, with the edges that it would have.
pub fn split_yaml(server: &str, database: &str, proposal: &SplitProposal, edges: &[CrossingEdge]) -> String {
    let mut text = format!(
        "# Proposal of `split init`. Every line below is a guess with its reason: correct the wrong ones.\n\
         # `martydb split plan` shows the open questions.\n\
         source: {{ server: {}, database: {} }}\n\nservices:\n",
        scalar(server),
        scalar(database)
    );
    for (service, tables) in &proposal.services {
        if tables.is_empty() {
            text += &format!("  {service}: {{ tables: [] }}  # no guess\n");
        } else {
            text += &format!("  {service}:\n    tables:\n{}", items(tables, "      "));
        }
    }
    if !proposal.ignored.is_empty() {
        text +=
            &format!("\n# These stay in the shared database.\nignore:\n{}", items(&proposal.ignored, "  "));
    }
    text + &open(&proposal.open) + &answers(edges)
}

fn items(tables: &[GuessedTable], indent: &str) -> String {
    let line =
        |one: &GuessedTable| format!("{indent}- {}  # guess: {}\n", scalar(&one.table), comment(&one.reason));
    tables.iter().map(line).collect()
}

fn open(tables: &[GuessedTable]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    let line = |one: &GuessedTable| format!("#   {}: {}\n", comment(&one.table), comment(&one.reason));
    let lines: String = tables.iter().map(line).collect();
    format!(
        "\n# Not assigned: list each under a service, under `ignore:`, or, if several services read it, as\n\
         # reference: {{ public.countries: {{ owner: ONE, readers: [OTHERS] }} }}\n{lines}"
    )
}

/// Returns the lines that answer edges, for a reader to choose from.
fn answers(edges: &[CrossingEdge]) -> String {
    if edges.is_empty() {
        return String::new();
    }
    let line = |edge: &CrossingEdge| format!("#   - {}\n", comment(&answer_line(edge)));
    let lines: String = edges.iter().map(line).collect();
    format!(
        "\n# With these guesses, the following cross a boundary. Uncomment them and keep one answer for each.\n# edges:\n{lines}"
    )
}

/// Returns one item of `edges:`, with its choices.
pub fn answer_line(edge: &CrossingEdge) -> String {
    let choices: Vec<&str> = edge.kind.choices().iter().map(|choice| choice.answer).collect();
    format!("{{ edge: {}, answer: {}, reason: \"\" }}", quoted(&edge.name()), choices.join(" | "))
}

/// Returns a scalar that YAML reads as this text.
fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.into() } else { quoted(text) }
}

/// Quotes a text: a string of JSON is one of YAML, but a dollar sign begins a variable.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace('$', "$$")).to_string()
}

/// Returns the text on one line, for a comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
