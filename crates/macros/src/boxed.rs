//! The attribute `boxed`: an `async fn` becomes a function that returns its future in a box.

use std::collections::BTreeSet;

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Returns the function with its future boxed: `async fn f(a: &A) -> B { … }` as
/// `fn f<'boxed>(a: &'boxed A) -> Pin<Box<dyn Future<Output = B> + Send + 'boxed>> { Box::pin(async move { … }) }`.
///
/// # Errors
/// If it is not an `async fn` with a body, or has another option than `?Send`.
pub(crate) fn expand(options: &TokenStream, function: TokenStream) -> Result<TokenStream, String> {
    let send = match options.to_string().replace(' ', "").as_str() {
        "" => " + ::core::marker::Send",
        "?Send" => "",
        _ => return Err("the only option is `?Send`".to_owned()),
    };
    let mut before: Vec<TokenTree> = function.into_iter().collect();
    let body = before.pop();
    let start = before.iter().position(|token| is(token, "async")).unwrap_or(before.len());
    let signature = before.split_off(start);
    let ([_, keyword, name, rest @ ..], Some(body)) = (&signature[..], body) else {
        return Err("`boxed` is for an `async fn` with a body".to_owned());
    };
    let is_arguments = |token: &TokenTree| is_group(token, Delimiter::Parenthesis);
    let (generics, rest) = rest.split_at(rest.iter().position(is_arguments).unwrap_or(rest.len()));
    let (arguments, output) = match rest {
        [TokenTree::Group(arguments)] => (arguments, tokens("()")),
        [TokenTree::Group(arguments), _, _, output @ ..] => (arguments, output.iter().cloned().collect()),
        _ => return Err("`boxed` is for a function with arguments in parentheses".to_owned()),
    };
    let mut borrowed = BTreeSet::new();
    let arguments = Group::new(Delimiter::Parenthesis, named(arguments.stream(), &mut borrowed));
    let generics = match generics {
        [_, inner @ .., _] => inner.iter().cloned().collect(),
        _ => TokenStream::new(),
    };
    let bounds: String = borrowed.iter().map(|lifetime| format!("'{lifetime}: 'boxed, ")).collect();
    let output_end = format!("> {send} + 'boxed>> where {bounds}");
    let body = Group::new(Delimiter::Parenthesis, [tokens("async move"), body.into()].into_iter().collect());
    let body = [tokens("::std::boxed::Box::pin"), TokenTree::Group(body).into()].into_iter().collect();
    Ok(before
        .into_iter()
        .chain([keyword.clone(), name.clone()])
        .map(TokenStream::from)
        .chain([tokens("<'boxed,"), generics, tokens(">"), TokenTree::Group(arguments).into()])
        .chain([tokens("-> ::core::pin::Pin<::std::boxed::Box<dyn ::core::future::Future<Output ="), output])
        .chain([tokens(&output_end), TokenTree::Group(Group::new(Delimiter::Brace, body)).into()])
        .collect())
}

/// Gives each reference without a lifetime that of the future, and collects the names of the others, which outlive it.
fn named(types: TokenStream, others: &mut BTreeSet<String>) -> TokenStream {
    let mut types = types.into_iter().peekable();
    let mut all = vec![];
    while let Some(token) = types.next() {
        let next = types.peek().map(ToString::to_string).unwrap_or_default();
        let is_bare = is(&token, "&") && next != "'";
        if is(&token, "'") && !["_", "static"].contains(&&*next) {
            others.insert(next);
        }
        all.push(match token {
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), named(group.stream(), others))).into()
            }
            token => TokenStream::from(token),
        });
        all.extend(is_bare.then(|| tokens("'boxed")));
    }
    all.into_iter().collect()
}

fn is(token: &TokenTree, text: &str) -> bool {
    !matches!(token, TokenTree::Group(_)) && token.to_string() == text
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// Parses a part of the source that is written here.
fn tokens(source: &str) -> TokenStream {
    source.parse().unwrap_or_default()
}
