//! One function of the twin.

use std::cell::Cell;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, GenericParam, Generics, Meta, Pat, PatType,
    PathArguments, Receiver, ReceiverKind, ReturnType, Safety, Signature, Token, Type, TypePath,
    Visibility, WherePredicate, parse_quote,
};

use super::docs;
use super::item::{Item, Way, cfg_attr};
use super::options::{ErrorMode, Options};
use super::output::Output;
use super::types::{Argument, BOUNDS, Bridges, Conversion, Names, ends, is_result_type, ungrouped};
use crate::args::{Errors, Timeout};
use crate::arguments;
use crate::inspect;

/// What all functions of one twin have in common.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) names: Names,
    /// The path to this crate.
    pub(crate) krate: TokenStream,
    /// What the original's functions are called by: `Client` in `Client::open`.
    pub(crate) original: TokenStream,
    /// The same for documentation.
    pub(crate) link: String,
    pub(crate) place: Place,
    /// The names that are to be in the twin.
    pub(crate) kept: Vec<String>,
    /// Whether the want of a timeout has been reported.
    pub(crate) asked_for_timeout: Cell<bool>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Impl,
    Trait { is_async_trait: bool },
}

/// A function of the twin, in parts.
pub(crate) struct Method {
    /// All lines of documentation.
    pub(crate) docs: Vec<Attribute>,
    /// What else is for the function where it is declared.
    pub(crate) attributes: Vec<Attribute>,
    /// `cfg`s and levels of lints.
    pub(crate) everywhere: Vec<Attribute>,
    pub(crate) track_caller: Option<TokenStream>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Context<'_> {
    /// ```text
    /// Input:
    ///     ATTRIBUTES VISIBILITY async fn NAME(&self, ARGUMENTS) -> Result<Session, E> { BODY }
    ///
    /// Output:
    ///     ATTRIBUTES #[track_caller]
    ///     VISIBILITY fn NAME(&self, ARGUMENTS) -> Result<blocking::Session, E> {
    ///         ::crochet::__private::wait_for(TIMEOUT, Client::NAME(&self.0, ARGUMENTS))
    ///             .map(|value| blocking::Session(::crochet::__private::from_async(value)))
    ///     }
    /// ```
    pub(crate) fn method(
        &self,
        item: &Item,
        signature: &Signature,
        way: Way<'_>,
        errors: &mut Errors,
    ) -> Method {
        let mut found = Errors::default();
        let mut function = Function::new(self, signature, way, &mut found);
        let mut signature = function.signature(&mut found);
        if !found.is_empty() {
            function.forget_output(&mut signature);
        }
        let statements = if found.is_empty() && function.has_its_timeout() {
            function.body()
        } else {
            function.no_body(&signature)
        };
        errors.append(found);
        let (mut everywhere, attributes) = attributes(&item.attributes);
        everywhere.extend(allow(item, &signature));
        Method {
            docs: self.docs(item, &function),
            attributes,
            everywhere,
            track_caller: tracks_caller(&item.attributes, &signature, function.output.is_async)
                .then(|| quote_spanned!(Span::mixed_site()=> #[track_caller])),
            visibility: item.visibility.clone(),
            signature,
            body: Group::new(Delimiter::Brace, statements),
        }
    }

    fn docs(&self, item: &Item, function: &Function<'_>) -> Vec<Attribute> {
        let (link, name) = (&self.link, &function.original.ident);
        let name = name.to_string();
        let name = name.trim_start_matches("r#");
        let link = if function.output.is_async {
            format!("This blocks; [`{link}::{name}`] is async.")
        } else {
            format!("The same as [`{link}::{name}`] of the async API.")
        };
        let can_fail_now = function.output.is_async && !is_result_type(&function.output.ty);
        let section = can_fail_now.then_some(
            "# Errors\n\n`crochet::Error`, if there is no result in time, or none at all.",
        );
        docs::twin(&item.attributes, &link, section, &|name| self.rename(name))
    }

    /// What to write instead of `Self` in `Self::name`, where the twin has nothing of that name.
    pub(crate) fn rename(&self, name: &str) -> Option<String> {
        (!self.kept.iter().any(|kept| kept == name)).then(|| self.link.clone())
    }

    /// The path to the crate, for a call that the compiler is to place at `span`.
    fn crate_at(&self, span: Span) -> TokenStream {
        let tokens = self.krate.clone().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        });
        tokens.collect()
    }
}

/// One function of the original, on its way to the twin.
struct Function<'a> {
    context: &'a Context<'a>,
    original: &'a Signature,
    output: Output,
    timeout: Option<&'a Timeout>,
    reactor: Option<&'a Expr>,
    error: ErrorMode,
    conversion: Conversion,
    /// The arguments as they are passed on.
    arguments: Vec<TokenStream>,
    /// What `timeout = ..` may refer to, beside the parameters.
    bindings: TokenStream,
}

impl<'a> Function<'a> {
    fn new(
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

    /// The twin's signature; what is learnt on the way is kept for the body.
    fn signature(&mut self, errors: &mut Errors) -> Signature {
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

    /// What to write instead of an `async fn` in a trait.
    fn plain_async_fn(&self) -> String {
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

    /// The twin's parameter. It has the name, or names, that the user gave it, if the original's
    /// argument can be made of these again; else a name of its own.
    fn input(&mut self, index: usize, mut input: FnArg, errors: &mut Errors) -> FnArg {
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

    /// The original's generics. Bounds on `Self` are those of the original.
    fn generics(&self, errors: &mut Errors) -> Generics {
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

    fn blocking_output(&mut self, errors: &mut Errors) -> ReturnType {
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
    fn wrapped(&self, ty: &Type, errors: &mut Errors) -> TokenStream {
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

    /// Whether the twin is only a call, which may be `const`.
    fn stays_const(&self) -> bool {
        self.original.receiver().is_none()
            && self.conversion.is_same()
            && !self.output.is_async
            && self.context.place == Place::Impl
    }

    /// Makes no call, and uses the arguments.
    fn no_body(&self, signature: &Signature) -> TokenStream {
        let arguments = signature.inputs.iter().map(|input| match input {
            FnArg::Receiver(receiver) => receiver.self_token.to_token_stream(),
            FnArg::Typed(PatType { attrs, pat, .. }) => quote!(#(#attrs)* #pat),
        });
        quote_spanned!(Span::mixed_site()=> let _ = (#(#arguments,)*); loop {})
    }

    /// Takes a type out that the function would have to have a value of.
    fn forget_output(&self, signature: &mut Signature) {
        let output = signature.output.to_token_stream();
        let is_never = matches!(self.output.ty, Type::Never(_));
        if is_never || self.conversion.has_bridge() || inspect::mentions(output, "impl") {
            signature.output = parse_quote!(-> ::core::convert::Infallible);
        }
    }

    fn has_its_timeout(&self) -> bool {
        !self.needs_timeout() || self.timeout.is_some()
    }

    fn needs_timeout(&self) -> bool {
        self.output.is_async || self.conversion.has_bridge()
    }

    fn check_timeout(&self, errors: &mut Errors) {
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

    fn body(&self) -> TokenStream {
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

    /// What comes first, the timeout, and the reactor, if it is not the global one. If they are
    /// needed twice, they have names.
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

    /// Where the compiler is to say what it has to say of the call: at the result's type.
    fn spans(&self) -> (Span, Span) {
        match &self.original.output {
            ReturnType::Type(_, ty) => ends(ty.to_token_stream()),
            ReturnType::Default => (Span::mixed_site(), Span::mixed_site()),
        }
    }
}

/// How a receiver holds the twin.
enum Held {
    Value,
    Shared,
    Exclusive,
    Boxed,
    Arc,
}

/// Writes the code that converts a result.
struct Converter<'a> {
    krate: TokenStream,
    /// Where the compiler is to say what it has to say of the conversion.
    span: Span,
    error: &'a ErrorMode,
    timeout: TokenStream,
    reactor: Option<TokenStream>,
}

impl Converter<'_> {
    fn apply(&self, conversion: &Conversion, value: TokenStream) -> TokenStream {
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

    /// `.map(..)`, if there is something to do.
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

/// Allows what the user's lints would say about the twin because of the original. A crate that
/// forbids a lint does not compile where it is allowed, so none is without need.
fn allow(item: &Item, signature: &Signature) -> Option<Attribute> {
    let Signature { generics, inputs, output, .. } = signature;
    let span = Span::mixed_site();
    let is_deprecated = item.attributes.iter().any(|at| at.path().is_ident("deprecated"));
    let lints = [
        // The twin calls the original, which is deprecated, too.
        is_deprecated.then(|| quote_spanned!(span=> deprecated)),
        (inputs.len() > 7).then(|| quote_spanned!(span=> clippy::too_many_arguments)),
        (generics.lifetimes().next().is_some())
            .then(|| quote_spanned!(span=> clippy::needless_lifetimes)),
        inspect::may_be_complex(quote!(#inputs #output))
            .then(|| quote_spanned!(span=> clippy::type_complexity)),
    ];
    let mut lints = lints.into_iter().flatten().peekable();
    lints.peek()?;
    let allow = quote_spanned!(span=> #[allow(#(#lints),*)]);
    Some(parse_quote!(#allow))
}

/// Whether the twin tells its caller's place: to the job, or to an original that asks for it. Rust
/// has exceptions.
fn tracks_caller(attributes: &[Attribute], signature: &Signature, is_async: bool) -> bool {
    let has = |name| attributes.iter().any(|attribute| attribute.path().is_ident(name));
    (is_async || has("track_caller")) && signature.abi.is_none() && !has("naked")
}

/// What the twin has of the original's attributes: those for wherever the function stands, and
/// those for where it is declared. Lines of documentation are not among them.
pub(crate) fn attributes(attributes: &[Attribute]) -> (Vec<Attribute>, Vec<Attribute>) {
    let kept = attributes.iter().filter(|attribute| !docs::is_line(attribute));
    let kept = kept.filter_map(|attribute| match cfg_attr(attribute) {
        Some((condition, metas)) => {
            let metas: Vec<_> = metas.into_iter().filter_map(kept_meta).collect();
            (!metas.is_empty()).then(|| {
                let everywhere = metas.iter().all(is_for_everywhere);
                (everywhere, parse_quote!(#[cfg_attr(#condition, #(#metas),*)]))
            })
        }
        None => {
            let meta = kept_meta(attribute.meta.clone())?;
            let attribute = Attribute { meta, ..attribute.clone() };
            Some((is_for_everywhere(&attribute.meta), attribute))
        }
    });
    let (everywhere, declared): (Vec<_>, Vec<_>) = kept.partition(|(everywhere, _)| *everywhere);
    let attributes = |list: Vec<(bool, Attribute)>| list.into_iter().map(|(_, at)| at).collect();
    (attributes(everywhere), attributes(declared))
}

const EVERYWHERE: [&str; 6] = ["allow", "cfg", "deny", "expect", "forbid", "warn"];
const DECLARED: [&str; 4] = ["deprecated", "doc", "inline", "must_use"];

fn is_for_everywhere(meta: &Meta) -> bool {
    EVERYWHERE.iter().any(|name| meta.path().is_ident(name))
}

/// An attribute for the twin, too. What is expected may come up in the original only, so it is
/// allowed.
fn kept_meta(mut meta: Meta) -> Option<Meta> {
    if let Meta::List(list) = &mut meta {
        if list.path.is_ident("expect") {
            list.path = Ident::new("allow", list.path.span()).into();
        }
    }
    let is_kept =
        is_for_everywhere(&meta) || DECLARED.iter().any(|name| meta.path().is_ident(name));
    is_kept.then_some(meta)
}
