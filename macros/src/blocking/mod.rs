//! `#[blocking(..)]`: a blocking API beside a whole async one.

mod attributes;
mod bridge;
mod call;
mod convert;
mod docs;
mod function;
mod impl_block;
mod inputs;
mod item;
mod method;
mod options;
mod output;
mod paths;
mod trait_def;
mod types;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error};

use crate::args::Errors;
use impl_block::Impl;
use options::Options;
use trait_def::Trait;

/// Expands the attribute. After an error the item is there nevertheless, so that its users do not
/// get a second one.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let parsed = match Annotated::parse.parse2(item.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    let options = Options::parse(args, &mut errors);
    let items = match parsed {
        Annotated::Impl(item) => item.expand(&options, &mut errors),
        Annotated::Trait(item) => item.expand(&options, &mut errors),
    };
    quote!(#errors #items)
}

/// The item that has the attribute.
enum Annotated {
    Impl(Impl),
    Trait(Trait),
}

impl Annotated {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let start = input.span();
        let mut words = input.cursor().token_stream().into_iter().map(|token| token.to_string());
        match words.find(|word| ["impl", "trait", "fn", "struct", "enum"].contains(&word.as_str()))
        {
            Some(word) if word == "impl" => Impl::parse(attributes, input).map(Self::Impl),
            Some(word) if word == "trait" => Trait::parse(attributes, input).map(Self::Trait),
            _ => Err(Error::new(
                start,
                "`#[crochet::blocking]` is for a whole `impl` or a trait; for one function there is \
                 `#[crochet::wait_for]`",
            )),
        }
    }
}

/// The path to this crate.
fn crate_path(options: &Options) -> TokenStream {
    match &options.crate_path {
        Some(path) => path.to_token_stream(),
        None => quote_spanned!(Span::mixed_site()=> ::crochet),
    }
}

#[cfg(test)]
mod tests;
