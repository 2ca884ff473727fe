//! From the user's async function to the blocking one beside it.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, GenericParam, Ident, Pat, PatType, ReceiverKind, ReturnType, Safety,
    Signature, Token, Type,
};

use crate::args::{Errors, Kind, Options, Timeout};
use crate::function::{Function, original_name};
use crate::inspect;

/// Expands one attribute. On an error the function is there nevertheless, so that there is no second
/// one wherever it is used.
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

/// How the blocking function gets at the original. An attribute is not told whether it is inside an `impl`.
enum Callee {
    /// As `Self::original`: there is a `Self`.
    Associated,
    /// As `original`: it is taken to be beside the blocking function.
    Free,
    /// As `original`, of which it has a copy inside: that works in both places.
    Copied,
}

impl Callee {
    fn new(function: &Function, options: &Options) -> Self {
        let Signature { generics, inputs, output, .. } = &function.signature;
        let timeout = match &options.timeout {
            Some(Timeout::Expr(timeout)) => Some(timeout),
            _ => None,
        };
        let (reactor, where_clause) = (&options.reactor, &generics.where_clause);
        let around = quote!(#generics #where_clause #inputs #output #timeout #reactor);
        let body = function.body.stream();
        if function.signature.receiver().is_some()
            || inspect::mentions_self(around)
            || inspect::body_mentions_self(body.clone())
        {
            Self::Associated
        } else if function.is_main() || inspect::is_unique(body) {
            Self::Free
        } else {
            Self::Copied
        }
    }
}

/// All parts of the output.
struct Expansion<'a> {
    kind: Kind,
    function: &'a Function,
    options: &'a Options,
    /// The original's name.
    original: Ident,
    /// The arguments as the blocking function takes them.
    parameters: Vec<FnArg>,
    /// The same as it passes them on.
    arguments: Vec<TokenStream>,
    /// What `timeout = ..` may refer to, beside the parameters.
    bindings: TokenStream,
}

impl<'a> Expansion<'a> {
    fn new(kind: Kind, function: &'a Function, options: &'a Options) -> Self {
        let name = &function.signature.ident;
        let original = match &options.wrapped {
            Some(wrapped) if wrapped.name != *name => wrapped.name.clone(),
            _ => original_name(name),
        };
        let mut this = Self {
            kind,
            function,
            options,
            original,
            parameters: Vec::new(),
            arguments: Vec::new(),
            bindings: TokenStream::new(),
        };
        for (index, argument) in function.signature.inputs.iter().enumerate() {
            this.add_argument(index, argument.clone());
        }
        this
    }

    /// Takes the argument under the name, or names, that the user gave it, if these can be put together
    /// again; else under a name of its own.
    fn add_argument(&mut self, index: usize, mut argument: FnArg) {
        let passed_on = match &mut argument {
            FnArg::Receiver(receiver) => {
                if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
                    receiver.mutability = None;
                }
                receiver.self_token.to_token_stream()
            }
            FnArg::Typed(PatType { pat, .. }) => {
                if !inspect::make_expression(pat) {
                    let span = Span::mixed_site().located_at(pat.span());
                    let name = format_ident!("argument{index}", span = span);
                    if !matches!(**pat, Pat::Wild(_)) {
                        self.bindings.extend(
                            quote_spanned!(span=> #[allow(unused_variables)] let #pat = &#name;),
                        );
                    }
                    **pat = syn::parse_quote!(#name);
                }
                pat.to_token_stream()
            }
        };
        self.parameters.push(argument);
        self.arguments.push(passed_on);
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
    /// Where one place would give two warnings, one of them is allowed.
    ///
    /// `run_in_reactor` has `move || Self::NAME_async(ARGUMENTS)`, and returns `Eventual<RESULT>`. After
    /// an error that the call would only repeat, the blocking function has no body to speak of.
    fn items(&self, callable: bool) -> TokenStream {
        let Function { attributes, visibility, signature, .. } = self.function;
        let attributes = attributes.iter().map(without_expectation);
        let track_caller = self
            .function
            .can_track_caller()
            .then(|| quote_spanned!(Span::mixed_site()=> #[track_caller]));
        let blocking = Signature {
            asyncness: None,
            inputs: self.parameters.iter().cloned().collect(),
            output: self.blocking_output(),
            ..signature.clone()
        };
        let statements = if callable {
            self.blocking_body()
        } else {
            quote!(#![allow(unused_variables)] loop {})
        };
        // Between the user's own braces: a function that is not the user's from its first token to its
        // last gets no warnings.
        let mut body = Group::new(Delimiter::Brace, statements);
        body.set_span(self.function.body.span());
        let original = self.original();
        let allow = quote_spanned! {Span::mixed_site()=>
            #[allow(clippy::needless_lifetimes, clippy::too_many_arguments, clippy::type_complexity)]
        };
        quote! {
            #(#attributes)*
            #allow
            #track_caller
            #visibility #blocking #body

            #original
        }
    }

    fn blocking_output(&self) -> ReturnType {
        let output = &self.function.signature.output;
        if self.kind == Kind::WaitFor {
            return output.clone();
        }
        let result = match output {
            // An error has been reported; who calls the function is not to get another.
            _ if self.function.returns_no_result() => {
                quote!(::core::result::Result<(), ::core::convert::Infallible>)
            }
            ReturnType::Type(_, result) => result.to_token_stream(),
            ReturnType::Default => TokenStream::new(),
        };
        let (start, end) = self.result_spans();
        let path = self.crate_path_at(start);
        let mut eventual = quote_spanned!(start=> #path::Eventual<#result);
        eventual.extend(quote_spanned!(end=> >));
        ReturnType::Type(Token![->](start), Box::new(Type::Verbatim(eventual)))
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
                let function = if reactor.is_some() { "wait_for_on" } else { "wait_for" };
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
        let (bindings, span) = (&self.bindings, Span::mixed_site());
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

    /// The call of the original, and what has to come before it.
    fn call(&self) -> (Option<TokenStream>, TokenStream) {
        let Signature { generics, safety, .. } = &self.function.signature;
        let (name, arguments) = (&self.original, &self.arguments);
        let (span, end) = self.result_spans();
        let mut callee = name.clone();
        callee.set_span(span);
        let given = generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(&parameter.ident),
            GenericParam::Const(parameter) => Some(&parameter.ident),
            GenericParam::Lifetime(_) => None,
        });
        let mut given = given.peekable();
        let turbofish = given.peek().is_some().then(|| quote_spanned!(span=> ::<#(#given),*>));
        let (copy, path) = match Callee::new(self.function, self.options) {
            Callee::Associated => (None, quote_spanned!(span=> Self::#callee)),
            Callee::Free => (None, callee.to_token_stream()),
            Callee::Copied => {
                let copy = self.copy();
                let allow = quote_spanned!(Span::mixed_site()=> #[allow(unused, warnings)]);
                (Some(quote!(#allow #copy)), callee.to_token_stream())
            }
        };
        let arguments = parenthesized(end, quote!(#(#arguments),*));
        let call = quote_spanned!(span=> #path #turbofish #arguments);
        match safety {
            Safety::Unsafe(_) => (copy, quote_spanned!(span=> unsafe { #call })),
            _ => (copy, call),
        }
    }

    /// Where the compiler is to say what it has to say of the job: at the result's type, from its first
    /// token to its last. (Stable Rust cannot join the two.)
    fn result_spans(&self) -> (Span, Span) {
        let tokens = match &self.function.signature.output {
            ReturnType::Type(_, result) => result.to_token_stream(),
            ReturnType::Default => TokenStream::new(),
        };
        let mut spans = tokens.into_iter().map(|token| Span::mixed_site().located_at(token.span()));
        let start = spans.next().unwrap_or_else(Span::mixed_site);
        (start, spans.last().unwrap_or(start))
    }

    /// The path to the crate, for a call that the compiler is to place at `span`.
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
        let visibility = self.options.wrapped.as_ref().map(|wrapped| &wrapped.visibility);
        let text =
            format!(" The original of `{}`, which waits for it.", self.function.signature.ident);
        let text = match self.kind {
            Kind::WaitFor => text,
            Kind::RunInReactor => text.replace("waits for it", "runs it in the reactor"),
        };
        let copy = self.copy();
        quote_spanned!(Span::mixed_site()=> #[doc = #text] #[allow(dead_code)] #visibility #copy)
    }

    /// The original as it is, under its new name.
    fn copy(&self) -> TokenStream {
        let Function { attributes, signature, body, .. } = self.function;
        let attributes =
            attributes.iter().filter(|at| inspect::is_for_both(at)).map(without_expectation);
        let signature = Signature { ident: self.original.clone(), ..signature.clone() };
        quote!(#(#attributes)* #signature #body)
    }
}

fn parenthesized(span: Span, tokens: TokenStream) -> Group {
    let mut group = Group::new(Delimiter::Parenthesis, tokens);
    group.set_span(span);
    group
}

/// `allow` instead of `expect`: what is expected may come up in one of the two functions only.
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
