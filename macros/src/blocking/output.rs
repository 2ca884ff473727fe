//! What a function of the async API returns: a value at once, or one to wait for.

use syn::{
    Error, GenericArgument, PathArguments, ReturnType, Signature, Type, TypePath, parse_quote,
};

use super::bridge::{associated, boxed_bounds, has_trait};
use super::paths::ungrouped;
use crate::args::Errors;

/// The type of the value, and whether the twin waits for it.
pub(crate) struct Output {
    pub(crate) ty: Type,
    pub(crate) is_async: bool,
}

impl Output {
    pub(crate) fn new(signature: &Signature, in_trait: bool, errors: &mut Errors) -> Self {
        let mut ty = match &signature.output {
            ReturnType::Type(_, ty) => (**ty).clone(),
            ReturnType::Default => parse_quote!(()),
        };
        if signature.asyncness.is_some() {
            return Self { ty, is_async: true };
        }
        match future(&mut ty, in_trait, errors) {
            Some(value) => Self { ty: value, is_async: true },
            None => Self { ty, is_async: false },
        }
    }
}

/// Returns the output of a future, if the type names one in any of its forms.
fn future(ty: &mut Type, in_trait: bool, errors: &mut Errors) -> Option<Type> {
    let whole = ty.clone();
    if let Type::Path(TypePath { qself: None, path, .. }) = ungrouped(ty) {
        let last = path.segments.last()?;
        if last.ident == "LocalBoxFuture" {
            let text = "it is polled on another thread, and so has to be `Send`: write `BoxFuture`";
            errors.push(Error::new_spanned(&whole, text));
        }
        if last.ident == "LocalBoxFuture" || last.ident == "BoxFuture" {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
            return arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty.clone()),
                _ => None,
            });
        }
    }
    let (bounds, is_opaque) = match ungrouped(ty) {
        Type::ImplTrait(opaque) => (&mut opaque.bounds, true),
        ty => (boxed_bounds(ty)?, false),
    };
    if !has_trait(bounds, &["Future"]) {
        return None;
    }
    if !has_trait(bounds, &["Send"]) && (in_trait || !is_opaque) {
        let text = "it is polled on another thread, and so has to be `Send`: write `+ Send`";
        errors.push(Error::new_spanned(&whole, text));
    }
    match associated(bounds, &["Future"], "Output") {
        Some(output) => Some(output.clone()),
        None => {
            let text = "what does it return? write `Future<Output = ..>`";
            errors.push(Error::new_spanned(&whole, text));
            Some(parse_quote!(()))
        }
    }
}
