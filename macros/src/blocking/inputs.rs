//! The arguments of the twin's function, and what the call of the original passes on.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericArgument, Pat, PatType, PathArguments, Receiver, ReceiverKind, Type,
    TypePath, parse_quote,
};

use super::function::Function;
use super::method::Place;
use super::paths::ungrouped;
use super::types::Argument;
use crate::args::Errors;
use crate::{arguments, inspect};

/// How a receiver holds the twin.
enum Held {
    Value,
    Shared,
    Exclusive,
    Boxed,
    Arc,
}
impl Function<'_> {
    /// Keeps the name, or names, of an argument if its pattern, read as an expression, is the
    /// argument again. Otherwise the argument gets a name of its own.
    pub(super) fn input(&mut self, index: usize, mut input: FnArg, errors: &mut Errors) -> FnArg {
        let (passed_on, attributes) = match &mut input {
            FnArg::Receiver(receiver) => (self.receiver(receiver, errors), &mut receiver.attrs),
            FnArg::Typed(argument) => (self.typed(index, argument, errors), &mut argument.attrs),
        };
        let cfgs = arguments::cfgs(attributes);
        self.arguments.push(quote!(#(#cfgs)* #passed_on));
        *attributes = cfgs;
        input
    }

    fn typed(
        &mut self,
        index: usize,
        PatType { pat, ty, attrs, .. }: &mut PatType,
        errors: &mut Errors,
    ) -> TokenStream {
        let is_expression = inspect::make_expression(pat);
        let how = self.context.names.argument(ty, errors);
        let span = Span::mixed_site().located_at(pat.span());
        let must_be_name = self.context.place != Place::Impl || !matches!(how, Argument::Same);
        if !is_expression || (must_be_name && !matches!(**pat, Pat::Ident(_))) {
            let name = format_ident!("argument{index}", span = span);
            if matches!(how, Argument::Same) {
                self.bindings.extend(arguments::bindings(&arguments::cfgs(attrs), pat, &name));
            }
            **pat = parse_quote!(#name);
        }
        let krate = self.context.crate_at(span);
        match how {
            Argument::Same => pat.to_token_stream(),
            Argument::Value => quote_spanned!(span=> #krate::__private::into_async(#pat.0)),
            Argument::Shared => quote_spanned!(span=> &#pat.0),
            Argument::Exclusive => quote_spanned!(span=> &mut #pat.0),
        }
    }

    fn receiver(&self, receiver: &mut Receiver, errors: &mut Errors) -> TokenStream {
        let this = &receiver.self_token;
        let span = Span::mixed_site().located_at(this.span);
        if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
            receiver.mutability = None;
        }
        if self.context.place != Place::Impl {
            return this.to_token_stream();
        }
        let krate = self.context.crate_at(span);
        let passed_on = |how: Held| match how {
            Held::Value => quote_spanned!(span=> #krate::__private::into_async(#this.0)),
            Held::Shared => quote_spanned!(span=> &#this.0),
            Held::Exclusive => quote_spanned!(span=> &mut #this.0),
            Held::Boxed => {
                quote_spanned!(span=> ::std::boxed::Box::new(#krate::__private::into_async((*#this).0)))
            }
            Held::Arc => {
                quote_spanned!(span=> #krate::__private::share(#this, |twin| twin.0, |twin| &twin.0))
            }
        };
        match &mut receiver.kind {
            ReceiverKind::Reference(_, _, None) => passed_on(Held::Shared),
            ReceiverKind::Reference(_, _, Some(_)) => passed_on(Held::Exclusive),
            ReceiverKind::Typed(_, ty) => match self.held(ty) {
                Some(how) => passed_on(how),
                None => {
                    let text = "a method of a twin takes `self`, `&self`, `&mut self`, `self: \
                                Box<Self>` or `self: Arc<Self>`; write `#[blocking(skip)]` above \
                                this one, and a blocking one by hand";
                    errors.push(Error::new_spanned(ty, text));
                    this.to_token_stream()
                }
            },
            _ => passed_on(Held::Value),
        }
    }

    /// How a receiver with a type holds the twin.
    fn held(&self, ty: &mut Type) -> Option<Held> {
        let ty = ungrouped(ty);
        if self.context.names.becomes_twin(ty) {
            return Some(Held::Value);
        }
        match ty {
            Type::Reference(reference) => {
                match (&reference.mutability, self.held(&mut reference.elem)?) {
                    (None, Held::Value) => Some(Held::Shared),
                    (Some(_), Held::Value) => Some(Held::Exclusive),
                    _ => None,
                }
            }
            Type::Path(TypePath { qself: None, path, .. }) => {
                let last = path.segments.last_mut()?;
                let how = match last.ident.to_string().as_str() {
                    "Arc" => Held::Arc,
                    "Box" => Held::Boxed,
                    _ => return None,
                };
                let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
                    return None;
                };
                match arguments.args.first_mut()? {
                    GenericArgument::Type(ty) => {
                        matches!(self.held(ty)?, Held::Value).then_some(how)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
