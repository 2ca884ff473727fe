//! Questions about the types, tokens and attributes of the user's function.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, FieldPat, GenericArgument, Meta, Pat, PathArguments, Token, Type, TypeParamBound,
};

/// Finds a part of an argument's type that borrows for less than `'static`.
///
/// Lifetimes that the type does not show are left to the compiler.
pub(crate) fn borrowed_part(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Reference(reference) => match &reference.lifetime {
            Some(lifetime) if lifetime.ident == "static" => borrowed_part(&reference.elem),
            _ => Some(ty),
        },
        Type::Array(array) => borrowed_part(&array.elem),
        Type::Group(group) => borrowed_part(&group.elem),
        Type::Paren(paren) => borrowed_part(&paren.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(borrowed_part),
        Type::Path(path) => borrowed_argument(ty, &path.path),
        Type::ImplTrait(bounds) => borrowed_bound(ty, &bounds.bounds),
        Type::TraitObject(bounds) => borrowed_bound(ty, &bounds.bounds),
        _ => None,
    }
}

fn borrowed_argument<'a>(ty: &'a Type, path: &'a syn::Path) -> Option<&'a Type> {
    // The arguments in `Fn(&str)` are not borrowed by it.
    path.segments.iter().find_map(|segment| {
        let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Lifetime(lifetime) => (lifetime.ident != "static").then_some(ty),
            GenericArgument::Type(argument) => borrowed_part(argument),
            GenericArgument::AssocType(binding) => borrowed_part(&binding.ty),
            _ => None,
        })
    })
}

fn borrowed_bound<'a>(
    ty: &'a Type,
    bounds: &'a Punctuated<TypeParamBound, Token![+]>,
) -> Option<&'a Type> {
    bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Lifetime(lifetime) => (lifetime.ident != "static").then_some(ty),
        TypeParamBound::Trait(bound) if bound.lifetimes.is_none() => {
            borrowed_argument(ty, &bound.path)
        }
        _ => None,
    })
}

/// Tells whether a type is certainly not a `Result`. A name proves nothing: it may be an alias.
pub(crate) fn is_no_result(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_no_result(&group.elem),
        Type::Paren(paren) => is_no_result(&paren.elem),
        _ => !matches!(ty, Type::Path(_) | Type::Macro(_) | Type::Verbatim(_)),
    }
}

/// Takes every `mut` and `ref` out of an argument's pattern, and tells whether the result, read as
/// an expression, is the argument again.
pub(crate) fn make_expression(pattern: &mut Pat) -> bool {
    // All parts are visited, so no short-circuit.
    fn all<'a>(patterns: impl Iterator<Item = &'a mut Pat>) -> bool {
        patterns.fold(true, |so_far, pattern| make_expression(pattern) & so_far)
    }
    match pattern {
        Pat::Ident(binding) => {
            binding.mutability = None;
            binding.by_ref.take().is_none() & binding.subpat.is_none()
        }
        Pat::Paren(paren) => make_expression(&mut paren.pat),
        Pat::Path(_) => true,
        Pat::Slice(slice) => all(slice.elems.iter_mut()),
        Pat::Struct(fields) => {
            let patterns = fields.fields.iter_mut().map(|FieldPat { pat, .. }| &mut **pat);
            all(patterns) & fields.rest.is_none()
        }
        Pat::Tuple(tuple) => all(tuple.elems.iter_mut()),
        Pat::TupleStruct(tuple) => all(tuple.elems.iter_mut()),
        _ => false,
    }
}

/// Tells whether Clippy may find one of a signature's types too complex. It weighs nesting; this
/// only counts.
pub(crate) fn may_be_complex(tokens: TokenStream) -> bool {
    fn weigh(tokens: TokenStream) -> usize {
        let weights = tokens.into_iter().map(|token| match token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => 1,
            TokenTree::Ident(word) if word == "dyn" || word == "fn" => 4,
            TokenTree::Group(group) => weigh(group.stream()),
            _ => 0,
        });
        weights.sum()
    }
    weigh(tokens) >= 4
}

/// Tells whether the tokens of a signature or an expression mention a name, or `Self`.
pub(crate) fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// Tells whether a function's body mentions the `Self` of the `impl` around the function. An item
/// in the body may have a `Self` of its own, and cannot use the outer one.
pub(crate) fn body_mentions_self(body: TokenStream) -> bool {
    let mut tokens = body.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "Self" => return true,
            TokenTree::Ident(word) if ITEMS.iter().any(|item| word == item) => {
                tokens.by_ref().find(ends_item);
            }
            TokenTree::Group(group) if body_mentions_self(group.stream()) => return true,
            _ => {}
        }
    }
    false
}

/// Splits a body after the `#![..]` at its beginning.
pub(crate) fn split_inner_attributes(body: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let is = |token: &TokenTree, char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == char);
    let attributes = tokens.chunks(3).take_while(|chunk| {
        matches!(chunk, [hash, bang, TokenTree::Group(_)] if is(hash, '#') && is(bang, '!'))
    });
    let end = 3 * attributes.count();
    (tokens[..end].iter().cloned().collect(), tokens[end..].iter().cloned().collect())
}

const ITEMS: [&str; 4] = ["enum", "impl", "struct", "trait"];

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    }
}

/// Tells whether the original gets an attribute, too. The blocking function gets all of them.
pub(crate) fn is_for_both(attribute: &Attribute) -> bool {
    is_meta_for_both(&attribute.meta)
}

fn is_meta_for_both(meta: &Meta) -> bool {
    const BOTH: [&str; 7] = ["allow", "cfg", "deny", "expect", "forbid", "inline", "warn"];
    match meta {
        Meta::List(list) if meta.path().is_ident("cfg_attr") => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|metas| metas.iter().skip(1).all(is_meta_for_both)),
        _ => BOTH.iter().any(|name| meta.path().is_ident(name)),
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn borrowed_parts_are_found_wherever_they_show() {
        let borrowed: [Type; 6] = [
            parse_quote!(&str),
            parse_quote!(Option<(u8, [&'a mut T; 2])>),
            parse_quote!(Cow<'_, str>),
            parse_quote!(Box<dyn Fn() + 'a>),
            parse_quote!(impl Iterator<Item = &u8>),
            parse_quote!(&'static &u8),
        ];
        for ty in &borrowed {
            assert!(borrowed_part(ty).is_some(), "{}", quote!(#ty));
        }
    }

    #[test]
    fn what_is_not_kept_is_not_borrowed() {
        let owned: [Type; 6] = [
            parse_quote!(&'static str),
            parse_quote!(Cow<'static, str>),
            parse_quote!(fn(&str) -> &str),
            parse_quote!(impl Fn(&str) -> u8 + Send),
            parse_quote!(Box<dyn for<'a> Visit<'a> + Send>),
            parse_quote!(*const u8),
        ];
        for ty in &owned {
            assert!(borrowed_part(ty).is_none(), "{}", quote!(#ty));
        }
    }

    #[test]
    fn inner_attributes_come_first() {
        let (attributes, rest) =
            split_inner_attributes(quote! { #![allow(a)] #![allow(b)] !c; #![d] });
        assert_eq!(attributes.to_string(), quote!(#![allow(a)] #![allow(b)]).to_string());
        assert_eq!(rest.to_string(), quote!(!c; #![d]).to_string());
    }

    #[test]
    fn the_self_of_an_item_in_the_body_is_not_ours() {
        assert!(body_mentions_self(quote! { let new = [Self::new()]; }));
        assert!(body_mentions_self(quote! { struct A(Box<Self>); Self::new() }));
        assert!(!body_mentions_self(quote! { struct A; impl A { fn new() -> Self { Self } } }));
    }
}
