//! Paths and types, as tokens.

use proc_macro2::{Group, Spacing, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Path, PathArguments, Type};

/// Counts the tokens at the start that belong to one path, without arguments.
pub(crate) fn path_length(tokens: &[TokenTree]) -> usize {
    let is_colons = |at: usize| {
        let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        colon(at) && colon(at + 1)
    };
    let is_name = |at: usize| matches!(tokens.get(at), Some(TokenTree::Ident(_)));
    let mut at = if is_colons(0) { 2 } else { 0 };
    if !is_name(at) {
        return 0;
    }
    at += 1;
    while is_colons(at) && is_name(at + 2) {
        at += 3;
    }
    at
}

pub(crate) fn replace_self(tokens: TokenStream, with: &Path, only_in_paths: bool) -> TokenStream {
    let mut replaced = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "Self" => {
                let in_path = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint);
                if in_path {
                    replaced.extend(quote!(<#with>));
                } else if only_in_paths {
                    replaced.extend([TokenTree::from(word)]);
                } else {
                    replaced.extend(quote!(#with));
                }
            }
            TokenTree::Group(group) => {
                let inner = replace_self(group.stream(), with, only_in_paths);
                let mut new = Group::new(group.delimiter(), inner);
                new.set_span(group.span());
                replaced.extend([TokenTree::from(new)]);
            }
            token => replaced.extend([token]),
        }
    }
    replaced
}

pub(crate) fn without_arguments(path: &Path) -> Path {
    let mut path = path.clone();
    for segment in &mut path.segments {
        segment.arguments = PathArguments::None;
    }
    path
}

pub(crate) fn ungrouped(ty: &mut Type) -> &mut Type {
    match ty {
        Type::Group(group) => ungrouped(&mut group.elem),
        Type::Paren(paren) => ungrouped(&mut paren.elem),
        ty => ty,
    }
}

/// The spans of a type's first and last token.
pub(crate) fn ends(tokens: TokenStream) -> (Span, Span) {
    let mut spans = tokens.into_iter().map(|token| Span::mixed_site().located_at(token.span()));
    let start = spans.next().unwrap_or_else(Span::mixed_site);
    (start, spans.last().unwrap_or(start))
}
