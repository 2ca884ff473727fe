//! `#[blocking(..)]` on a trait: a blocking trait beside it, and an `impl` of that for every type
//! that has the async one.

use std::cell::Cell;

use proc_macro2::{Group, Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, GenericParam, Generics, Meta, Result, Signature, Token, TypeParamBound,
    TypePath, Visibility,
};

use super::attributes::attributes;
use super::docs;
use super::impl_block::{MACRO, OTHER, body, head, kept};
use super::item::{AssociatedType, Item, ItemKind, Way, conditional, parse_items, without_helpers};
use super::method::{Context, Method, Place};
use super::options::Options;
use super::types::{CONSTANTS, Names};
use crate::args::Errors;
use crate::inspect;

/// The user's trait, with its body unparsed.
pub(crate) struct Trait {
    attributes: Vec<Attribute>,
    /// From the attributes to the body.
    head: TokenStream,
    visibility: Visibility,
    name: Ident,
    generics: Generics,
    bounds: Punctuated<TypeParamBound, Token![+]>,
    body: Group,
}

/// The items of the blocking trait, and of its `impl`.
#[derive(Default)]
struct Written {
    declared: TokenStream,
    implemented: TokenStream,
}

impl Trait {
    pub(crate) fn parse(attributes: Vec<Attribute>, input: ParseStream<'_>) -> Result<Self> {
        let head = head(input);
        let visibility = input.parse()?;
        if input.peek(Token![unsafe]) {
            input.parse::<Token![unsafe]>()?;
        }
        input.parse::<Token![trait]>()?;
        let name = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let mut bounds = Punctuated::new();
        if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
            while !(input.peek(Token![where]) || input.peek(syn::token::Brace)) {
                bounds.push_value(input.parse()?);
                if !input.peek(Token![+]) {
                    break;
                }
                bounds.push_punct(input.parse()?);
            }
        }
        generics.where_clause = input.parse()?;
        let body = body(input)?;
        Ok(Self { attributes, head, visibility, name, generics, bounds, body })
    }

    /// ```text
    /// Input:
    ///     #[blocking(as = TWIN, ..)]
    ///     VISIBILITY trait NAME<GENERICS>: BOUNDS { ITEMS }
    ///
    /// Output:
    ///     VISIBILITY trait NAME<GENERICS>: BOUNDS { ITEMS }
    ///     VISIBILITY trait TWIN<GENERICS>: BOUNDS { METHODS }
    ///     impl<T: NAME<GENERICS> + ?Sized> TWIN<GENERICS> for T { METHODS }
    /// ```
    pub(crate) fn expand(&self, options: &Options, errors: &mut Errors) -> TokenStream {
        let original = self.original();
        if let Some(make) = &options.make {
            let text = "a trait's twin is had by the same types, so that nothing is made of them: leave `make` out";
            errors.push(Error::new(make.span(), text));
        }
        let twin = options.twin.as_ref().and_then(|twin| twin_name(twin, errors));
        let items = parse_items(self.body.stream(), errors).map(Some);
        let (Some(twin), Some(items)) = (twin, errors.take(items)) else {
            return original;
        };
        let Some(is_async_trait) = self.is_async_trait(errors) else { return original };
        let implementor = self.implementor();
        let context = self.context(options, &implementor, &items, is_async_trait);
        let mut written = Written::default();
        for item in &items {
            for (condition, way) in item.ways(errors) {
                let mut found = Errors::default();
                let Written { declared, implemented } =
                    expand_item(&context, item, way, &mut found);
                written.declared.extend(conditional(condition.as_ref(), found, errors));
                if !declared.is_empty() {
                    written.declared.extend(quote!(#condition #declared));
                    written.implemented.extend(quote!(#condition #implemented));
                }
            }
        }
        let twins = self.twins(&context, &twin, &implementor, &written);
        quote!(#original #twins)
    }

    fn original(&self) -> TokenStream {
        let (attributes, head, body) = (&self.attributes, &self.head, without_helpers(&self.body));
        quote!(#(#attributes)* #head #body)
    }

    fn twins(
        &self,
        context: &Context<'_>,
        twin: &Ident,
        implementor: &Ident,
        written: &Written,
    ) -> TokenStream {
        let Self { visibility, name, generics, .. } = self;
        let Written { declared, implemented } = written;
        let (everywhere, attributes) = attributes(&self.attributes);
        let link = format!(
            "Implemented for every type that implements [`{name}`]: what is async there blocks here."
        );
        let docs = docs::twin(&self.attributes, &link, None, &|name| context.rename(name));
        let (_, arguments, clause) = generics.split_for_impl();
        let params = generics.params.iter().cloned().map(|mut parameter| {
            match &mut parameter {
                GenericParam::Type(parameter) => parameter.default = None,
                GenericParam::Const(parameter) => parameter.default = None,
                GenericParam::Lifetime(_) => {}
            }
            parameter
        });
        // Lifetimes come first.
        let (lifetimes, params): (Vec<_>, Vec<_>) =
            params.partition(|parameter| matches!(parameter, GenericParam::Lifetime(_)));
        let bounds = context.names.supertraits(&self.bounds);
        let colon = (!bounds.is_empty()).then(|| quote!(:));
        quote! {
            #(#docs)*
            #(#everywhere)*
            #(#attributes)*
            #visibility trait #twin #generics #colon #bounds #clause {
                #declared
            }

            #(#everywhere)*
            impl<#(#lifetimes,)* #implementor: #name #arguments + ?::core::marker::Sized #(, #params)*>
                #twin #arguments for #implementor #clause
            {
                #implemented
            }
        }
    }

    /// Chooses a name for the blanket `impl`'s parameter that occurs nowhere else.
    fn implementor(&self) -> Ident {
        let tokens = [self.head.clone(), self.body.stream()];
        let mut names = (0..).map(|n| if n == 0 { "T".to_owned() } else { format!("T{n}") });
        let is_free =
            |name: &String| !tokens.iter().any(|part| inspect::mentions(part.clone(), name));
        let name = names.find(is_free).unwrap_or_else(|| "Implementor".to_owned());
        format_ident!("{name}")
    }

    fn context<'a>(
        &self,
        options: &'a Options,
        implementor: &Ident,
        items: &[Item],
        is_async_trait: bool,
    ) -> Context<'a> {
        let name = &self.name;
        let (_, arguments, _) = self.generics.split_for_impl();
        Context {
            options,
            names: Names::new(None, &options.types),
            krate: super::crate_path(options),
            original: quote!(<#implementor as #name #arguments>),
            link: name.to_string(),
            place: Place::Trait { is_async_trait },
            kept: kept(items, |_| true),
            asked_for_timeout: Cell::new(false),
        }
    }

    /// Whether `#[async_trait]` comes after this attribute; `None` if its futures are not `Send`.
    fn is_async_trait(&self, errors: &mut Errors) -> Option<bool> {
        let is_async_trait = |attribute: &&Attribute| {
            attribute.path().segments.last().is_some_and(|last| last.ident == "async_trait")
        };
        let Some(attribute) = self.attributes.iter().find(is_async_trait) else {
            return Some(false);
        };
        if let Meta::List(list) = &attribute.meta {
            if inspect::mentions(list.tokens.clone(), "Send") {
                let text = "what blocks is polled on another thread, and so has to be `Send`: write \
                            `#[async_trait]`, without `?Send`";
                errors.push(Error::new_spanned(list, text));
                return None;
            }
        }
        Some(true)
    }
}

/// The name of a trait that stands beside the first one.
fn twin_name(twin: &TypePath, errors: &mut Errors) -> Option<Ident> {
    let last = twin.path.segments.last()?;
    if twin.path.segments.len() > 1
        || twin.path.leading_colon.is_some()
        || !last.arguments.is_none()
    {
        let text = format!(
            "the blocking trait is made here, with the arguments of this one: write `as = {}`",
            last.ident
        );
        errors.push(Error::new_spanned(twin, text));
        return None;
    }
    Some(last.ident.clone())
}

fn expand_item(context: &Context<'_>, item: &Item, way: Way<'_>, errors: &mut Errors) -> Written {
    if way.is_skipped() {
        return Written::default();
    }
    match &item.kind {
        ItemKind::Fn(signature) => expand_method(context, item, signature, way, errors),
        ItemKind::Const { name, ty } => {
            context.names.refuse(ty.to_token_stream(), CONSTANTS, errors);
            if !errors.is_empty() {
                return Written::default();
            }
            let original = &context.original;
            let (docs, everywhere, attributes) = parts(context, item, name);
            Written {
                declared: quote! {
                    #(#docs)*
                    #(#everywhere)*
                    #(#attributes)*
                    const #name: #ty;
                },
                implemented: quote!(#(#everywhere)* const #name: #ty = #original::#name;),
            }
        }
        ItemKind::Type(ty) => {
            let AssociatedType { name, generics, bounds } = &**ty;
            let (_, arguments, clause) = generics.split_for_impl();
            let original = &context.original;
            let colon = (!bounds.is_empty()).then(|| quote!(:));
            let (docs, everywhere, attributes) = parts(context, item, name);
            Written {
                declared: quote! {
                    #(#docs)*
                    #(#everywhere)*
                    #(#attributes)*
                    type #name #generics #colon #bounds #clause;
                },
                implemented: quote! {
                    #(#everywhere)*
                    type #name #generics = #original::#name #arguments #clause;
                },
            }
        }
        ItemKind::Macro(span) => {
            errors.push(Error::new(*span, MACRO));
            Written::default()
        }
        ItemKind::Other(span) => {
            errors.push(Error::new(*span, OTHER));
            Written::default()
        }
    }
}

fn expand_method(
    context: &Context<'_>,
    item: &Item,
    signature: &Signature,
    way: Way<'_>,
    errors: &mut Errors,
) -> Written {
    let is_hidden = |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(lifetime) if lifetime.lifetime.ident == "async_trait");
    if signature.generics.params.iter().any(is_hidden) {
        let text =
            "`#[async_trait]` has been here already: write `#[crochet::blocking(..)]` above it";
        errors.push(Error::new(signature.ident.span(), text));
        return Written::default();
    }
    let method = context.method(item, signature, way, errors);
    let Method { docs, mut attributes, everywhere, track_caller, signature, body, .. } = method;
    // The compiler warns about `inline` on a declaration.
    attributes.retain(|attribute| !attribute.path().is_ident("inline"));
    Written {
        declared: quote! {
            #(#docs)*
            #(#everywhere)*
            #(#attributes)*
            #track_caller
            #signature;
        },
        implemented: quote!(#(#everywhere)* #track_caller #signature #body),
    }
}

/// The documentation and the attributes of a constant or a type.
fn parts(
    context: &Context<'_>,
    item: &Item,
    name: &Ident,
) -> (Vec<Attribute>, Vec<Attribute>, Vec<Attribute>) {
    let (everywhere, attributes) = attributes(&item.attributes);
    let link = format!("The same as [`{}::{name}`].", context.link);
    let docs = docs::twin(&item.attributes, &link, None, &|name| context.rename(name));
    (docs, everywhere, attributes)
}
