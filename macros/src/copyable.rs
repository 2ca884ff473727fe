//! Whether a function's body may be in the program twice.
//!
//! A `static` may not: each copy would have its own, and a program that counts in it would count in
//! two places. Nor an `impl`, or a symbol with a fixed name. A macro or an attribute can expand to
//! any of these, so a body that uses one is copied only if the macro is known to be harmless.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// Tells whether a copy of a function's body does no harm.
pub(crate) fn is_copyable(body: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    (0..tokens.len()).all(|at| is_harmless(&tokens, at))
}

/// Looks at one token of several.
fn is_harmless(tokens: &[TokenTree], at: usize) -> bool {
    const ITEMS: [&str; 5] = ["export_name", "impl", "link_section", "no_mangle", "static"];
    match &tokens[at] {
        // `'static` is a lifetime.
        TokenTree::Ident(word) => at > 0 && is_punct(&tokens[at - 1], '\'') || !is_in(&ITEMS, word),
        TokenTree::Group(group) => is_copyable(group.stream()),
        TokenTree::Punct(punct) if punct.as_char() == '!' => match tokens.get(at + 1) {
            Some(TokenTree::Group(_)) => is_harmless_call(&tokens[..at]),
            _ => true,
        },
        TokenTree::Punct(punct) if punct.as_char() == '#' => match attribute(&tokens[at + 1..]) {
            Some(attribute) => are_harmless_attributes(attribute.stream()),
            None => true,
        },
        _ => true,
    }
}

/// Looks at the tokens before the `!` of what may be the invocation of a macro.
fn is_harmless_call(before: &[TokenTree]) -> bool {
    // Before the `!` of a negation.
    const KEYWORDS: [&str; 11] =
        ["async", "await", "box", "break", "else", "if", "in", "match", "return", "while", "yield"];
    let mut path = path(before);
    let Some(name) = path.next() else { return true };
    let is_path = path.clone().next().is_some();
    if !is_path && is_in(&KEYWORDS, name) {
        return true;
    }
    is_in(&MACROS, name) && path.last().is_none_or(|first| is_in(&CRATES, first))
}

/// The segments of the path at the end of `tokens`, from the last to the first.
fn path(tokens: &[TokenTree]) -> impl Iterator<Item = &Ident> + Clone {
    let mut rest = tokens;
    let mut next_is_segment = true;
    std::iter::from_fn(move || {
        if !next_is_segment {
            return None;
        }
        let (TokenTree::Ident(segment), before) = rest.split_last()? else { return None };
        rest = before;
        next_is_segment = match rest {
            [before @ .., first, second] if is_punct(first, ':') && is_punct(second, ':') => {
                rest = before;
                true
            }
            _ => false,
        };
        Some(segment)
    })
}

/// The brackets of an attribute, out of the tokens after its `#`.
fn attribute(tokens: &[TokenTree]) -> Option<&Group> {
    let tokens = match tokens {
        [first, rest @ ..] if is_punct(first, '!') => rest,
        all => all,
    };
    match tokens.first()? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group),
        _ => None,
    }
}

/// Looks at what is between the brackets of an attribute, or in a `cfg_attr` after its condition.
fn are_harmless_attributes(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    tokens.split(|token| is_punct(token, ',')).all(|attribute| {
        let Some(end) = attribute.iter().position(|token| !is_part_of_path(token)) else {
            return path(attribute).last().is_none_or(|first| is_in(&ATTRIBUTES, first));
        };
        let Some(first) = path(&attribute[..end]).last() else { return true };
        match &attribute[end] {
            TokenTree::Group(group) if first == "cfg_attr" => {
                let rest = group.stream().into_iter().skip_while(|token| !is_punct(token, ','));
                are_harmless_attributes(rest.skip(1).collect())
            }
            TokenTree::Group(group) if first == "unsafe" => are_harmless_attributes(group.stream()),
            TokenTree::Group(group) if first == "derive" => are_harmless_derives(group.stream()),
            _ => is_in(&ATTRIBUTES, first),
        }
    })
}

fn are_harmless_derives(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut paths = tokens.split(|token| is_punct(token, ','));
    paths.all(|derive| path(derive).next().is_none_or(|name| is_in(&DERIVES, name)))
}

fn is_part_of_path(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(_)) || is_punct(token, ':')
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

fn is_in(words: &[&str], word: &Ident) -> bool {
    words.iter().any(|one| word == one)
}

/// Derives of an `impl` without state. The type is copied, too, so each copy has its own.
const DERIVES: [&str; 16] = [
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deserialize",
    "Display",
    "Eq",
    "Error",
    "From",
    "FromRow",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Serialize",
    "Zeroize",
];

/// Attributes, and the first segments of attributes, that expand to nothing, or help a derive.
const ATTRIBUTES: [&str; 26] = [
    "allow",
    "automatically_derived",
    "cfg",
    "clippy",
    "cold",
    "default",
    "deny",
    "deprecated",
    "diagnostic",
    "doc",
    "expect",
    "forbid",
    "inline",
    "must_use",
    "non_exhaustive",
    "repr",
    "rustfmt",
    "track_caller",
    "warn",
    // Helpers.
    "arg",
    "command",
    "error",
    "from",
    "serde",
    "source",
    "sqlx",
];

/// Where the macros below come from, if a path says so.
const CRATES: [&str; 20] = [
    "alloc",
    "anyhow",
    "async_stream",
    "color_eyre",
    "core",
    "defmt",
    "eyre",
    "futures",
    "futures_lite",
    "futures_util",
    "indoc",
    "log",
    "serde_json",
    "smallvec",
    "smol",
    "sqlx",
    "std",
    "tokio",
    "tokio_stream",
    "tracing",
];

/// Macros that may be expanded twice: std's, and what async code often uses. Those of `tracing`
/// expand to a `static` that describes the place of the call, and has no state that the program
/// could see.
const MACROS: [&str; 81] = [
    // std
    "addr_of",
    "addr_of_mut",
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "compile_error",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "offset_of",
    "option_env",
    "panic",
    "pin",
    "print",
    "println",
    "ready",
    "stringify",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
    // log, tracing
    "debug",
    "debug_span",
    "error",
    "error_span",
    "event",
    "info",
    "info_span",
    "log",
    "log_enabled",
    "span",
    "trace",
    "trace_span",
    "warn",
    "warn_span",
    // anyhow, eyre
    "anyhow",
    "bail",
    "ensure",
    "eyre",
    // futures, tokio, smol
    "join",
    "pending",
    "pin_mut",
    "poll",
    "select",
    "select_biased",
    "stream",
    "stream_select",
    "try_join",
    "try_stream",
    // serde_json, sqlx, and others that make a value
    "indoc",
    "formatdoc",
    "json",
    "query",
    "query_as",
    "query_as_unchecked",
    "query_file",
    "query_file_as",
    "query_scalar",
    "query_unchecked",
    "quote",
    "smallvec",
    "hashmap",
    "btreemap",
    "arrayvec",
];

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn what_holds_state_is_not_copied() {
        for body in [
            quote! { static CALLS: AtomicU32 = AtomicU32::new(0); },
            quote! { thread_local! { static NAME: &'static str = "" } },
            quote! { { impl Display for Name {} } },
            quote! { #[unsafe(no_mangle)] extern "C" fn callback() {} },
            quote! { #[no_mangle] extern "C" fn callback() {} },
            quote! { #[cfg_attr(all(), unsafe(export_name = "other"))] fn callback() {} },
            quote! { println!("{}", { static N: u32 = 1; N }) },
        ] {
            assert!(!is_copyable(body.clone()), "{body}");
        }
    }

    #[test]
    fn unknown_macros_are_not_copied() {
        for body in [
            quote! { let id = next_id!(); },
            quote! { if !counted![] { return Ok(()) } },
            quote! { my::println!("it may count its lines") },
            quote! { lazy_static! {} },
            quote! { lookup().await?; metrics::counter!("lookups").increment(1) },
            quote! { #[instrumented] fn inner() {} },
            quote! { #[cfg_attr(test, mock::able)] fn inner() {} },
            quote! { #[derive(Debug, Counted)] struct Inner; },
            quote! { vec![count!()] },
        ] {
            assert!(!is_copyable(body.clone()), "{body}");
        }
    }

    #[test]
    fn harmless_bodies_are_copied() {
        for body in [
            quote! { let name: &'static str = ""; },
            quote! { std::println!("{}", ::std::format!("{name}")); },
            quote! { if !(a) && b != (c) && !d { return !(e); } while !{ f } {} },
            quote! { match !(x) { y if !(y) => vec![1; 3], _ => loop { break !(z) } } },
            quote! { tracing::info!(%name, "asked"); anyhow::bail!("no") },
            quote! {
                #[derive(Debug, serde::Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Answer { #[serde(default)] #[doc = "text"] name: String }
                #[cfg_attr(test, derive(PartialEq), allow(dead_code))]
                #[rustfmt::skip]
                enum Kind { #[default] One }
                #[expect(clippy::let_unit_value, reason = "a, b")]
                let () = ();
            },
        ] {
            assert!(is_copyable(body.clone()), "{body}");
        }
    }
}
