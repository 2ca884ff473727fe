//! The arguments of the blocking function, and what the call of the original passes on.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, Meta, Pat, PatIdent, PatType, ReceiverKind, Signature, Token};

use crate::inspect;

#[derive(Default)]
pub(crate) struct Arguments {
    /// As the blocking function declares them.
    pub(crate) declared: Vec<FnArg>,
    /// As it passes them on, each with the `cfg`s of its declaration.
    pub(crate) passed: Vec<TokenStream>,
    /// Statements that bind the names that no argument has in the blocking function: `timeout = ..`
    /// may use them.
    pub(crate) bindings: TokenStream,
    /// The names that the patterns bind, each with the `cfg`s of its argument.
    names: Vec<(Vec<Attribute>, Ident)>,
}

impl Arguments {
    pub(crate) fn new(signature: &Signature) -> Self {
        let mut this = Self::default();
        for (index, argument) in signature.inputs.iter().enumerate() {
            this.add(index, argument.clone());
        }
        this
    }

    /// Keeps the name, or names, of an argument if its pattern, read as an expression, is the
    /// argument again. Otherwise the argument gets a name of its own.
    fn add(&mut self, index: usize, mut argument: FnArg) {
        let passed = match &mut argument {
            FnArg::Receiver(receiver) => {
                if !matches!(receiver.kind, ReceiverKind::Reference(..)) {
                    receiver.mutability = None;
                }
                let cfgs = cfgs(&receiver.attrs);
                let this = receiver.self_token;
                quote!(#(#cfgs)* #this)
            }
            FnArg::Typed(PatType { attrs, pat, .. }) => {
                let cfgs = cfgs(attrs);
                let mut names = Vec::new();
                add_names(pat, &mut names);
                self.names.extend(names.into_iter().map(|name| (cfgs.clone(), name.clone())));
                if !inspect::make_expression(pat) {
                    let span = Span::mixed_site().located_at(pat.span());
                    let name = format_ident!("argument{index}", span = span);
                    self.bindings.extend(bindings(&cfgs, pat, &name));
                    **pat = syn::parse_quote!(#name);
                }
                quote!(#(#cfgs)* #pat)
            }
        };
        self.declared.push(argument);
        self.passed.push(passed);
    }

    /// Statements that use each argument that the options mention: where the original itself does
    /// not use it, it is no unused variable.
    pub(crate) fn uses(&self, options: &TokenStream) -> TokenStream {
        let mut uses = TokenStream::new();
        for (cfgs, name) in &self.names {
            if inspect::mentions(options.clone(), &name.to_string()) {
                uses.extend(quote_spanned!(Span::mixed_site()=> #(#cfgs)* let _ = &#name;));
            }
        }
        uses
    }
}

/// Binds the names in `pattern` to parts of `argument`, and uses them once: a name that
/// `timeout = ..` does not use is not an unused variable.
pub(crate) fn bindings(cfgs: &[Attribute], pattern: &Pat, argument: &Ident) -> TokenStream {
    let mut names = Vec::new();
    add_names(pattern, &mut names);
    if names.is_empty() {
        return TokenStream::new();
    }
    let span = argument.span();
    quote_spanned! {span=>
        #(#cfgs)* let #pattern = &#argument;
        #(#cfgs)* let _ = (#(&#names),*);
    }
}

/// The part of an argument's attributes that decides whether there is such an argument.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    let cfgs = attributes.iter().filter_map(|attribute| {
        let meta = cfg(&attribute.meta)?;
        Some(Attribute { meta, ..attribute.clone() })
    });
    cfgs.collect()
}

fn cfg(meta: &Meta) -> Option<Meta> {
    match meta {
        Meta::List(list) if list.path.is_ident("cfg") => Some(meta.clone()),
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
            let mut metas = list.parse_args_with(parser).ok()?.into_iter();
            let condition = metas.next()?;
            let cfgs: Vec<Meta> = metas.filter_map(|meta| cfg(&meta)).collect();
            let mut list = list.clone();
            list.tokens = quote!(#condition, #(#cfgs),*);
            (!cfgs.is_empty()).then_some(Meta::List(list))
        }
        _ => None,
    }
}

/// Collects the names that a pattern binds.
fn add_names<'a>(pattern: &'a Pat, names: &mut Vec<&'a Ident>) {
    let mut add = |pattern: &'a Pat| add_names(pattern, names);
    match pattern {
        Pat::Ident(PatIdent { ident, subpat, .. }) => {
            if let Some((_, subpattern)) = subpat {
                add(subpattern);
            }
            names.push(ident);
        }
        Pat::Or(or) => or.cases.iter().take(1).for_each(add),
        Pat::Paren(paren) => add(&paren.pat),
        Pat::Reference(reference) => add(&reference.pat),
        Pat::Slice(slice) => slice.elems.iter().for_each(add),
        Pat::Struct(fields) => fields.fields.iter().for_each(|field| add(&field.pat)),
        Pat::Tuple(tuple) => tuple.elems.iter().for_each(add),
        Pat::TupleStruct(tuple) => tuple.elems.iter().for_each(add),
        Pat::Type(typed) => add(&typed.pat),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(signature: TokenStream) -> Arguments {
        Arguments::new(&syn::parse2(signature).expect("it is a signature"))
    }

    #[test]
    fn an_argument_is_passed_on_under_its_cfg_only() {
        let arguments = arguments(quote!(async fn f(
            #[cfg(a)] #[allow(unused_variables)] one: u8,
            #[cfg_attr(b, cfg(c), allow(unused))] _: u8,
            #[cfg_attr(d, allow(unused))] three: u8,
        )));
        let passed: Vec<String> = arguments.passed.iter().map(ToString::to_string).collect();
        let expected = [
            quote!(
                #[cfg(a)]
                one
            ),
            quote!(
                #[cfg_attr(b, cfg(c))]
                argument1
            ),
            quote!(three),
        ];
        assert_eq!(passed, expected.map(|tokens| tokens.to_string()));
    }

    #[test]
    fn a_pattern_that_is_no_expression_is_bound_and_used() {
        let arguments = arguments(quote!(async fn f(
            #[cfg(a)] Point { x, y: ref mut down, .. }: Point,
            (all @ [first, ..], _): ([u8; 2], u8),
            _: u8,
            (mut kept, as_it_is): (u8, u8),
        )));
        let expected = quote! {
            #[cfg(a)] let Point { x, y: down, .. } = &argument0;
            #[cfg(a)] let _ = (&x, &down);
            let (all @ [first, ..], _) = &argument1;
            let _ = (&first, &all);
        };
        assert_eq!(arguments.bindings.to_string(), expected.to_string());
        let uses = quote!(#[cfg(a)] let _ = &down; let _ = &kept;);
        let options = quote!(min(down, self.limit(kept)));
        assert_eq!(arguments.uses(&options).to_string(), uses.to_string());
        assert_eq!(arguments.passed[3].to_string(), quote!((kept, as_it_is)).to_string());
    }
}
