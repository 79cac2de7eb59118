//! The template of `stmt!`, and the attribute `boxed`. Both are parsed with `proc_macro` alone: syn and quote would make a
//! first build longer.

#![cfg_attr(not(test), deny(clippy::unwrap_used))]

mod boxed;
mod template;

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use template::SqlTemplate;

/// Fills a template: `fill!((path::to::sql) "SELECT {a}, {b}" (b) (expression))`. A name without an expression is that
/// of a variable.
#[proc_macro]
pub fn fill(input: TokenStream) -> TokenStream {
    let mut input = input.into_iter();
    let (Some(TokenTree::Group(sql)), Some(TokenTree::Literal(literal))) =
        (input.next(), input.next().map(bare))
    else {
        return refusal("the template is not a literal", Span::call_site());
    };
    let mut groups = input.filter_map(|token| match token {
        TokenTree::Group(group) => Some(group),
        _ => None,
    });
    let arguments = std::iter::from_fn(|| Some((groups.next()?.stream().to_string(), groups.next()?)));
    SqlTemplate::parse(&literal.to_string())
        .and_then(|template| statement(&sql.stream(), &template, arguments.collect(), literal.span()))
        .unwrap_or_else(|reason| refusal(&reason, literal.span()))
}

/// Returns the future of an `async fn` in a box: `#[boxed]`, or `#[boxed(?Send)]` if the future stays on its thread.
///
/// rustc compiles an `async fn` in each crate that awaits it, with everything awaited inside; and the future of a caller
/// contains those of its callees, so that of a command would be many kilobytes on the stack. To its callers a boxed future is
/// a pointer, and its body is part of its own crate. So entry points that wait for a server, a file or a program are boxed;
/// code that runs for each row is not.
#[proc_macro_attribute]
pub fn boxed(options: TokenStream, function: TokenStream) -> TokenStream {
    boxed::expand(&options, function).unwrap_or_else(|reason| refusal(&reason, Span::call_site()))
}

/// Removes the group around a macro's `$x:literal`, which has no delimiters.
fn bare(token: TokenTree) -> TokenTree {
    match &token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            group.stream().into_iter().next().map_or(token, bare)
        }
        _ => token,
    }
}

/// Returns `sql::Statement::fill(&[("SELECT ", 0), (", ", 1)], "", &[&a, …])`.
fn statement(
    sql: &TokenStream,
    template: &SqlTemplate,
    arguments: Vec<(String, Group)>,
    span: Span,
) -> Result<TokenStream, String> {
    let names = template.names();
    if let Some((unused, _)) = arguments.iter().find(|(name, _)| !names.contains(&name.as_str())) {
        return Err(format!("the template does not contain `{{{unused}}}`"));
    }
    let texts = template.pieces.iter().map(|(text, name)| {
        let index = names.iter().position(|known| known == name).unwrap_or_default();
        let index = TokenTree::Literal(Literal::usize_unsuffixed(index));
        Ok(list(Delimiter::Parenthesis, [literal(text, span)?, index.into()]))
    });
    let values = names.iter().map(|name| {
        let mut given = arguments.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
        let value = given.next().map_or_else(|| Ident::new(name, span).into(), TokenTree::Group);
        match given.next() {
            Some(_) => Err(format!("`{name}` has two values")),
            None => Ok(borrowed(value.into())),
        }
    });
    let texts = list(Delimiter::Bracket, texts.collect::<Result<Vec<_>, String>>()?);
    let values = list(Delimiter::Bracket, values.collect::<Result<Vec<_>, String>>()?);
    Ok(call(sql, "::Statement::fill", [borrowed(texts), literal(&template.rest, span)?, borrowed(values)]))
}

/// Returns `sql path(arguments, …)`.
fn call(sql: &TokenStream, path: &str, arguments: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let path = path.parse::<TokenStream>().unwrap_or_default();
    [sql.clone(), path, list(Delimiter::Parenthesis, arguments)].into_iter().collect()
}

fn list(delimiter: Delimiter, items: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let comma = || TokenTree::Punct(Punct::new(',', Spacing::Alone));
    let items = items.into_iter().flat_map(|item| [item, comma().into()]);
    TokenTree::Group(Group::new(delimiter, items.collect())).into()
}

fn borrowed(value: TokenStream) -> TokenStream {
    [TokenTree::Punct(Punct::new('&', Spacing::Alone)).into(), value].into_iter().collect()
}

/// Returns the literal with this source text.
fn literal(source: &str, span: Span) -> Result<TokenStream, String> {
    let mut literal: Literal = source.parse().map_err(|error| format!("{source}: {error}"))?;
    literal.set_span(span);
    Ok(TokenTree::Literal(literal).into())
}

fn refusal(reason: &str, span: Span) -> TokenStream {
    let error = format!("::core::compile_error!({reason:?})").parse::<TokenStream>().unwrap_or_default();
    let spanned = error.into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    spanned.collect()
}
