//! `--report FORMAT=FILE`: writes the same result in further formats, from one run.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{ReportFormat, VerifyReport};
use martydb_model::error::Result;
use martydb_os::replace_file::{Readers, replace_file, unwritable};
use martydb_ui::report::{Out, Style};

/// Format and file of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    pub format: ReportFormat,
    pub path: PathBuf,
}

/// Parses `junit=isolation.xml`.
pub(crate) fn parse(text: &str) -> std::result::Result<ReportFile, String> {
    let names = || {
        let values = ReportFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        values.map(|value| value.get_name().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let expected = || format!("expected FORMAT=FILE, where FORMAT is one of {}", names());
    let (format, path) = text.split_once('=').ok_or_else(expected)?;
    let format = ReportFormat::from_str(format, false).map_err(|_| expected())?;
    if path.is_empty() {
        return Err(expected());
    }
    Ok(ReportFile { format, path: path.into() })
}

/// Writes the result to all files.
///
/// # Errors
/// The first file that cannot be written; the others are written.
pub(crate) fn write(report: &VerifyReport, files: &[ReportFile]) -> Result<()> {
    let mut end = Ok(());
    for file in files {
        let text = match file.format {
            ReportFormat::Json => Out::document_text("verify-isolation", report),
            format => report.text_as(Some(format), &Style::PLAIN),
        };
        end = end.and(replace_file(&file.path, &text, Readers::All).map_err(unwritable(&file.path)));
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_format_that_exists() {
        let junit = ReportFile { format: ReportFormat::Junit, path: "a=b.xml".into() };
        assert_eq!(parse("junit=a=b.xml"), Ok(junit));
        for wrong in ["isolation.xml", "junit=", "xml=a", "=a"] {
            assert!(parse(wrong).unwrap_err().starts_with("expected FORMAT=FILE"), "{wrong}");
        }
    }
}
