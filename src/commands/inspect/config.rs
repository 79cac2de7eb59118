//! `config`: the resolved manifest, with the origin of each value.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use martydb_manifest::{self as manifest, Manifest, ResolvedValue};
use martydb_model::environment::Environment;
use martydb_model::error::Result;
use martydb_ui::flags::{Global, Select};
use martydb_ui::report::{Out, Paint, Report, Style, paint, printable};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
}

pub async fn run(
    global: &Global,
    environment: Environment,
    out: Arc<Out>,
    arguments: &Arguments,
) -> Result<ConfigReport> {
    let here = std::env::current_dir().unwrap_or_default();
    let path = manifest::find(global.manifest.as_deref(), &here)?;
    let (manifest, all) = manifest::explain(&path, &global.env, &environment)?;
    let app = App::with_manifest(global, manifest, environment, out);
    let chosen = app.readable(&arguments.select)?;
    let is_shown = |value: &ResolvedValue| match value.key.as_slice() {
        [section, name, ..] if section == "services" => {
            chosen.iter().any(|service| service.name.as_str() == name)
        }
        _ => arguments.select.is_open(),
    };
    let values = all.into_iter().filter(is_shown).map(|one| shown(&app.manifest, one)).collect();
    Ok(ConfigReport {
        manifest: app.manifest.path.display().to_string(),
        environment: app.manifest.env.clone(),
        values,
    })
}

#[derive(Serialize)]
pub struct ConfigReport {
    manifest: String,
    environment: String,
    values: Vec<ResolvedValue>,
}

/// Returns the value with its file relative to the manifest's folder.
fn shown(manifest: &Manifest, mut one: ResolvedValue) -> ResolvedValue {
    let home = format!("{}/", manifest.home().display());
    one.place = one.place.map(|place| place.strip_prefix(&home).map_or(place.clone(), str::to_owned));
    one
}

/// Returns the origin of a value, as a comment.
fn origin(one: &ResolvedValue) -> String {
    let Some(place) = &one.place else { return "default".into() };
    match one.variables.as_slice() {
        [] => place.clone(),
        names => format!("{place}, from {}", names.join(", ")),
    }
}

impl Report for ConfigReport {
    /// Returns equivalent YAML with a comment for each value.
    fn text(&self, style: &Style) -> String {
        let mut text = comment(style, &format!("{}, environment {}", self.manifest, self.environment)) + "\n";
        let mut before: &[String] = &[];
        for one in &self.values {
            let (last, sections) = one.key.split_last().expect("a value has a key");
            let common = before.iter().zip(sections).take_while(|(one, other)| one == other).count();
            for (depth, section) in sections.iter().enumerate().skip(common) {
                text += &format!("{}{}:\n", "  ".repeat(depth), scalar(section));
            }
            let line = format!("{}{}: {}", "  ".repeat(sections.len()), scalar(last), yaml(&one.value));
            text += &format!("{line}  {}\n", comment(style, &origin(one)));
            before = sections;
        }
        text
    }
}

fn comment(style: &Style, text: &str) -> String {
    paint(&format!("# {}", printable(text)), Paint::Dim, style)
}

/// Returns a value on one line; values that YAML would reinterpret, and all lists, are JSON, which is also YAML.
fn yaml(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

fn scalar(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_-./".contains(char);
    let reads_as_text =
        serde_yaml::from_str::<serde_yaml::Value>(text).is_ok_and(|value| value.as_str() == Some(text));
    if reads_as_text && text.chars().all(plain) { text.to_owned() } else { Value::from(text).to_string() }
}
