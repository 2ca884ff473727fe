//! How the blocking function gets at the original.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::{Signature, Visibility};

use crate::args::Options;
use crate::copyable;
use crate::function::Function;
use crate::inspect;

/// How the blocking function names the original. The compiler does not tell an attribute whether
/// its function is in an `impl`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Callee {
    /// `Self::original`: there is a `Self`.
    Associated,
    /// `original`: the two functions are taken to be free ones.
    Free,
    /// `original`, of which the blocking function has a copy in its body. Works in an `impl`, too.
    Copied,
}

impl Callee {
    pub(crate) fn new(function: &Function, options: &Options) -> Self {
        let Signature { generics, inputs, output, .. } = &function.signature;
        let (options, where_clause) = (options.expressions(), &generics.where_clause);
        let around = quote!(#generics #where_clause #inputs #output #options);
        let body = function.body.stream();
        if function.signature.receiver().is_some()
            || inspect::mentions(around, "Self")
            || inspect::body_mentions_self(body.clone())
        {
            Self::Associated
        } else if function.is_main() || !copyable::is_copyable(body) {
            Self::Free
        } else {
            Self::Copied
        }
    }

    /// The name of a macro to put around the call, if the function that the call names may not
    /// exist. The compiler then shows the macro's name as the origin of its error. See
    /// [`placed_here`].
    pub(crate) fn advice(self, function: &Function) -> Option<&'static str> {
        // A function of a trait has no visibility.
        let is_private = matches!(function.visibility, Visibility::Inherited);
        match self {
            Self::Free if !function.is_main() => Some("in_an_impl_mention_the_self_type_once"),
            Self::Associated if is_private => Some("in_a_trait_call_a_function_outside_it"),
            _ => None,
        }
    }
}

/// Expands the macros of [`advice`](Callee::advice): from `NAME [QUALIFIER] REST` to
/// `QUALIFIER NAME REST`. The name becomes a token of the macro, whose name the compiler shows if
/// the function is not found. (A macro on stable Rust cannot add a text of its own to an error of
/// the compiler.)
pub(crate) fn placed_here(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let (Some(mut name), Some(TokenTree::Group(qualifier))) = (tokens.next(), tokens.next()) else {
        return TokenStream::new();
    };
    name.set_span(Span::mixed_site().located_at(name.span()));
    let rest: TokenStream = tokens.collect();
    let qualifier = qualifier.stream();
    quote!(#qualifier #name #rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_placed_without_a_change() {
        let call = placed_here(quote!(lookup [Self::] ::<T>(self, a)));
        assert_eq!(call.to_string(), quote!(Self::lookup::<T>(self, a)).to_string());
        let call = placed_here(quote!(lookup [] (a)));
        assert_eq!(call.to_string(), quote!(lookup(a)).to_string());
    }
}
