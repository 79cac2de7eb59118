//! Changelogs in XML, YAML and JSON, as lists of their entries. Only entries that include other files can be converted.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_yaml::Value;

/// Name of the outermost element of every changelog.
const ROOT: &str = "databaseChangeLog";

/// An entry of a changelog, such as `include`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangelogEntry {
    pub kind: String,
    pub attributes: BTreeMap<String, String>,
    /// Byte offset in the file.
    pub at: usize,
}

impl ChangelogEntry {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// Returns the entries of a changelog; `None` if the file is something else.
pub(super) fn entries(path: &str, text: &str) -> Option<Vec<ChangelogEntry>> {
    if !text.contains(ROOT) {
        return None;
    }
    if path.ends_with(".xml") { of_xml(text) } else { of_yaml(text) }
}

fn of_xml(text: &str) -> Option<Vec<ChangelogEntry>> {
    let mut reader = Reader::from_str(text);
    let (mut all, mut depth) = (vec![], 0_usize);
    loop {
        // The position is behind an event, so the next begins there.
        let at = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        match (&event, depth) {
            (Event::Eof, _) => return (depth == 0).then_some(all),
            (Event::Start(element) | Event::Empty(element), 0) if name(element) != ROOT => return None,
            (Event::Start(element) | Event::Empty(element), 1) => all.push(entry(element, at)?),
            _ => {}
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
}

fn name(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_owned()
}

fn entry(element: &BytesStart<'_>, at: usize) -> Option<ChangelogEntry> {
    let mut attributes = BTreeMap::new();
    for attribute in element.attributes() {
        let attribute = attribute.ok()?;
        let value = quick_xml::escape::unescape(&attribute.value).ok()?;
        attributes.insert(attribute.key.local_name().as_ref().to_owned(), value.trim().into());
    }
    Some(ChangelogEntry { kind: name(element), attributes, at })
}

/// JSON is YAML, too.
fn of_yaml(text: &str) -> Option<Vec<ChangelogEntry>> {
    let document: Value = serde_yaml::from_str(text).ok()?;
    let mut all = vec![];
    for item in document.get(ROOT)?.as_sequence()? {
        for (kind, value) in item.as_mapping()? {
            let kind = kind.as_str()?;
            let attributes = value.as_mapping().map(attributes).unwrap_or_default();
            all.push(ChangelogEntry { kind: kind.into(), attributes, at: 0 });
        }
    }
    // The values have no positions; their keys are in the order of the text.
    let mut start = 0;
    for entry in &mut all {
        let is_key = |rest: &str| [":", "\":", "':"].iter().any(|end| rest.starts_with(end));
        let mut found = text[start..].match_indices(entry.kind.as_str());
        if let Some((at, word)) = found.find(|(at, word)| is_key(&text[start + at + word.len()..])) {
            entry.at = start + at;
            start = entry.at + word.len();
        }
    }
    Some(all)
}

fn attributes(mapping: &serde_yaml::Mapping) -> BTreeMap<String, String> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        _ => None,
    };
    mapping.iter().filter_map(|(name, value)| Some((name.as_str()?.to_owned(), scalar(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Option<Vec<String>> {
        let one = |entry: &ChangelogEntry| {
            let line = text[..entry.at].matches('\n').count() + 1;
            format!("{line} {} {:?}", entry.kind, entry.attributes.iter().collect::<Vec<_>>())
        };
        entries(path, text).map(|all| all.iter().map(one).collect())
    }

    #[test]
    fn the_entries_are_the_same_in_every_format() {
        let expected = [
            r#"3 include [("file", "a & b.sql"), ("relativeToChangelogFile", "true")]"#,
            r#"4 changeSet [("author", "x"), ("id", "1")]"#,
            r#"6 includeAll [("path", "changes")]"#,
        ];
        let xml = "<?xml version=\"1.0\"?><!-- <include file='no'/> -->\n<databaseChangeLog xmlns='x'>\n\
            <include file=\"a &amp; b.sql\" relativeToChangelogFile='true'/>\n<changeSet id='1' author='x'>\n\
            <include file='inner'/></changeSet>\n<includeAll path='changes'/>\n</databaseChangeLog>";
        assert_eq!(shown("x.xml", xml).unwrap(), expected);
        let yaml = "databaseChangeLog:\n# include\n- include: {file: a & b.sql, relativeToChangelogFile: true}\n\
            - changeSet: {id: 1, author: x,\n   changes: []}\n- includeAll:\n    path: changes\n";
        assert_eq!(shown("x.yaml", yaml).unwrap(), expected);
        let json = "{\"databaseChangeLog\": [\n\n{\"include\": {\"file\": \"a & b.sql\", \"relativeToChangelogFile\": true}},\n\
            {\"changeSet\": {\"id\": 1, \"author\": \"x\",\n\"changes\": []}},\n{\"includeAll\": {\"path\": \"changes\"}}]}";
        assert_eq!(shown("x.json", json).unwrap(), expected);
        for (path, text) in
            [("x.xml", "<project><databaseChangeLog/></project>"), ("x.yaml", "a: databaseChangeLog")]
        {
            assert_eq!(entries(path, text), None);
        }
    }
}
