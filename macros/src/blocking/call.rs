//! The body of the twin's function: a call of the original.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericParam, ReturnType, Safety, Signature};

use super::convert::Converter;
use super::function::Function;
use super::options::ErrorMode;
use super::paths::ends;
use super::types::is_result_type;
use crate::args::Timeout;

impl Function<'_> {
    pub(super) fn body(&self) -> TokenStream {
        let (start, end) = self.spans();
        let krate = self.context.crate_at(start);
        let call = self.call();
        let (mut bindings, mut timeout, mut reactor) =
            (TokenStream::new(), TokenStream::new(), None);
        if self.needs_timeout() {
            (bindings, timeout, reactor) = self.settings();
        }
        let value = if self.output.is_async {
            let is_result = is_result_type(&self.output.ty);
            let (name, more) = match (&self.error, is_result) {
                (_, false) => ("wait_for_value", None),
                (ErrorMode::From, true) => ("wait_for", None),
                (ErrorMode::Wrap, true) => ("wait_for_wrapped", None),
                (ErrorMode::With(convert), true) => ("wait_for_or", Some(quote!(, #convert))),
            };
            let name = match &reactor {
                Some(_) => format!("{name}_on"),
                None => name.to_owned(),
            };
            let name = Ident::new(&name, start);
            let on = reactor.as_ref().map(|reactor| {
                if self.conversion.has_bridge() {
                    quote_spanned!(start=> #krate::__private::reactor(#reactor),)
                } else {
                    quote_spanned!(start=> #reactor,)
                }
            });
            let mut arguments =
                Group::new(Delimiter::Parenthesis, quote!(#on #timeout, #call #more));
            arguments.set_span(end);
            quote_spanned!(start=> #krate::__private::#name #arguments)
        } else {
            call
        };
        let converter = Converter { krate, span: start, error: &self.error, timeout, reactor };
        let value = converter.apply(&self.conversion, value);
        quote!(#bindings #value)
    }

    /// Returns statements that come first, the timeout, and the reactor unless it is the global
    /// one. If the body needs them twice, the statements bind them to names.
    fn settings(&self) -> (TokenStream, TokenStream, Option<TokenStream>) {
        let span = Span::mixed_site();
        let mut before = TokenStream::new();
        let mut timeout = match self.timeout {
            Some(Timeout::Expr(expr)) => {
                let span = span.located_at(expr.span());
                let (krate, bindings) = (self.context.crate_at(span), &self.bindings);
                let expr = if bindings.is_empty() {
                    quote!(#expr)
                } else {
                    quote_spanned!(span=> { #bindings #expr })
                };
                quote_spanned!(span=> #krate::__private::timeout(#expr))
            }
            Some(Timeout::Literal(timeout)) => {
                let (seconds, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
                quote_spanned!(span=> ::core::time::Duration::new(#seconds, #nanos))
            }
            None => TokenStream::new(),
        };
        let mut reactor = self.reactor.map(|reactor| {
            let span = span.located_at(reactor.span());
            let krate = self.context.crate_at(span);
            quote_spanned!(span=> #krate::__private::reactor(#reactor))
        });
        if self.conversion.has_bridge() {
            if matches!(self.timeout, Some(Timeout::Expr(_))) {
                before.extend(quote_spanned!(span=> let timeout = #timeout;));
                timeout = quote_spanned!(span=> timeout);
            }
            if let Some(reactor) = &mut reactor {
                before.extend(quote_spanned!(span=> let reactor = #reactor;));
                *reactor = quote_spanned!(span=> &reactor);
            }
        }
        (before, timeout, reactor)
    }

    /// The call of the original.
    fn call(&self) -> TokenStream {
        let Signature { ident, generics, safety, .. } = self.original;
        let (start, end) = self.spans();
        let given = generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        });
        let mut given = given.peekable();
        let turbofish = given.peek().is_some().then(|| quote_spanned!(start=> ::<#(#given),*>));
        let mut name = ident.clone();
        name.set_span(start);
        let (original, arguments) = (&self.context.original, &self.arguments);
        let mut arguments = Group::new(Delimiter::Parenthesis, quote!(#(#arguments),*));
        arguments.set_span(end);
        let call = quote_spanned!(start=> #original::#name #turbofish #arguments);
        match safety {
            Safety::Unsafe(_) => quote_spanned!(start=> unsafe { #call }),
            _ => call,
        }
    }

    /// The place of the compiler's errors about the call: the result's type, from its first token
    /// to its last.
    pub(super) fn spans(&self) -> (Span, Span) {
        match &self.original.output {
            ReturnType::Type(_, ty) => ends(ty.to_token_stream()),
            ReturnType::Default => (Span::mixed_site(), Span::mixed_site()),
        }
    }
}
