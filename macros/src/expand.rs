//! From the user's async function to the blocking one beside it.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, GenericParam, Ident, ReturnType, Safety, Signature, Token, Type, Visibility};

use crate::args::{Errors, Kind, Options, Timeout};
use crate::arguments::Arguments;
use crate::callee::Callee;
use crate::function::{Function, original_name};
use crate::inspect;

/// Expands one attribute. After an error both functions are there nevertheless, so that their
/// callers do not get a second one.
pub(crate) fn expand(kind: Kind, args: TokenStream, item: TokenStream) -> TokenStream {
    let parser = |input: ParseStream<'_>| Function::parse(kind, input);
    let function = match parser.parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    let options = Options::parse(kind, args, &mut errors);
    function.check(kind, &options, &mut errors);
    let items = Expansion::new(kind, &function, &options).items(errors.is_empty());
    quote!(#errors #items)
}

/// All parts of the output.
struct Expansion<'a> {
    kind: Kind,
    function: &'a Function,
    options: &'a Options,
    /// The original's name.
    original: Ident,
    callee: Callee,
    arguments: Arguments,
}

impl<'a> Expansion<'a> {
    fn new(kind: Kind, function: &'a Function, options: &'a Options) -> Self {
        let name = &function.signature.ident;
        let original = match &options.wrapped {
            Some(wrapped) if wrapped.name != *name => wrapped.name.clone(),
            _ => original_name(name),
        };
        let callee = Callee::new(function, options);
        let arguments = Arguments::new(&function.signature);
        Self { kind, function, options, original, callee, arguments }
    }

    /// ```text
    /// Input:
    ///     #[wait_for(timeout = TIMEOUT)]
    ///     ATTRIBUTES VISIBILITY async fn NAME(ARGUMENTS) -> RESULT { BODY }
    ///
    /// Output:
    ///     ATTRIBUTES #[track_caller]
    ///     VISIBILITY fn NAME(ARGUMENTS) -> RESULT {
    ///         ::crochet::__private::wait_for(TIMEOUT, Self::NAME_async(ARGUMENTS))
    ///     }
    ///     async fn NAME_async(ARGUMENTS) -> RESULT { BODY }
    /// ```
    ///
    /// `run_in_reactor` has `move || Self::NAME_async(ARGUMENTS)`, and returns `Eventual<RESULT>`.
    /// After an error that the call would only repeat, the blocking function makes no call.
    ///
    /// A crate that forbids a lint does not compile where the output allows it. So lints are
    /// allowed only where they may have something to report, and those for unused code not at all.
    fn items(&self, callable: bool) -> TokenStream {
        let Function { attributes, visibility, signature, .. } = self.function;
        let attributes = attributes.iter().map(without_expectation);
        let track_caller = self
            .function
            .can_track_caller()
            .then(|| quote_spanned!(Span::mixed_site()=> #[track_caller]));
        let blocking = Signature {
            asyncness: None,
            inputs: self.arguments.declared.iter().cloned().collect(),
            output: self.blocking_output(),
            ..signature.clone()
        };
        let statements = if callable {
            self.blocking_body()
        } else {
            let arguments = &self.arguments.passed;
            quote_spanned!(Span::mixed_site()=> let _ = (#(#arguments,)*); loop {})
        };
        // The user's own braces: the compiler does not report an unused function whose tokens all
        // come from a macro.
        let mut body = Group::new(Delimiter::Brace, statements);
        body.set_span(self.function.body.span());
        let allow = self.allow_on_blocking();
        let original = self.original();
        quote! {
            #(#attributes)*
            #allow
            #track_caller
            #visibility #blocking #body

            #original
        }
    }

    /// Silences lints of Clippy that would find one fault of a signature in both functions.
    fn allow_on_blocking(&self) -> Option<TokenStream> {
        let Signature { generics, inputs, output, .. } = &self.function.signature;
        let span = Span::mixed_site();
        let many = self.has_many_arguments() && self.callee != Callee::Copied;
        let lints = [
            many.then(|| quote_spanned!(span=> clippy::too_many_arguments)),
            (generics.lifetimes().next().is_some())
                .then(|| quote_spanned!(span=> clippy::needless_lifetimes)),
            inspect::may_be_complex(quote!(#inputs #output))
                .then(|| quote_spanned!(span=> clippy::type_complexity)),
        ];
        let mut lints = lints.into_iter().flatten().peekable();
        lints.peek().is_some().then(|| quote_spanned!(span=> #[allow(#(#lints),*)]))
    }

    /// Whether Clippy may report too many arguments.
    fn has_many_arguments(&self) -> bool {
        self.arguments.declared.len() > 7
    }

    fn blocking_output(&self) -> ReturnType {
        let output = &self.function.signature.output;
        let alias = match self.kind {
            Kind::WaitFor if self.options.wraps_errors => "Wrapped",
            Kind::WaitFor => return output.clone(),
            Kind::RunInReactor => "Eventual",
        };
        let result = match output {
            // An error has been reported. With this type the callers of the function get no second
            // one.
            _ if self.function.returns_no_result() => {
                quote!(::core::result::Result<(), ::core::convert::Infallible>)
            }
            ReturnType::Type(_, result) => result.to_token_stream(),
            ReturnType::Default => TokenStream::new(),
        };
        let (start, end) = self.result_spans();
        let (path, alias) = (self.crate_path_at(start), Ident::new(alias, start));
        let mut output = quote_spanned!(start=> #path::#alias<#result);
        output.extend(quote_spanned!(end=> >));
        ReturnType::Type(Token![->](start), Box::new(Type::Verbatim(output)))
    }

    fn blocking_body(&self) -> TokenStream {
        let Self { options, .. } = self;
        let (start, end) = self.result_spans();
        let path = self.crate_path_at(start);
        let (copy, call) = self.call();
        let reactor = options.reactor.as_ref().map(|reactor| {
            let span = Span::mixed_site().located_at(reactor.span());
            let path = self.crate_path_at(span);
            quote_spanned!(span=> #path::__private::reactor(#reactor))
        });
        let (function, arguments) = match (self.kind, reactor) {
            (Kind::WaitFor, reactor) => {
                let timeout = self.timeout();
                let function = match (self.options.wraps_errors, reactor.is_some()) {
                    (false, false) => "wait_for",
                    (false, true) => "wait_for_on",
                    (true, false) => "wait_for_wrapped",
                    (true, true) => "wait_for_wrapped_on",
                };
                let function = Ident::new(function, start);
                let reactor = reactor.into_iter();
                (
                    quote_spanned!(start=> __private::#function),
                    quote!(#(#reactor,)* #timeout, #call),
                )
            }
            (Kind::RunInReactor, None) => {
                (quote_spanned!(start=> run_in_reactor), quote_spanned!(start=> move || #call))
            }
            (Kind::RunInReactor, Some(reactor)) => {
                let function = quote_spanned!(start=> Reactor::run_in_reactor);
                (function, quote_spanned!(start=> &#reactor, move || #call))
            }
        };
        let arguments = parenthesized(end, arguments);
        quote!(#copy #path::#function #arguments)
    }

    fn timeout(&self) -> TokenStream {
        let (bindings, span) = (&self.arguments.bindings, Span::mixed_site());
        match &self.options.timeout {
            Some(Timeout::Expr(expr)) => {
                let span = span.located_at(expr.span());
                let expr = if bindings.is_empty() {
                    quote!(#expr)
                } else {
                    quote_spanned!(span=> { #bindings #expr })
                };
                let path = self.crate_path_at(span);
                quote_spanned!(span=> #path::__private::timeout(#expr))
            }
            Some(Timeout::Literal(timeout)) => {
                let (seconds, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
                quote_spanned!(span=> ::core::time::Duration::new(#seconds, #nanos))
            }
            None => TokenStream::new(),
        }
    }

    /// The call of the original, and the item that has to come before it.
    fn call(&self) -> (Option<TokenStream>, TokenStream) {
        let Signature { generics, safety, .. } = &self.function.signature;
        let arguments = &self.arguments.passed;
        let (span, end) = self.result_spans();
        let mut callee = self.original.clone();
        callee.set_span(span);
        let given = generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        });
        let mut given = given.peekable();
        let turbofish = given.peek().is_some().then(|| quote_spanned!(span=> ::<#(#given),*>));
        let (copy, qualifier) = match self.callee {
            Callee::Associated => (None, Some(quote_spanned!(span=> Self::))),
            Callee::Free => (None, None),
            Callee::Copied => {
                callee = format_ident!("_{}", self.original, span = span);
                (Some(self.nested_copy(&callee)), None)
            }
        };
        let arguments = parenthesized(end, quote!(#(#arguments),*));
        let call = match self.callee.advice(self.function) {
            Some(advice) => {
                let (path, advice) = (self.crate_path_at(span), Ident::new(advice, span));
                quote_spanned! {span=>
                    #path::__private::#advice! { #callee [#qualifier] #turbofish #arguments }
                }
            }
            None => quote_spanned!(span=> #qualifier #callee #turbofish #arguments),
        };
        match safety {
            Safety::Unsafe(_) => (copy, quote_spanned!(span=> unsafe { #call })),
            _ => (copy, call),
        }
    }

    /// Where the compiler reports errors of the job: at the result's type, from its first token to
    /// its last. (Stable Rust cannot join the two.)
    fn result_spans(&self) -> (Span, Span) {
        let tokens = match &self.function.signature.output {
            ReturnType::Type(_, result) => result.to_token_stream(),
            ReturnType::Default => TokenStream::new(),
        };
        let mut spans = tokens.into_iter().map(|token| Span::mixed_site().located_at(token.span()));
        let start = spans.next().unwrap_or_else(Span::mixed_site);
        (start, spans.last().unwrap_or(start))
    }

    /// The path to the crate, for a call whose errors the compiler reports at `span`.
    fn crate_path_at(&self, span: Span) -> TokenStream {
        let Some(path) = &self.options.crate_path else {
            return quote_spanned!(span=> ::crochet);
        };
        let tokens = path.to_token_stream().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        });
        tokens.collect()
    }

    /// The original, beside the blocking function.
    fn original(&self) -> TokenStream {
        let name = &self.function.signature.ident;
        let text = match self.kind {
            Kind::WaitFor => format!(" The original of `{name}`, which waits for it."),
            Kind::RunInReactor => {
                format!(" The original of `{name}`, which runs it in the reactor.")
            }
        };
        let visibility = self.options.wrapped.as_ref().map(|wrapped| &wrapped.visibility);
        let visibility = visibility.filter(|given| !matches!(given, Visibility::Inherited));
        let mut visibility = visibility.to_token_stream();
        let mut allow = None;
        if self.callee == Callee::Copied {
            // The blocking function calls its copy, so the original may be unused, and the user
            // must get no warning for that. The compiler does not report an unused function whose
            // first token comes from a macro and is no part of the signature: hence `pub(self)`,
            // which means private. The price: if the function is in an `impl`, the compiler does
            // not report other unused methods of that `impl` either, because it reports all of them
            // in one message.
            let span = Span::mixed_site();
            if visibility.is_empty() {
                visibility = quote_spanned!(span=> pub(self));
            }
            visibility = beginning_at(span, visibility);
            // Clippy reports the blocking function, in this case.
            allow = self
                .has_many_arguments()
                .then_some(quote_spanned!(span=> #[allow(clippy::too_many_arguments)]));
        }
        let original = self.under_name(self.original.clone(), visibility);
        quote_spanned!(Span::mixed_site()=> #[doc = #text] #allow #original)
    }

    /// The copy in the blocking function, whose warnings would only repeat those of the original.
    ///
    /// `allow(warnings)` conflicts with `forbid(warnings)` and with no other `forbid`: a lint that
    /// the crate denies or forbids stays an error. `dead_code` ignores names with an underscore: an
    /// unused copy is in an unused function, which the compiler reports.
    fn nested_copy(&self, name: &Ident) -> TokenStream {
        // Named at the attribute: where the user wrote the name, editors show the original alone.
        let mut name = name.clone();
        name.set_span(Span::mixed_site());
        let copy = self.under_name(name, TokenStream::new());
        quote_spanned!(Span::mixed_site()=> #[allow(warnings)] #copy)
    }

    /// The original as the user wrote it, but for its name, its visibility, and a use of the
    /// arguments that the options use.
    fn under_name(&self, name: Ident, visibility: TokenStream) -> TokenStream {
        let Function { attributes, signature, body, .. } = self.function;
        let attributes =
            attributes.iter().filter(|at| inspect::is_for_both(at)).map(without_expectation);
        let signature = Signature { ident: name, ..signature.clone() };
        let uses = self.arguments.uses(&self.options.expressions());
        let (inner_attributes, statements) = inspect::split_inner_attributes(body.stream());
        let statements = quote!(#inner_attributes #uses #statements);
        let mut with_uses = Group::new(Delimiter::Brace, statements);
        with_uses.set_span(body.span());
        quote!(#(#attributes)* #visibility #signature #with_uses)
    }
}

/// Places the first token at `span`.
fn beginning_at(span: Span, tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter();
    let first = tokens.next().map(|mut first| {
        first.set_span(span);
        first
    });
    first.into_iter().chain(tokens).collect()
}

fn parenthesized(span: Span, tokens: TokenStream) -> Group {
    let mut group = Group::new(Delimiter::Parenthesis, tokens);
    group.set_span(span);
    group
}

/// Replaces `expect` by `allow`: a warning that is expected may come up in one of the two functions
/// only.
fn without_expectation(attribute: &Attribute) -> Attribute {
    let mut attribute = attribute.clone();
    if let syn::Meta::List(list) = &mut attribute.meta {
        if list.path.is_ident("expect") {
            list.path = Ident::new("allow", list.path.span()).into();
        }
    }
    attribute
}

#[cfg(test)]
mod tests;
