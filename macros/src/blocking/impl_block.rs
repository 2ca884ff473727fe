//! `#[blocking(..)]` on an `impl`: an `impl` of the twin beside it.

use std::cell::Cell;

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{
    Attribute, Error, GenericArgument, GenericParam, Generics, PathArguments, Result, Token, Type,
    TypePath, Visibility,
};

use super::attributes::attributes;
use super::docs;
use super::item::{Item, ItemKind, Way, conditional, parse_items, without_helpers};
use super::method::{Context, Method, Place};
use super::options::Options;
use super::paths::without_arguments;
use super::types::{CONSTANTS, Names};
use crate::args::Errors;

/// The user's `impl`, with its body unparsed.
pub(crate) struct Impl {
    attributes: Vec<Attribute>,
    /// From the attributes to the body.
    head: TokenStream,
    generics: Generics,
    ty: TypePath,
    body: Group,
}

impl Impl {
    pub(crate) fn parse(attributes: Vec<Attribute>, input: ParseStream<'_>) -> Result<Self> {
        let head = head(input);
        if input.peek(Token![unsafe]) {
            input.parse::<Token![unsafe]>()?;
        }
        input.parse::<Token![impl]>()?;
        let mut generics: Generics = input.parse()?;
        let ty: Type = input.parse()?;
        if let Some(word) = input.parse::<Option<Token![for]>>()? {
            let text = "this is the `impl` of a trait, which has room for the trait's functions only: write \
                        `#[crochet::blocking(..)]` on the trait";
            return Err(Error::new(word.span, text));
        }
        generics.where_clause = input.parse()?;
        let body = body(input)?;
        match ty {
            Type::Path(ty) if ty.qself.is_none() => {
                Ok(Self { attributes, head, generics, ty, body })
            }
            other => {
                let text = "a twin is a struct around a value of this type: write an `impl` of a struct or an enum";
                Err(Error::new_spanned(other, text))
            }
        }
    }

    /// ```text
    /// Input:
    ///     #[blocking(as = TWIN, ..)]
    ///     impl<GENERICS> TYPE where CLAUSE { ITEMS }
    ///
    /// Output:
    ///     impl<GENERICS> TYPE where CLAUSE { ITEMS }
    ///     impl<GENERICS> TWIN where CLAUSE { METHODS }
    /// ```
    pub(crate) fn expand(&self, options: &Options, errors: &mut Errors) -> TokenStream {
        let original = self.original();
        let items = parse_items(self.body.stream(), errors).map(Some);
        let (Some(twin), Some(items)) = (&options.twin, errors.take(items)) else {
            return original;
        };
        if !self.has_its_arguments(twin, errors) {
            return original;
        }
        let context = self.context(options, twin, &items);
        let mut output = TokenStream::new();
        for item in &items {
            for (condition, way) in item.ways(errors) {
                let mut found = Errors::default();
                let written = expand_item(&context, item, way, &mut found);
                output.extend(conditional(condition.as_ref(), found, errors));
                if !written.is_empty() {
                    output.extend(quote!(#condition #written));
                }
            }
        }
        let (levels, _) = attributes(&self.attributes);
        let generics = context.names.original_self(self.generics.to_token_stream());
        let clause = self.generics.where_clause.as_ref();
        let clause = clause.map(|clause| context.names.original_self(clause.to_token_stream()));
        quote! {
            #original

            #(#levels)*
            impl #generics #twin #clause {
                #output
            }
        }
    }

    fn original(&self) -> TokenStream {
        let (attributes, head, body) = (&self.attributes, &self.head, without_helpers(&self.body));
        quote!(#(#attributes)* #head #body)
    }

    /// A generic type's twin is generic, too.
    fn has_its_arguments(&self, twin: &TypePath, errors: &mut Errors) -> bool {
        let given = twin.path.segments.last().is_none_or(|last| !last.arguments.is_empty());
        let names: Vec<_> = self
            .generics
            .params
            .iter()
            .filter_map(|parameter| match parameter {
                GenericParam::Type(parameter) => Some(parameter.ident.to_string()),
                GenericParam::Const(parameter) => Some(parameter.ident.to_string()),
                GenericParam::Lifetime(_) => None,
            })
            .collect();
        if given || names.is_empty() {
            return true;
        }
        let path = docs::link(twin);
        let text =
            format!("this twin has arguments, too: write `as = {path}<{}>`", names.join(", "));
        errors.push(Error::new_spanned(twin, text));
        false
    }

    fn context<'a>(&self, options: &'a Options, twin: &TypePath, items: &[Item]) -> Context<'a> {
        let own = (&self.ty, twin, options.make.as_ref());
        let ty = &self.ty;
        let plain = without_arguments(&ty.path);
        let last = ty.path.segments.last();
        // The compiler infers lifetimes from the arguments.
        let is_plain = last.is_none_or(|last| match &last.arguments {
            PathArguments::AngleBracketed(list) => {
                list.args.iter().all(|argument| matches!(argument, GenericArgument::Lifetime(_)))
            }
            _ => last.arguments.is_none(),
        });
        Context {
            options,
            names: Names::new(Some(own), &options.types),
            krate: super::crate_path(options),
            original: if is_plain { quote!(#plain) } else { quote!(<#ty>) },
            link: docs::link(&plain),
            place: Place::Impl,
            kept: kept(items, |item| !matches!(item.visibility, Visibility::Inherited)),
            asked_for_timeout: Cell::new(false),
        }
    }
}

/// The names of the functions and constants that the twin has.
pub(crate) fn kept(items: &[Item], is_public: impl Fn(&Item) -> bool) -> Vec<String> {
    let is_kept =
        |item: &&Item| is_public(item) && !item.helpers.iter().any(|helper| helper.options.skip);
    let name = |item: &Item| match &item.kind {
        ItemKind::Fn(signature) => Some(signature.ident.to_string()),
        ItemKind::Const { name, .. } => Some(name.to_string()),
        ItemKind::Type(ty) => Some(ty.name.to_string()),
        ItemKind::Macro(_) | ItemKind::Other(_) => None,
    };
    items.iter().filter(is_kept).filter_map(name).collect()
}

fn expand_item(
    context: &Context<'_>,
    item: &Item,
    way: Way<'_>,
    errors: &mut Errors,
) -> TokenStream {
    if way.is_skipped() {
        return TokenStream::new();
    }
    match &item.kind {
        ItemKind::Macro(span) => {
            errors.push(Error::new(*span, MACRO));
            return TokenStream::new();
        }
        _ if matches!(item.visibility, Visibility::Inherited) => return TokenStream::new(),
        _ => {}
    }
    match &item.kind {
        ItemKind::Fn(signature) => {
            let method = context.method(item, signature, way, errors);
            let Method { docs, attributes, everywhere, track_caller, visibility, signature, body } =
                method;
            quote! {
                #(#docs)*
                #(#everywhere)*
                #(#attributes)*
                #track_caller
                #visibility #signature #body
            }
        }
        ItemKind::Const { name, ty } => {
            let mut ty = (**ty).clone();
            context.names.refuse(ty.to_token_stream(), CONSTANTS, errors);
            if !errors.is_empty() {
                return TokenStream::new();
            }
            context.names.replace_constants(&mut ty);
            let (everywhere, attributes) = attributes(&item.attributes);
            let link = format!("The same as [`{}::{name}`] of the async API.", context.link);
            let docs = docs::twin(&item.attributes, &link, None, &|name| context.rename(name));
            let (visibility, original) = (&item.visibility, &context.original);
            quote! {
                #(#docs)*
                #(#everywhere)*
                #(#attributes)*
                #visibility const #name: #ty = #original::#name;
            }
        }
        ItemKind::Type(_) | ItemKind::Other(_) | ItemKind::Macro(_) => {
            let span = match &item.kind {
                ItemKind::Other(span) => *span,
                ItemKind::Type(ty) => ty.name.span(),
                _ => Span::call_site(),
            };
            errors.push(Error::new(span, OTHER));
            TokenStream::new()
        }
    }
}

pub(crate) const MACRO: &str = "what a macro makes cannot be seen from here: write `#[blocking(skip)]` above it, or \
                                put the functions that it makes into an `impl` without the attribute";
pub(crate) const OTHER: &str =
    "only functions and constants can be passed on: write `#[blocking(skip)]` above";

/// Looks ahead: all tokens up to the braces at the end.
pub(crate) fn head(input: ParseStream<'_>) -> TokenStream {
    let rest = input.cursor().token_stream();
    let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace);
    let mut tokens: Vec<_> = rest.into_iter().collect();
    let last = tokens.iter().rposition(is_body).unwrap_or(tokens.len());
    tokens.truncate(last);
    tokens.into_iter().collect()
}

/// The braces at the end.
pub(crate) fn body(input: ParseStream<'_>) -> Result<Group> {
    match input.parse::<TokenTree>()? {
        TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace => Ok(group),
        other => Err(Error::new(other.span(), "expected `{`")),
    }
}
