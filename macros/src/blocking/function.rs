//! One function of the original, on its way to the twin: its signature.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Error, Expr, FnArg, Generics, PatType, PathArguments, ReturnType, Signature, Token, Type,
    TypePath, WherePredicate, parse_quote,
};

use super::item::Way;
use super::method::{Context, Place};
use super::options::ErrorMode;
use super::output::Output;
use super::types::{BOUNDS, Bridges, Conversion, is_result_type};
use crate::args::{Errors, Timeout};
use crate::inspect;

/// One function of the original, on its way to the twin.
pub(super) struct Function<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) original: &'a Signature,
    pub(super) output: Output,
    pub(super) timeout: Option<&'a Timeout>,
    pub(super) reactor: Option<&'a Expr>,
    pub(super) error: ErrorMode,
    pub(super) conversion: Conversion,
    /// The arguments of the call of the original.
    pub(super) arguments: Vec<TokenStream>,
    /// Statements that bind the names that no parameter of the twin has: `timeout = ..` may use
    /// them.
    pub(super) bindings: TokenStream,
}
impl<'a> Function<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        original: &'a Signature,
        way: Way<'a>,
        errors: &mut Errors,
    ) -> Self {
        let own = way.helper().map(|helper| &helper.common);
        let all = &context.options.common;
        let error = own.and_then(|own| own.error.as_ref()).or(all.error.as_ref());
        let in_trait = context.place != Place::Impl;
        Self {
            context,
            original,
            output: Output::new(original, in_trait, errors),
            timeout: own.and_then(|own| own.timeout.as_ref()).or(all.timeout.as_ref()),
            reactor: own.and_then(|own| own.reactor.as_ref()).or(all.reactor.as_ref()),
            error: error.cloned().unwrap_or(ErrorMode::From),
            conversion: Conversion::Same,
            arguments: Vec::new(),
            bindings: TokenStream::new(),
        }
    }

    /// Makes the twin's signature, and notes what the body needs.
    pub(super) fn signature(&mut self, errors: &mut Errors) -> Signature {
        let original = self.original;
        if let (Some(word), Place::Trait { is_async_trait: false }) =
            (&original.asyncness, self.context.place)
        {
            errors.push(Error::new(word.span, self.plain_async_fn()));
        }
        if let Some(variadic) = &original.variadic {
            let text = "variadic arguments cannot be passed on: write `#[blocking(skip)]` above";
            errors.push(Error::new_spanned(variadic, text));
        }
        let inputs = original.inputs.iter().enumerate();
        let inputs =
            inputs.map(|(index, input)| self.input(index, input.clone(), errors)).collect();
        let generics = self.generics(errors);
        let output = self.blocking_output(errors);
        self.check_timeout(errors);
        Signature {
            constness: self.stays_const().then_some(original.constness).flatten(),
            asyncness: None,
            inputs,
            generics,
            output,
            ..original.clone()
        }
    }

    /// The message about an `async fn` in a trait.
    pub(super) fn plain_async_fn(&self) -> String {
        let Signature { ident, inputs, generics, .. } = self.original;
        let output = self.output.ty.to_token_stream().to_string();
        let tidy = |text: String| {
            text.replace(" ,", ",")
                .replace("& ", "&")
                .replace(" :", ":")
                .replace(" <", "<")
                .replace("< ", "<")
                .replace(" >", ">")
                .replace(" (", "(")
                .replace(" ::", "::")
                .replace(":: ", "::")
                .replace("( ", "(")
                .replace(" )", ")")
        };
        let (params, inputs) = (generics.to_token_stream(), inputs.to_token_stream());
        let head = tidy(format!("fn {ident}{params}({inputs})"));
        let output = tidy(output);
        format!(
            "the future of an `async fn` in a trait need not be `Send`: write `{head} -> impl \
             Future<Output = {output}> + Send`, or `#[async_trait]` between this attribute and the trait"
        )
    }

    /// The original's generics. Bounds on `Self` are those of the original.
    pub(super) fn generics(&self, errors: &mut Errors) -> Generics {
        let names = &self.context.names;
        let mut generics = self.original.generics.clone();
        if self.context.place != Place::Impl {
            return generics;
        }
        for parameter in &generics.params {
            names.refuse(parameter.to_token_stream(), BOUNDS, errors);
        }
        let Some(clause) = &mut generics.where_clause else { return generics };
        for predicate in &mut clause.predicates {
            if let WherePredicate::Type(predicate) = predicate {
                let is_self =
                    matches!(&predicate.bounded_ty, Type::Path(path) if path.path.is_ident("Self"));
                if is_self {
                    names.refuse(predicate.bounds.to_token_stream(), BOUNDS, errors);
                    let original = names.original_self(predicate.bounded_ty.to_token_stream());
                    predicate.bounded_ty = Type::Verbatim(original);
                } else {
                    names.refuse(predicate.to_token_stream(), BOUNDS, errors);
                }
            }
        }
        generics
    }

    pub(super) fn blocking_output(&mut self, errors: &mut Errors) -> ReturnType {
        let context = self.context;
        let (start, _) = self.spans();
        let krate = context.crate_at(start);
        let bridges = Bridges {
            krate: &krate,
            merge: !matches!(self.error, ErrorMode::Wrap),
            says_send: context.place != Place::Impl,
        };
        let mut ty = self.output.ty.clone();
        let is_result = is_result_type(&ty);
        self.conversion = context.names.result(&mut ty, &bridges, errors);
        if !self.output.is_async {
            return match &self.original.output {
                ReturnType::Default => ReturnType::Default,
                ReturnType::Type(arrow, _) => ReturnType::Type(*arrow, Box::new(ty)),
            };
        }
        if let Type::Never(never) = &ty {
            let text =
                "what never returns can only be late: write `#[blocking(skip)]` above the function";
            errors.push(Error::new_spanned(never, text));
        }
        let ty = match (is_result, &self.error) {
            (true, ErrorMode::Wrap) => self.wrapped(&ty, errors),
            (true, _) => ty.to_token_stream(),
            (false, _) => {
                self.conversion = match std::mem::replace(&mut self.conversion, Conversion::Same) {
                    Conversion::Same => Conversion::Same,
                    value => Conversion::Result(Box::new(value), Box::new(Conversion::Same)),
                };
                quote!(::core::result::Result<#ty, #krate::Error>)
            }
        };
        ReturnType::Type(Token![->](start), Box::new(Type::Verbatim(ty)))
    }

    /// `Result<T, crochet::Error<E>>` for a `Result<T, E>`.
    pub(super) fn wrapped(&self, ty: &Type, errors: &mut Errors) -> TokenStream {
        let krate = self.context.crate_at(self.spans().0);
        if let Conversion::Result(_, error) = &self.conversion {
            if !error.is_same() {
                let text = "with `error = wrap` the error cannot have a blocking form: write \
                            `#[blocking(skip)]` above the function";
                errors.push(Error::new_spanned(&self.output.ty, text));
            }
        }
        if let Type::Path(TypePath { qself: None, path, .. }) = ty {
            if let Some(last) = path.segments.last().filter(|last| last.ident == "Result") {
                if let PathArguments::AngleBracketed(arguments) = &last.arguments {
                    let mut types = arguments.args.iter();
                    if let (Some(value), Some(error), None) =
                        (types.next(), types.next(), types.next())
                    {
                        return quote!(::core::result::Result<#value, #krate::Error<#error>>);
                    }
                }
            }
        }
        quote!(#krate::Wrapped<#ty>)
    }

    /// Whether the twin may be `const`: its body is the call alone, without a conversion.
    pub(super) fn stays_const(&self) -> bool {
        self.original.receiver().is_none()
            && self.conversion.is_same()
            && !self.output.is_async
            && self.context.place == Place::Impl
    }

    /// The body after an error: it uses the arguments, and makes no call.
    pub(super) fn no_body(&self, signature: &Signature) -> TokenStream {
        let arguments = signature.inputs.iter().map(|input| match input {
            FnArg::Receiver(receiver) => receiver.self_token.to_token_stream(),
            FnArg::Typed(PatType { attrs, pat, .. }) => quote!(#(#attrs)* #pat),
        });
        quote_spanned!(Span::mixed_site()=> let _ = (#(#arguments,)*); loop {})
    }

    /// Replaces an output that a body without a value cannot have.
    pub(super) fn forget_output(&self, signature: &mut Signature) {
        let output = signature.output.to_token_stream();
        let is_never = matches!(self.output.ty, Type::Never(_));
        if is_never || self.conversion.has_bridge() || inspect::mentions(output, "impl") {
            signature.output = parse_quote!(-> ::core::convert::Infallible);
        }
    }

    pub(super) fn has_its_timeout(&self) -> bool {
        !self.needs_timeout() || self.timeout.is_some()
    }

    pub(super) fn needs_timeout(&self) -> bool {
        self.output.is_async || self.conversion.has_bridge()
    }

    pub(super) fn check_timeout(&self, errors: &mut Errors) {
        if !self.needs_timeout() {
            return;
        }
        let name = &self.original.ident;
        if self.timeout.is_none() && !self.context.asked_for_timeout.replace(true) {
            let text = format!(
                "how long may `{name}` take? write `timeout = 30.0`, in seconds, in the attribute above \
                 all, or `#[blocking(timeout = 30.0)]` above this function"
            );
            errors.push(Error::new(name.span(), text));
        }
        if self.original.receiver().is_some() {
            return;
        }
        let timeout = match self.timeout {
            Some(Timeout::Expr(timeout)) => Some(timeout),
            _ => None,
        };
        for (option, expr) in [("timeout", timeout), ("reactor", self.reactor)] {
            if let Some(expr) =
                expr.filter(|expr| inspect::mentions(expr.to_token_stream(), "self"))
            {
                let example = if option == "timeout" { "30.0" } else { "&REACTOR" };
                let text = format!(
                    "`{name}` has no `self`: write `#[blocking({option} = {example})]` above it"
                );
                let _ = expr;
                errors.push(Error::new(name.span(), text));
            }
        }
    }
}
