//! The options of `#[blocking(..)]`: of the attribute itself, and of its helper on one function.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Path, Result, Token, TypePath};

use crate::args::{Errors, Timeout, skip_value, timeout};

/// `error = ..`: how a failure of the wait becomes the function's error.
#[derive(Clone)]
pub(crate) enum ErrorMode {
    /// By `E::from`, without the option.
    From,
    /// `error = wrap`: results become `Result<T, crochet::Error<E>>`.
    Wrap,
    /// `error = path`: a function from `crochet::Error` to `E`.
    With(Expr),
}

/// `A as B` in `types(..)`, perhaps with `= path` after it.
pub(crate) struct TypePair {
    pub(crate) from: Path,
    pub(crate) to: Path,
    pub(crate) make: Option<Expr>,
}

/// The options of both the attribute and its helper.
#[derive(Default)]
pub(crate) struct Common {
    pub(crate) timeout: Option<Timeout>,
    pub(crate) reactor: Option<Expr>,
    pub(crate) error: Option<ErrorMode>,
}

#[derive(Default)]
pub(crate) struct Options {
    /// `as = ..`; `None` only after an error.
    pub(crate) twin: Option<TypePath>,
    pub(crate) common: Common,
    pub(crate) crate_path: Option<Path>,
    pub(crate) make: Option<Expr>,
    pub(crate) types: Vec<TypePair>,
}

/// The helper `#[blocking(..)]` on one function.
#[derive(Default)]
pub(crate) struct Helper {
    pub(crate) skip: bool,
    pub(crate) common: Common,
}

impl Options {
    /// Parses the options; the wrong ones become errors and are left out.
    pub(crate) fn parse(args: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let complete = parse_list(args, errors, |key, input, errors| match key {
            "as" => {
                options.twin = Some(input.parse()?);
                Ok(true)
            }
            "make" => value(input, &mut options.make),
            "crate" => {
                options.crate_path = Some(Path::parse_mod_style(input)?);
                Ok(true)
            }
            "types" => {
                options.types = types(input)?;
                Ok(true)
            }
            _ => options.common.parse_one(key, input, errors),
        });
        if complete && options.twin.is_none() {
            let text = "which type is the blocking one? write `#[crochet::blocking(as = \
                        blocking::Client, timeout = 30.0)]`, and `pub struct Client(pub(crate) \
                        super::Client)` in the module `blocking`";
            errors.push(Error::new(Span::call_site(), text));
        }
        options
    }
}

impl Helper {
    pub(crate) fn parse(args: TokenStream, errors: &mut Errors) -> Self {
        let mut helper = Self::default();
        parse_list(args, errors, |key, input, errors| match key {
            "skip" => {
                helper.skip = true;
                Ok(true)
            }
            _ => helper.common.parse_one(key, input, errors),
        });
        helper
    }
}

impl Common {
    fn parse_one(
        &mut self,
        key: &str,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> Result<bool> {
        match key {
            "timeout" => self.timeout = errors.take(timeout(input.parse()?).map(Some)),
            "reactor" => self.reactor = Some(input.parse()?),
            "error" => {
                let mode: Expr = input.parse()?;
                self.error = Some(match &mode {
                    Expr::Path(path) if path.path.is_ident("wrap") => ErrorMode::Wrap,
                    _ => ErrorMode::With(mode),
                });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn value(input: ParseStream<'_>, to: &mut Option<Expr>) -> Result<bool> {
    *to = Some(input.parse()?);
    Ok(true)
}

/// Parses options one by one, and tells whether it reached the end. `parse_one` gets the name of an
/// option, and tells whether there is such an option.
fn parse_list(
    args: TokenStream,
    errors: &mut Errors,
    mut parse_one: impl FnMut(&str, ParseStream<'_>, &mut Errors) -> Result<bool>,
) -> bool {
    let mut seen: Vec<String> = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if !input.peek(Ident::peek_any) {
                return Err(input.error("an option has a name: write `timeout = 5.0`"));
            }
            let key = input.call(Ident::parse_any)?;
            let name = key.to_string();
            if seen.contains(&name) {
                let text = format!("`{name}` is given twice: leave one out");
                errors.push(Error::new(key.span(), text));
                skip_value(input)?;
            } else {
                let is_bare = matches!(name.as_str(), "types" | "skip");
                if !is_bare && input.peek(Token![=]) {
                    input.parse::<Token![=]>()?;
                } else if !is_bare && KNOWN.contains(&name.as_str()) {
                    return Err(input.error(format!("expected `=`: write `{name} = ..`")));
                }
                if !parse_one(&name, input, errors)? {
                    errors.push(Error::new(key.span(), unknown(&name)));
                    skip_value(input)?;
                }
                seen.push(name);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let parsed = parser.parse2(args);
    let complete = parsed.is_ok();
    errors.take(parsed);
    complete
}

const KNOWN: [&str; 6] = ["as", "make", "crate", "timeout", "reactor", "error"];

/// The message about an option that does not exist, or not in this place.
fn unknown(name: &str) -> String {
    match name {
        "skip" => "`skip` is for one function: write `#[blocking(skip)]` above it".to_owned(),
        "as" | "make" | "crate" | "types" => {
            format!(
                "`{name}` is for the whole `impl` or trait: write it in the attribute above that"
            )
        }
        _ => format!(
            "there is no option `{name}`: `blocking` has `as`, `timeout`, `types`, `error`, `make`, \
             `reactor` and `crate`; on one function `timeout`, `error`, `reactor` and `skip`"
        ),
    }
}

/// `(A as B, C as D = path)`
fn types(input: ParseStream<'_>) -> Result<Vec<TypePair>> {
    if !input.peek(syn::token::Paren) {
        return Err(input.error(TYPES));
    }
    let content;
    syn::parenthesized!(content in input);
    let pairs = Punctuated::<TypePair, Token![,]>::parse_terminated(&content)?;
    Ok(pairs.into_iter().collect())
}

const TYPES: &str = "which types have a blocking form? write `types(Session as blocking::Session)`";

impl Parse for TypePair {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let from = plain_path(input)?;
        if !input.peek(Token![as]) {
            return Err(input.error(TYPES));
        }
        input.parse::<Token![as]>()?;
        let to = plain_path(input)?;
        let make = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        Ok(Self { from, to, make })
    }
}

fn plain_path(input: ParseStream<'_>) -> Result<Path> {
    let path = Path::parse_mod_style(input)?;
    if input.peek(Token![<]) {
        let text = "leave the arguments out: they stay as each function has them";
        return Err(Error::new(input.span(), text));
    }
    Ok(path)
}
