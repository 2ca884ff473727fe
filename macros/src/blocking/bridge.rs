//! Replaces streams, readers and writers in the type of a result by their blocking forms.

use proc_macro2::Span;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{
    Error, GenericArgument, Path, PathArguments, Token, TraitBound, Type, TypeImplTrait,
    TypeParamBound, TypePath,
};

use super::paths::ungrouped;
use super::types::{Bridges, Conversion, Names, is_result_type};
use crate::args::Errors;

type Bounds = Punctuated<TypeParamBound, Token![+]>;

/// The forms in which a type can name the traits that it implements.
enum Said<'a> {
    /// `impl Bounds`
    Opaque(&'a mut TypeImplTrait),
    /// `Pin<Box<dyn Bounds>>` or `Box<dyn Bounds>`
    Boxed(&'a mut Bounds),
    /// `BoxStream<'a, Item>`
    BoxStream(&'a mut Path),
}

/// Replaces a stream, a reader or a writer by its blocking form; `None` if it is none of them.
pub(crate) fn result(
    names: &Names,
    ty: &mut Type,
    bridges: &Bridges<'_>,
    errors: &mut Errors,
) -> Option<Conversion> {
    let whole = ty.to_token_stream();
    let said = said(ty)?;
    let bounds = match &said {
        Said::BoxStream(_) => return Some(box_stream(names, ty, bridges, errors)),
        Said::Opaque(opaque) => &opaque.bounds,
        Said::Boxed(bounds) => bounds,
    };
    if has_trait(bounds, &["Future"]) {
        let text = "a future in a result has no blocking form: write `async fn`, or \
                    `#[blocking(skip)]` above the function";
        errors.push(Error::new_spanned(whole, text));
        return Some(Conversion::Same);
    }
    let is_stream = has_trait(bounds, &STREAM);
    let is_io = has_trait(bounds, &IO);
    if !is_stream && !is_io {
        return None;
    }
    let is_opaque = matches!(said, Said::Opaque(_));
    if !has_trait(bounds, &["Send"]) && (bridges.says_send || !is_opaque) {
        let text = "it is polled on another thread, and so has to be `Send`: write `+ Send`";
        errors.push(Error::new_spanned(whole, text));
    }
    Some(if is_stream {
        stream(names, ty, bridges, errors)
    } else {
        let pinned = is_opaque && !has_trait(bounds, &["Unpin"]);
        io(ty, pinned, bridges)
    })
}

fn said(ty: &mut Type) -> Option<Said<'_>> {
    if !is_box_stream(ty) && !matches!(ty, Type::ImplTrait(_)) {
        return boxed_bounds(ty).map(Said::Boxed);
    }
    match ty {
        Type::ImplTrait(opaque) => Some(Said::Opaque(opaque)),
        Type::Path(TypePath { path, .. }) => Some(Said::BoxStream(path)),
        _ => None,
    }
}

fn is_box_stream(ty: &Type) -> bool {
    let Type::Path(TypePath { qself: None, path, .. }) = ty else { return false };
    path.segments
        .last()
        .is_some_and(|last| last.ident == "BoxStream" || last.ident == "LocalBoxStream")
}

/// The bounds in `Pin<Box<dyn Bounds>>` and `Box<dyn Bounds>`.
pub(crate) fn boxed_bounds(ty: &mut Type) -> Option<&mut Bounds> {
    let (name, argument) = only_argument(ty)?;
    let boxed = match name.as_str() {
        "Pin" => match only_argument(argument)? {
            (name, argument) if name == "Box" => argument,
            _ => return None,
        },
        "Box" => argument,
        _ => return None,
    };
    match ungrouped(boxed) {
        Type::TraitObject(object) => Some(&mut object.bounds),
        _ => None,
    }
}

/// The name and the argument of `Name<Argument>`.
fn only_argument(ty: &mut Type) -> Option<(String, &mut Type)> {
    let Type::Path(TypePath { qself: None, path, .. }) = ungrouped(ty) else { return None };
    let last = path.segments.last_mut()?;
    let name = last.ident.to_string();
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else { return None };
    match (arguments.args.len(), arguments.args.first_mut()?) {
        (1, GenericArgument::Type(argument)) => Some((name, argument)),
        _ => None,
    }
}

const STREAM: [&str; 2] = ["Stream", "FusedStream"];
const IO: [&str; 4] = ["AsyncRead", "AsyncBufRead", "AsyncWrite", "AsyncSeek"];

pub(crate) fn has_trait(bounds: &Bounds, names: &[&str]) -> bool {
    bounds.iter().any(|bound| is_trait(bound, names))
}

fn is_trait(bound: &TypeParamBound, names: &[&str]) -> bool {
    let TypeParamBound::Trait(TraitBound { maybe: None, path, .. }) = bound else { return false };
    path.segments.last().is_some_and(|last| names.iter().any(|name| last.ident == name))
}

/// Finds the type that the bounds give to one of the named traits as `name = ..`.
pub(crate) fn associated<'a>(
    bounds: &'a mut Bounds,
    traits: &[&str],
    name: &str,
) -> Option<&'a mut Type> {
    bounds.iter_mut().filter(|bound| is_trait(bound, traits)).find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let PathArguments::AngleBracketed(arguments) =
            &mut bound.path.segments.last_mut()?.arguments
        else {
            return None;
        };
        arguments.args.iter_mut().find_map(|argument| match argument {
            GenericArgument::AssocType(binding) if binding.ident == name => Some(&mut binding.ty),
            _ => None,
        })
    })
}

fn stream(names: &Names, ty: &mut Type, bridges: &Bridges<'_>, errors: &mut Errors) -> Conversion {
    let bounds = match said(ty) {
        Some(Said::Opaque(opaque)) => &mut opaque.bounds,
        Some(Said::Boxed(bounds)) => bounds,
        _ => return Conversion::Same,
    };
    let (mut items, mut merged) = (Conversion::Same, false);
    if let Some(item) = associated(bounds, &STREAM, "Item") {
        merged = bridges.merge && is_result_type(item);
        items = convert_items(names, item, bridges, errors);
    }
    if !items.is_same() && !matches!(ty, Type::ImplTrait(_)) {
        // The type of the converting stream has no name.
        if let Some(bounds) = boxed_bounds(ty) {
            let mut bounds = bounds.clone();
            if !bounds.iter().any(|bound| matches!(bound, TypeParamBound::Lifetime(_))) {
                // The default for a trait object in a box.
                bounds.push(syn::parse_quote!('static));
            }
            *ty = opaque(bounds, Span::mixed_site());
        }
    }
    say_send(ty);
    iter(ty, items, merged, bridges)
}

fn box_stream(
    names: &Names,
    ty: &mut Type,
    bridges: &Bridges<'_>,
    errors: &mut Errors,
) -> Conversion {
    let whole = ty.to_token_stream();
    let Some(Said::BoxStream(path)) = said(ty) else { return Conversion::Same };
    let Some(last) = path.segments.last_mut() else { return Conversion::Same };
    if last.ident == "LocalBoxStream" {
        let text = "it is polled on another thread, and so has to be `Send`: write `BoxStream`";
        errors.push(Error::new_spanned(whole, text));
    }
    let (mut items, mut merged) = (Conversion::Same, false);
    let mut converted = None;
    if let PathArguments::AngleBracketed(arguments) = &mut last.arguments {
        let mut lifetime = None;
        for argument in &mut arguments.args {
            match argument {
                GenericArgument::Lifetime(name) => lifetime = Some(name.clone()),
                GenericArgument::Type(item) => {
                    merged = bridges.merge && is_result_type(item);
                    items = convert_items(names, item, bridges, errors);
                    let krate = bridges.krate;
                    let lifetime = lifetime.as_ref().map(|lifetime| quote!(+ #lifetime));
                    converted = Some(quote!(
                        impl #krate::__private::Stream<Item = #item> + ::core::marker::Send #lifetime
                    ));
                }
                _ => {}
            }
        }
    }
    if let Some(converted) = converted.filter(|_| !items.is_same()) {
        *ty = Type::Verbatim(converted);
    }
    iter(ty, items, merged, bridges)
}

fn convert_items(
    names: &Names,
    item: &mut Type,
    bridges: &Bridges<'_>,
    errors: &mut Errors,
) -> Conversion {
    let whole = item.to_token_stream();
    let items = names.result(item, bridges, errors);
    if items.has_bridge() {
        let text = "a stream inside of a stream has no blocking form: write `#[blocking(skip)]` above \
                    the function, and a blocking one by hand";
        errors.push(Error::new_spanned(whole, text));
        return Conversion::Same;
    }
    items
}

fn iter(ty: &mut Type, items: Conversion, merged: bool, bridges: &Bridges<'_>) -> Conversion {
    let krate = bridges.krate;
    *ty = Type::Verbatim(if merged {
        quote!(#krate::MergeErrors<#ty>)
    } else {
        quote!(#krate::Iter<#ty>)
    });
    Conversion::Iter { items: Box::new(items), merged }
}

fn io(ty: &mut Type, pinned: bool, bridges: &Bridges<'_>) -> Conversion {
    say_send(ty);
    let krate = bridges.krate;
    *ty = Type::Verbatim(if pinned {
        quote!(#krate::io::Blocking<::core::pin::Pin<::std::boxed::Box<#ty>>>)
    } else {
        quote!(#krate::io::Blocking<#ty>)
    });
    Conversion::Io { pinned }
}

/// Adds the bound `Send` to an opaque type.
fn say_send(ty: &mut Type) {
    let Type::ImplTrait(opaque) = ty else { return };
    if !has_trait(&opaque.bounds, &["Send"]) {
        opaque.bounds.push(syn::parse_quote!(::core::marker::Send));
    }
}

fn opaque(bounds: Bounds, span: Span) -> Type {
    Type::ImplTrait(TypeImplTrait { attrs: Vec::new(), impl_token: Token![impl](span), bounds })
}
