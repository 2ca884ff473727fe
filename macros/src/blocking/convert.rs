//! The code that converts a result of the async API to one of the blocking API.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::options::ErrorMode;
use super::types::Conversion;

/// Writes the code that converts a result.
pub(super) struct Converter<'a> {
    pub(super) krate: TokenStream,
    /// The place of the compiler's errors about the conversion.
    pub(super) span: Span,
    pub(super) error: &'a ErrorMode,
    pub(super) timeout: TokenStream,
    pub(super) reactor: Option<TokenStream>,
}

impl Converter<'_> {
    pub(super) fn apply(&self, conversion: &Conversion, value: TokenStream) -> TokenStream {
        let (krate, span) = (&self.krate, self.span);
        match conversion {
            Conversion::Same => value,
            Conversion::Make { function, is_constructor: true } => {
                quote_spanned!(span=> #function(#krate::__private::from_async(#value)))
            }
            Conversion::Make { function, is_constructor: false } => {
                quote_spanned!(span=> (#function)(#value))
            }
            Conversion::Result(ok, error) => {
                let ok = self.mapped(ok, "map");
                let error = self.mapped(error, "map_err");
                quote_spanned!(span=> #value #ok #error)
            }
            Conversion::Option(inner) => {
                let inner = self.mapped(inner, "map");
                quote_spanned!(span=> #value #inner)
            }
            Conversion::Vec(inner) => {
                let inner = self.closure(inner);
                quote_spanned!(span=> #krate::__private::map_all(#value, #inner))
            }
            Conversion::Box(inner) => {
                let inner = self.apply(inner, quote_spanned!(span=> *#value));
                quote_spanned!(span=> ::std::boxed::Box::new(#inner))
            }
            Conversion::Tuple(parts) => {
                let names: Vec<_> = (0..parts.len())
                    .map(|index| format_ident!("value{index}", span = span))
                    .collect();
                let values =
                    parts.iter().zip(&names).map(|(part, name)| self.apply(part, quote!(#name)));
                quote_spanned!(span=> { let (#(#names,)*) = #value; (#(#values,)*) })
            }
            Conversion::Iter { items, merged } => self.iter(items, *merged, value),
            Conversion::Io { pinned } => {
                let value = if *pinned {
                    quote_spanned!(span=> ::std::boxed::Box::pin(#value))
                } else {
                    value
                };
                let timeout = &self.timeout;
                let new = match &self.reactor {
                    Some(reactor) => quote_spanned!(span=> on(#reactor, #value)),
                    None => quote_spanned!(span=> new(#value)),
                };
                quote_spanned!(span=> #krate::io::Blocking::#new.with_timeout(#timeout))
            }
        }
    }

    fn iter(&self, items: &Conversion, merged: bool, stream: TokenStream) -> TokenStream {
        let (krate, timeout, span) = (&self.krate, &self.timeout, self.span);
        let stream = if items.is_same() {
            stream
        } else {
            let convert = self.closure(items);
            quote_spanned!(span=> #krate::__private::map_stream(#stream, #convert))
        };
        let iter = match &self.reactor {
            Some(reactor) => quote_spanned!(span=> #krate::Iter::on(#reactor, #stream)),
            None => quote_spanned!(span=> #krate::iter(#stream)),
        };
        let iter = quote_spanned!(span=> #iter.timeout(#timeout));
        match self.error {
            _ if !merged => iter,
            ErrorMode::With(convert) => {
                quote_spanned!(span=> #krate::__private::merge_errors(#iter, #convert))
            }
            _ => quote_spanned!(span=> #iter.merge_errors()),
        }
    }

    /// Writes `.map(..)`, unless there is nothing to convert.
    fn mapped(&self, conversion: &Conversion, method: &str) -> Option<TokenStream> {
        let method = Ident::new(method, self.span);
        let closure = (!conversion.is_same()).then(|| self.closure(conversion))?;
        Some(quote_spanned!(self.span=> .#method(#closure)))
    }

    fn closure(&self, conversion: &Conversion) -> TokenStream {
        let span = self.span;
        match conversion {
            Conversion::Make { function, is_constructor: false } => quote!(#function),
            _ => {
                let value = self.apply(conversion, quote_spanned!(span=> value));
                quote_spanned!(span=> |value| #value)
            }
        }
    }
}
