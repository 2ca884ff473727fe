//! The items of an `impl` or a trait. The bodies of functions are not parsed: the compiler reports
//! what is wrong there.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Generics, Ident, Meta, Result, Signature, Token, Type, TypeParamBound,
    Visibility,
};

use super::options::Helper;
use crate::args::Errors;

/// One item, without its helper attributes.
pub(crate) struct Item {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) helpers: Vec<HelperAttribute>,
    pub(crate) visibility: Visibility,
    pub(crate) kind: ItemKind,
}

pub(crate) enum ItemKind {
    Fn(Box<Signature>),
    Const {
        name: Ident,
        ty: Box<Type>,
    },
    Type(Box<AssociatedType>),
    Macro(Span),
    /// An item that this parser does not know.
    Other(Span),
}

/// `type Name<..>: Bounds where ..;`
pub(crate) struct AssociatedType {
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) bounds: Punctuated<TypeParamBound, Token![+]>,
}

/// `#[blocking(..)]`, or the same inside `#[cfg_attr(condition, ..)]`.
pub(crate) struct HelperAttribute {
    pub(crate) condition: Option<TokenStream>,
    pub(crate) span: Span,
    pub(crate) options: Helper,
}

/// Parses all items.
pub(crate) fn parse_items(body: TokenStream, errors: &mut Errors) -> Result<Vec<Item>> {
    let parser = |input: ParseStream<'_>| {
        input.call(Attribute::parse_inner)?;
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(Item::parse(input, errors)?);
        }
        Ok(items)
    };
    parser.parse2(body)
}

impl Item {
    fn parse(input: ParseStream<'_>, errors: &mut Errors) -> Result<Self> {
        let (mut attributes, mut helpers) = (Vec::new(), Vec::new());
        for attribute in input.call(Attribute::parse_outer)? {
            let (attribute, found) = split(attribute, errors)?;
            attributes.extend(attribute);
            helpers.extend(found);
        }
        let visibility = input.parse()?;
        let kind = ItemKind::parse(input)?;
        Ok(Self { attributes, helpers, visibility, kind })
    }

    /// Returns the ways to treat the item, each with its condition. There are two if the helper is
    /// inside a `cfg_attr`.
    pub(crate) fn ways(&self, errors: &mut Errors) -> Vec<(Option<TokenStream>, Way<'_>)> {
        if let Some(second) = self.helpers.get(1) {
            let text = "this is the second `#[blocking(..)]` here: write all options into one";
            errors.push(Error::new(second.span, text));
        }
        match self.helpers.first() {
            None => vec![(None, Way::Plain)],
            Some(HelperAttribute { condition: None, options, .. }) => {
                vec![(None, Way::Helped(options))]
            }
            Some(HelperAttribute { condition: Some(condition), options, .. }) => vec![
                (Some(quote!(#[cfg(#condition)])), Way::Helped(options)),
                (Some(quote!(#[cfg(not(#condition))])), Way::Plain),
            ],
        }
    }
}

/// Returns the errors of an item that has a condition, under that condition; reports those of an
/// item without one.
pub(crate) fn conditional(
    condition: Option<&TokenStream>,
    found: Errors,
    errors: &mut Errors,
) -> TokenStream {
    match condition {
        Some(condition) => {
            let found = found.into_iter().map(|error| error.to_compile_error());
            quote!(#(#condition #found)*)
        }
        None => {
            errors.append(found);
            TokenStream::new()
        }
    }
}

/// With the options of a helper attribute, or without.
#[derive(Clone, Copy)]
pub(crate) enum Way<'a> {
    Plain,
    Helped(&'a Helper),
}

impl<'a> Way<'a> {
    pub(crate) fn helper(self) -> Option<&'a Helper> {
        match self {
            Self::Plain => None,
            Self::Helped(helper) => Some(helper),
        }
    }

    pub(crate) fn is_skipped(self) -> bool {
        self.helper().is_some_and(|helper| helper.skip)
    }
}

impl ItemKind {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let start = input.span();
        let fork = input.fork();
        if let Ok(signature) = Signature::parse(&fork) {
            if fork.peek(syn::token::Brace) || fork.peek(Token![;]) || is_group(&fork) {
                input.advance_to(&fork);
                input.parse::<TokenTree>()?;
                return Ok(Self::Fn(Box::new(signature)));
            }
        }
        if input.peek(Token![const]) && input.peek2(Ident) && input.peek3(Token![:]) {
            input.parse::<Token![const]>()?;
            let name = input.parse()?;
            input.parse::<Token![:]>()?;
            let ty = input.parse()?;
            rest(input)?;
            return Ok(Self::Const { name, ty });
        }
        if input.peek(Token![type]) {
            return associated_type(input).map(|ty| Self::Type(Box::new(ty)));
        }
        let fork = input.fork();
        let is_macro = fork.call(syn::Path::parse_mod_style).is_ok() && fork.peek(Token![!]);
        rest(input)?;
        Ok(if is_macro { Self::Macro(start) } else { Self::Other(start) })
    }
}

fn associated_type(input: ParseStream<'_>) -> Result<AssociatedType> {
    input.parse::<Token![type]>()?;
    let name = input.parse()?;
    let mut generics: Generics = input.parse()?;
    let mut bounds = Punctuated::new();
    if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        while !(input.peek(Token![;]) || input.peek(Token![=]) || input.peek(Token![where])) {
            bounds.push_value(input.parse()?);
            if !input.peek(Token![+]) {
                break;
            }
            bounds.push_punct(input.parse()?);
        }
    }
    generics.where_clause = input.parse()?;
    rest(input)?;
    Ok(AssociatedType { name, generics, bounds })
}

/// Whether an invisible group is next: a `macro_rules` variable puts one around a body.
fn is_group(input: ParseStream<'_>) -> bool {
    input.cursor().group(Delimiter::None).is_some()
}

/// Skips to the end of an item: a semicolon, or closing braces.
fn rest(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() {
        let is_end = match input.parse::<TokenTree>()? {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            // In `= { .. };` the end comes after them.
            TokenTree::Group(group) => {
                group.delimiter() == Delimiter::Brace && !input.peek(Token![;])
            }
            _ => false,
        };
        if is_end {
            break;
        }
    }
    Ok(())
}

/// Takes the helper attributes out of an attribute: out of itself, or out of a `cfg_attr`.
fn split(
    attribute: Attribute,
    errors: &mut Errors,
) -> Result<(Option<Attribute>, Vec<HelperAttribute>)> {
    if is_helper(&attribute.meta) {
        let helper = HelperAttribute::new(None, &attribute.meta, errors);
        return Ok((None, vec![helper]));
    }
    let Some((condition, metas)) = cfg_attr(&attribute) else {
        return Ok((Some(attribute), Vec::new()));
    };
    let (found, kept): (Vec<_>, Vec<_>) = metas.into_iter().partition(is_helper);
    if found.is_empty() {
        return Ok((Some(attribute), Vec::new()));
    }
    let helpers = found.iter().map(|meta| HelperAttribute::new(Some(&condition), meta, errors));
    let helpers = helpers.collect();
    let kept = (!kept.is_empty()).then(|| syn::parse_quote!(#[cfg_attr(#condition, #(#kept),*)]));
    Ok((kept, helpers))
}

impl HelperAttribute {
    fn new(condition: Option<&TokenStream>, meta: &Meta, errors: &mut Errors) -> Self {
        let span = meta.path().segments.last().map_or_else(Span::call_site, |at| at.ident.span());
        let options = match meta {
            Meta::List(list) => Helper::parse(list.tokens.clone(), errors),
            _ => {
                let text =
                    "which options? write `#[blocking(skip)]`, or `#[blocking(timeout = 5.0)]`";
                errors.push(Error::new(span, text));
                Helper::default()
            }
        };
        Self { condition: condition.cloned(), span, options }
    }
}

/// The condition of a `cfg_attr`, and its attributes.
pub(crate) fn cfg_attr(attribute: &Attribute) -> Option<(TokenStream, Vec<Meta>)> {
    let Meta::List(list) = &attribute.meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let metas = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    let mut metas = metas.into_iter();
    let condition = metas.next()?.to_token_stream();
    Some((condition, metas.collect()))
}

/// `blocking`, or `crochet::blocking`.
fn is_helper(meta: &Meta) -> bool {
    let path = meta.path();
    let names: Vec<_> = path.segments.iter().map(|segment| &segment.ident).collect();
    match names[..] {
        [only] => only == "blocking",
        [first, last] => first == "crochet" && last == "blocking",
        _ => false,
    }
}

/// The braces' content as it was written, without helper attributes.
pub(crate) fn without_helpers(body: &Group) -> Group {
    let mut tokens = TokenStream::new();
    let mut rest = body.stream().into_iter().peekable();
    while let Some(token) = rest.next() {
        if let (TokenTree::Punct(hash), Some(TokenTree::Group(group))) = (&token, rest.peek()) {
            if hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket {
                let written = quote!(#token #group);
                let parsed = Attribute::parse_outer.parse2(written).unwrap_or_default();
                let has_helper = |attribute: &Attribute| {
                    is_helper(&attribute.meta)
                        || cfg_attr(attribute).is_some_and(|(_, metas)| metas.iter().any(is_helper))
                };
                if parsed.iter().any(has_helper) {
                    rest.next();
                    let mut seen = Errors::default();
                    for attribute in parsed {
                        if let Ok((Some(kept), _)) = split(attribute, &mut seen) {
                            kept.to_tokens(&mut tokens);
                        }
                    }
                    continue;
                }
            }
        }
        tokens.extend([token]);
    }
    let mut group = Group::new(body.delimiter(), tokens);
    group.set_span(body.span());
    group
}
