//! Functions that callers may call, and the one that a call means by the names of its arguments.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::relations::{CatalogName, ExposedRelation};
use super::views::CatalogOid;
use crate::closest_name::closest;
use crate::error::{HttpError, HttpResult};

/// Name of the column that holds the value of a function without columns.
pub(crate) const VALUE: &str = "martydb_value";

/// A function of an exposed schema that the manifest lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ExposedFunction {
    #[serde(default)]
    pub oid: CatalogOid,
    pub schema: String,
    pub name: String,
    pub(crate) parameters: Vec<FunctionParameter>,
    pub(crate) returns_set: bool,
    pub(crate) is_void: bool,
    /// `true` if it returns rows with columns: of a relation, of a type, or of its `OUT` parameters.
    pub(crate) is_composite: bool,
    pub(crate) volatility: FunctionVolatility,
    /// `true` for `SECURITY DEFINER`.
    pub as_owner: bool,
    /// Type of its value, or of its rows.
    #[serde(default)]
    pub(crate) returned: CatalogOid,
    /// Media type of the value, if its type is a domain that is named like one.
    pub(crate) media_type: Option<String>,
    /// `true` if its value is `bytea`.
    pub(crate) returns_bytes: bool,
    /// The returned row; its name is the relation's if it is one.
    pub row: ExposedRelation,
}

/// An aggregate that makes an answer of rows: its type is a domain that is named like a media type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct MediaAggregate {
    pub name: CatalogName,
    /// The relation whose rows it takes; `None` for any rows.
    pub relation: Option<CatalogName>,
    pub(crate) media_type: String,
    pub(crate) returns_bytes: bool,
}

/// Effect that a function may have on rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum FunctionVolatility {
    #[default]
    #[serde(rename = "v")]
    Volatile,
    #[serde(rename = "s")]
    Stable,
    #[serde(rename = "i")]
    Immutable,
}

/// An input parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct FunctionParameter {
    /// Empty for a parameter without a name.
    pub name: String,
    /// Type as SQL writes it, without a length limit.
    pub r#type: String,
    #[serde(default)]
    pub type_oid: CatalogOid,
    pub required: bool,
    pub(crate) variadic: bool,
}

/// Form of a call's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallBody {
    /// None: the arguments are parameters of the URL.
    None,
    Json,
    /// CSV or a form.
    Named,
    /// A text, an XML document or bytes: the whole body is one argument of this type.
    Whole(&'static str),
}

impl ExposedFunction {
    /// Returns the name of the relation whose rows it returns, or of the function.
    pub(crate) fn row_name(&self) -> CatalogName {
        (self.row.schema.clone(), self.row.name.clone())
    }

    /// Returns `true` if it returns values and no rows with columns.
    pub(crate) fn is_scalar(&self) -> bool {
        !self.is_composite
    }

    /// Returns the one parameter without a name.
    pub(crate) fn unnamed(&self) -> Option<&FunctionParameter> {
        match &self.parameters[..] {
            [one] if one.name.is_empty() => Some(one),
            _ => None,
        }
    }

    /// Returns `true` if the names are those of its parameters, without those that have defaults.
    fn takes(&self, names: &BTreeSet<String>, body: CallBody) -> bool {
        if self.parameters.is_empty() {
            return names.is_empty() && !matches!(body, CallBody::Whole(_));
        }
        let known = |name: &String| self.parameters.iter().any(|one| one.name == *name);
        let mut required = self.parameters.iter().filter(|one| one.required);
        names.iter().all(known) && required.all(|one| names.contains(&one.name))
    }

    /// Returns `true` if the whole body is its one argument.
    pub(crate) fn takes_body(&self, body: CallBody) -> bool {
        let Some(one) = self.unnamed() else { return false };
        match body {
            CallBody::Json => ["json", "jsonb"].contains(&one.r#type.as_str()),
            CallBody::Whole(kind) => one.r#type == kind,
            CallBody::None | CallBody::Named => false,
        }
    }

    /// Returns `true` if it cannot write: a call by GET, or by a caller that only reads, is allowed.
    pub fn only_reads(&self) -> bool {
        self.volatility != FunctionVolatility::Volatile
    }

    /// Returns the signature for messages.
    pub fn signature(&self) -> String {
        let parameters: Vec<String> =
            self.parameters.iter().map(|one| format!("{} => {}", one.name, one.r#type)).collect();
        format!("{}.{}({})", self.schema, self.name, parameters.join(", "))
    }
}

/// Returns the function that a call means: by its name and the names of its arguments, or else the one that takes the whole
/// body.
pub(super) fn find<'c>(
    all: &'c [ExposedFunction],
    (schema, name): (&str, &str),
    names: &BTreeSet<String>,
    body: CallBody,
) -> HttpResult<&'c ExposedFunction> {
    let overloads: Vec<&ExposedFunction> =
        all.iter().filter(|one| one.schema == schema && one.name == name).collect();
    let named: Vec<&ExposedFunction> =
        overloads.iter().copied().filter(|one| one.takes(names, body)).collect();
    let whole: Vec<&ExposedFunction> =
        overloads.iter().copied().filter(|one| one.takes_body(body) && !one.takes(names, body)).collect();
    match (&named[..], &whole[..]) {
        ([one], _) | ([], [one]) => Ok(one),
        ([], []) => Err(missing(all, &overloads, (schema, name), names, body)),
        ([], several) | (several, _) => Err(ambiguous(several)),
    }
}

fn ambiguous(several: &[&ExposedFunction]) -> HttpError {
    let names: Vec<String> = several.iter().map(|one| one.signature()).collect();
    let message = format!("Could not choose the best candidate function between: {}", names.join(", "));
    HttpError::new(300, "PGRST203", message).hint(
        "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    )
}

fn missing(
    all: &[ExposedFunction],
    overloads: &[&ExposedFunction],
    (schema, name): (&str, &str),
    names: &BTreeSet<String>,
    body: CallBody,
) -> HttpError {
    let list = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let none = " without parameters".to_owned();
    let message = match body {
        CallBody::Whole(_) => String::new(),
        _ if names.is_empty() => none.clone(),
        _ => format!("({list})"),
    };
    let plural = if names.len() > 1 { "s" } else { "" };
    let with = if names.is_empty() { none } else { format!(" with parameter{plural} {list}") };
    let searched = match body {
        CallBody::Whole(kind) => format!(" with a single unnamed {kind} parameter"),
        CallBody::Json => format!("{with} or with a single unnamed json/jsonb parameter"),
        CallBody::None | CallBody::Named => with,
    };
    let error = HttpError::new(
        404,
        "PGRST202",
        format!("Could not find the function {schema}.{name}{message} in the schema cache"),
    )
    .details(format!(
        "Searched for the function {schema}.{name}{searched}, but no matches were found in the schema cache."
    ));
    match suggested(all, overloads, (schema, name), &format!("({list})")) {
        Some(call) if !matches!(body, CallBody::Whole(_)) => {
            error.hint(format!("Perhaps you meant to call the function {schema}.{call}"))
        }
        _ => error,
    }
}

/// Least similarity of a suggested function, and of suggested parameters.
const SIMILAR_NAME: f64 = 0.75;
const SIMILAR_PARAMETERS: f64 = 0.33;

fn suggested(
    all: &[ExposedFunction],
    overloads: &[&ExposedFunction],
    (schema, name): (&str, &str),
    list: &str,
) -> Option<String> {
    if overloads.is_empty() {
        let known = all.iter().filter(|one| one.schema == schema).map(|one| one.name.as_str());
        return closest(name, known, SIMILAR_NAME).map(str::to_owned);
    }
    let lists: Vec<String> = overloads.iter().map(|one| sorted_names(one)).collect();
    closest(list, lists.iter().map(String::as_str), SIMILAR_PARAMETERS).map(|list| format!("{name}{list}"))
}

fn sorted_names(function: &ExposedFunction) -> String {
    let mut names: Vec<&str> = function.parameters.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    format!("({})", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, parameters: &[(&str, &str, bool)]) -> ExposedFunction {
        let parameter = |(name, kind, required): &(&str, &str, bool)| FunctionParameter {
            name: (*name).into(),
            r#type: (*kind).into(),
            type_oid: 0,
            required: *required,
            variadic: false,
        };
        ExposedFunction {
            schema: "shop".into(),
            name: name.into(),
            parameters: parameters.iter().map(parameter).collect(),
            ..ExposedFunction::default()
        }
    }

    #[test]
    fn a_call_means_the_function_whose_parameters_it_names() {
        let all = [
            function("total", &[("a", "integer", true), ("b", "integer", false)]),
            function("total", &[("", "json", true)]),
            function("now", &[]),
            function("same", &[("a", "integer", true)]),
            function("same", &[("a", "text", true)]),
        ];
        for (name, names, body, expected) in [
            ("total", &["a"][..], CallBody::None, Ok(2)),
            ("total", &["a", "b"], CallBody::Json, Ok(2)),
            ("total", &["c"], CallBody::Json, Ok(1)),
            ("total", &["c"], CallBody::None, Err(404)),
            ("total", &["b"], CallBody::None, Err(404)),
            ("now", &[], CallBody::None, Ok(0)),
            ("now", &["a"], CallBody::None, Err(404)),
            ("now", &[], CallBody::Whole("text"), Err(404)),
            ("same", &["a"], CallBody::None, Err(300)),
            ("nothing", &[], CallBody::None, Err(404)),
        ] {
            let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let found = find(&all, ("shop", name), &names, body);
            let found = found.map(|one| one.parameters.len()).map_err(|error| error.status);
            assert_eq!(found, expected, "{name} {names:?}");
        }
    }

    #[test]
    fn a_mistyped_name_suggests_the_nearest_one() {
        let all = [function("total_of", &[("order", "integer", true)])];
        let error = find(&all, ("shop", "total_off"), &BTreeSet::new(), CallBody::None).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("Perhaps you meant to call the function shop.total_of"));
        let names = BTreeSet::from(["ordr".to_owned()]);
        let error = find(&all, ("shop", "total_of"), &names, CallBody::None).unwrap_err();
        assert_eq!(
            error.hint.as_deref(),
            Some("Perhaps you meant to call the function shop.total_of(order)")
        );
    }
}
