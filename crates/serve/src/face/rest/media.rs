//! Media types: the form of an answer by the header `Accept`.

use super::payload::media_name;
use crate::catalog::{ExposedFunction, ExposedRelation, ServedCatalog};
use crate::error::{HttpError, HttpResult};
use crate::request::BodyForm;

/// Form of an answer, and its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AcceptedMedia {
    pub form: BodyForm,
    pub(crate) media_type: &'static str,
}

const JSON: AcceptedMedia = AcceptedMedia {
    form: BodyForm::Rows { strip_nulls: false },
    media_type: "application/json; charset=utf-8",
};

/// Media types, each with `nulls=stripped` or without.
const MEDIA: &[(&str, bool, AcceptedMedia)] = &[
    ("application/json", false, JSON),
    ("*/*", false, JSON),
    ("application/*", false, JSON),
    ("application/vnd.pgrst.array+json", false, JSON),
    ("application/vnd.pgrst.array", false, JSON),
    (
        "application/vnd.pgrst.array+json",
        true,
        AcceptedMedia {
            form: BodyForm::Rows { strip_nulls: true },
            media_type: "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
        },
    ),
    (
        "application/vnd.pgrst.array",
        true,
        AcceptedMedia {
            form: BodyForm::Rows { strip_nulls: true },
            media_type: "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
        },
    ),
    (
        "application/vnd.pgrst.object+json",
        false,
        AcceptedMedia {
            form: BodyForm::Single { strip_nulls: false },
            media_type: "application/vnd.pgrst.object+json; charset=utf-8",
        },
    ),
    (
        "application/vnd.pgrst.object",
        false,
        AcceptedMedia {
            form: BodyForm::Single { strip_nulls: false },
            media_type: "application/vnd.pgrst.object+json; charset=utf-8",
        },
    ),
    (
        "application/vnd.pgrst.object+json",
        true,
        AcceptedMedia {
            form: BodyForm::Single { strip_nulls: true },
            media_type: "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
        },
    ),
    (
        "application/vnd.pgrst.object",
        true,
        AcceptedMedia {
            form: BodyForm::Single { strip_nulls: true },
            media_type: "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
        },
    ),
    ("text/csv", false, AcceptedMedia { form: BodyForm::Csv, media_type: "text/csv; charset=utf-8" }),
];

/// Form of an answer, and its media type, where code of the service may make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerMedia {
    pub form: BodyForm,
    pub(crate) media_type: String,
}

/// Media types of texts, which are sent with their encoding.
const TEXTS: [&str; 4] = ["text/plain", "text/xml", "text/csv", "application/json"];

/// Media type of lines, each a row in JSON.
pub(crate) const LINES: &str = "application/x-ndjson";

/// Returns `true` if a caller prefers lines to everything else.
pub(crate) fn is_lines(header: &str) -> bool {
    // Of equal weights the first counts.
    let heaviest = header.split(',').rev().max_by_key(|part| weight(part));
    heaviest.is_some_and(|part| weight(part) > 0 && media_name(part) == LINES)
}

/// Name of a domain for any media type.
const ANY: &str = "*/*";

/// Returns the header for a media type that code of the service made.
fn content_type(name: &str) -> String {
    match name {
        ANY => "application/octet-stream".into(),
        text if TEXTS.contains(&text) => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    }
}

/// Chooses the form of a call's answer: a function whose type is a domain with the name of a media type makes it itself.
pub(crate) fn accepted_of_function(
    header: Option<&str>,
    catalog: &ServedCatalog,
    function: &ExposedFunction,
    is_whole: bool,
) -> HttpResult<AnswerMedia> {
    if let Some(own) = function.media_type.as_deref().filter(|_| !function.returns_set) {
        let wanted = |part: &str| media_name(part) == own;
        if own == ANY || header.is_some_and(|header| header.split(',').any(wanted)) {
            let form = BodyForm::Raw { binary: function.returns_bytes };
            return Ok(AnswerMedia { form, media_type: content_type(own) });
        }
    }
    accepted_of_relation(header, catalog, catalog.rows_of(function), is_whole)
}

/// Chooses the form of an answer with rows of a relation. An aggregate of the service makes it where the caller accepts its
/// media type; one for rows of the relation needs whole rows, and one for any media type comes first.
pub(crate) fn accepted_of_relation(
    header: Option<&str>,
    catalog: &ServedCatalog,
    relation: &ExposedRelation,
    is_whole: bool,
) -> HttpResult<AnswerMedia> {
    let own = |name: &str| catalog.media_aggregate(Some(relation), name).filter(|_| is_whole);
    let of_all = |name: &str| catalog.media_aggregate(None, name).filter(|_| name != ANY);
    let made = |part: &str| {
        let name = media_name(part);
        let number = own(ANY).or_else(|| own(&name)).or_else(|| of_all(&name))?;
        let found = catalog.media(number)?;
        let form = BodyForm::Made { number, binary: found.returns_bytes };
        Some(AnswerMedia { form, media_type: content_type(&found.media_type) })
    };
    let fixed = |part: &str| {
        row(part).map(|row| AnswerMedia { form: row.form, media_type: row.media_type.to_owned() })
    };
    let header = header.map(str::trim).filter(|header| !header.is_empty()).unwrap_or(ANY);
    chosen(
        header,
        |part| if part.contains("vnd.pgrst") { fixed(part) } else { made(part).or_else(|| fixed(part)) },
    )
}

/// Chooses the form by the header `Accept` (RFC 9110, section 12.5.1): the largest weight, then the first.
fn chosen<T>(header: &str, found: impl Fn(&str) -> Option<T>) -> HttpResult<T> {
    let mut wishes: Vec<(u32, &str)> = header.split(',').map(|part| (weight(part), part.trim())).collect();
    wishes.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    if let Some(found) = wishes.iter().filter(|(weight, _)| *weight > 0).find_map(|(_, part)| found(part)) {
        return Ok(found);
    }
    let names: Vec<String> = wishes.iter().map(|(_, part)| unweighted(part)).collect();
    let message = format!("None of these media types are available: {}", names.join(", "));
    Err(HttpError::new(406, "PGRST107", message))
}

fn row(part: &str) -> Option<AcceptedMedia> {
    let mut parameters = part.split(';').map(str::trim);
    let name = parameters.next()?.to_ascii_lowercase();
    let stripped = parameters.any(|parameter| parameter == "nulls=stripped");
    let fits = |row: &&(&str, bool, AcceptedMedia)| row.0 == name && row.1 == stripped;
    let found = MEDIA.iter().find(fits).or_else(|| MEDIA.iter().find(|row| row.0 == name && !row.1));
    found.map(|row| row.2)
}

fn weight(part: &str) -> u32 {
    let weight = part.split(';').map(str::trim).find_map(|parameter| parameter.strip_prefix("q="));
    weight
        .and_then(|text| text.parse::<f32>().ok())
        .map_or(1000, |weight| (weight.clamp(0.0, 1.0) * 1000.0) as u32)
}

fn unweighted(part: &str) -> String {
    let kept: Vec<&str> =
        part.split(';').map(str::trim).filter(|parameter| !parameter.starts_with("q=")).collect();
    kept.join(";")
}
