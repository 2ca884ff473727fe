//! The options of both attributes.

use std::time::Duration;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Error, Expr, Ident, Lit, Path, Result, Token, UnOp, Visibility};

/// Which attribute it is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    WaitFor,
    RunInReactor,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WaitFor => "wait_for",
            Self::RunInReactor => "run_in_reactor",
        }
    }
}

/// The errors of one attribute, which are reported together.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Takes over all that another list has.
    pub(crate) fn append(&mut self, other: Self) {
        other.into_iter().for_each(|error| self.push(error));
    }

    /// The value, or its type's default after an error.
    pub(crate) fn take<T: Default>(&mut self, result: Result<T>) -> T {
        result.unwrap_or_else(|error| {
            self.push(error);
            T::default()
        })
    }
}

impl IntoIterator for Errors {
    type Item = Error;
    type IntoIter = std::iter::Flatten<std::option::IntoIter<Error>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.as_ref().map(Error::to_compile_error));
    }
}

/// `timeout = ..`
pub(crate) enum Timeout {
    Literal(Duration),
    Expr(Expr),
}

/// `wrapped = ..`: the name and visibility of the original.
pub(crate) struct Wrapped {
    pub(crate) visibility: Visibility,
    pub(crate) name: Ident,
}

#[derive(Default)]
pub(crate) struct Options {
    /// `None` under `run_in_reactor`, or after an error.
    pub(crate) timeout: Option<Timeout>,
    pub(crate) wrapped: Option<Wrapped>,
    pub(crate) reactor: Option<Expr>,
    pub(crate) crate_path: Option<Path>,
    /// `error = wrap`
    pub(crate) wraps_errors: bool,
}

impl Options {
    /// Parses the options; the wrong ones become errors and are left out.
    pub(crate) fn parse(kind: Kind, args: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut seen = Vec::new();
        let parser = |input: ParseStream<'_>| {
            while !input.is_empty() {
                options.parse_one(kind, input, &mut seen, errors)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        let parsed = parser.parse2(args);
        let complete = parsed.is_ok();
        errors.take(parsed);
        if kind == Kind::WaitFor && complete && !seen.iter().any(|key| key == "timeout") {
            let text = "how long may it take? write `#[wait_for(timeout = 5.0)]`, in seconds";
            errors.push(Error::new(Span::call_site(), text));
        }
        options
    }

    /// The expressions among the options, which may use the arguments.
    pub(crate) fn expressions(&self) -> TokenStream {
        let timeout = match &self.timeout {
            Some(Timeout::Expr(timeout)) => Some(timeout),
            _ => None,
        };
        let reactor = &self.reactor;
        quote!(#timeout #reactor)
    }

    fn parse_one(
        &mut self,
        kind: Kind,
        input: ParseStream<'_>,
        seen: &mut Vec<Ident>,
        errors: &mut Errors,
    ) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            let example = if kind == Kind::WaitFor { "timeout = 5.0" } else { "wrapped = name" };
            return Err(input.error(format!("an option has a name: write `{example}`")));
        }
        let key = input.call(Ident::parse_any)?;
        let name = key.to_string();
        if let Some(text) = unknown(kind, &name) {
            errors.push(Error::new(key.span(), text));
            return skip_value(input);
        }
        if seen.contains(&key) {
            errors.push(Error::new(key.span(), format!("`{name}` is given twice: leave one out")));
            return skip_value(input);
        }
        seen.push(key);
        input.parse::<Token![=]>()?;
        match name.as_str() {
            "timeout" => self.timeout = errors.take(timeout(input.parse()?).map(Some)),
            "reactor" => self.reactor = Some(input.parse()?),
            "crate" => self.crate_path = Some(Path::parse_mod_style(input)?),
            "error" => self.wraps_errors = errors.take(wrap(input)),
            _ => {
                let (visibility, name) = (input.parse()?, input.parse()?);
                self.wrapped = Some(Wrapped { visibility, name });
            }
        }
        Ok(())
    }
}

/// The message about an option that does not exist.
fn unknown(kind: Kind, name: &str) -> Option<String> {
    match (kind, name) {
        (_, "wrapped" | "reactor" | "crate") | (Kind::WaitFor, "timeout" | "error") => None,
        (Kind::RunInReactor, "timeout") => Some(
            "`run_in_reactor` does not wait, so it has no `timeout`: give it to the result's \
             `.wait(..)` or `.join(..)`, or write `#[wait_for(timeout = ..)]`"
                .to_owned(),
        ),
        (Kind::RunInReactor, "error") => Some(
            "`run_in_reactor` takes any error type, so it has no `error`: the result's \
             `.into_result(..)` returns it as `crochet::Error::Job`"
                .to_owned(),
        ),
        (Kind::WaitFor, _) => Some(format!(
            "there is no option `{name}`: `wait_for` has `timeout`, `error`, `wrapped`, `reactor` \
             and `crate`"
        )),
        (Kind::RunInReactor, _) => Some(format!(
            "there is no option `{name}`: `run_in_reactor` has `wrapped`, `reactor` and `crate`"
        )),
    }
}

/// Skips to the comma after an option that is not used.
pub(crate) fn skip_value(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Parses the value of `error`.
fn wrap(input: ParseStream<'_>) -> Result<bool> {
    let value: Expr = input.parse()?;
    match &value {
        Expr::Path(path) if path.path.is_ident("wrap") => Ok(true),
        _ => {
            let text = "write `error = wrap`: the function returns `Result<T, crochet::Error<E>>`, \
                        where `E` is the error type that you wrote";
            Err(Error::new_spanned(value, text))
        }
    }
}

pub(crate) fn timeout(expr: Expr) -> Result<Timeout> {
    match ungrouped(&expr) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => {
                check_suffix(number.suffix(), number.base10_digits(), expr.span())?;
                let seconds = number.base10_parse().map(Duration::from_secs);
                literal_timeout(seconds.ok(), expr.span())
            }
            Lit::Float(number) => {
                check_suffix(number.suffix(), number.base10_digits(), expr.span())?;
                let seconds = number.base10_parse().map(Duration::try_from_secs_f64);
                literal_timeout(seconds.ok().and_then(|fits| fits.ok()), expr.span())
            }
            _ => Ok(Timeout::Expr(expr)),
        },
        Expr::Unary(negation) if is_negative_number(&negation.op, &negation.expr) => {
            let text =
                "a timeout cannot be negative: write the seconds to wait, as in `timeout = 5.0`";
            Err(Error::new_spanned(expr, text))
        }
        _ => Ok(Timeout::Expr(expr)),
    }
}

/// An expression without the invisible group that a `macro_rules` variable puts around it.
fn ungrouped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => ungrouped(&group.expr),
        _ => expr,
    }
}

fn is_negative_number(op: &UnOp, operand: &Expr) -> bool {
    let Expr::Lit(literal) = ungrouped(operand) else { return false };
    matches!(op, UnOp::Neg(_)) && matches!(literal.lit, Lit::Int(_) | Lit::Float(_))
}

fn check_suffix(suffix: &str, digits: &str, span: Span) -> Result<()> {
    if suffix.is_empty() {
        return Ok(());
    }
    let text = format!("a timeout is a plain number of seconds: write `timeout = {digits}`");
    Err(Error::new(span, text))
}

fn literal_timeout(seconds: Option<Duration>, span: Span) -> Result<Timeout> {
    match seconds {
        None => {
            let text =
                "this timeout is too large: write `timeout = Duration::MAX` to wait for ever";
            Err(Error::new(span, text))
        }
        Some(Duration::ZERO) => {
            let text = "a timeout of zero leaves no time: write the seconds to wait, as in \
                        `timeout = 5.0`, or `timeout = Duration::ZERO` to take only what is ready";
            Err(Error::new(span, text))
        }
        Some(timeout) => Ok(Timeout::Literal(timeout)),
    }
}
