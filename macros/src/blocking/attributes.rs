//! The attributes of the twin's functions: those of the original that are for both.

use proc_macro2::{Ident, Span};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Meta, Signature, parse_quote};

use super::docs;
use super::item::{Item, cfg_attr};
use crate::inspect;

/// Allows the lints that would report a fault of the original once more, in the twin. Allows no
/// others: a crate that forbids a lint does not compile where the lint is allowed.
pub(super) fn allow(item: &Item, signature: &Signature) -> Option<Attribute> {
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

/// Whether the twin passes its caller's location on, to the job or to an original that has
/// `#[track_caller]`. Rust refuses the attribute on some functions.
pub(super) fn tracks_caller(
    attributes: &[Attribute],
    signature: &Signature,
    is_async: bool,
) -> bool {
    let has = |name| attributes.iter().any(|attribute| attribute.path().is_ident(name));
    (is_async || has("track_caller")) && signature.abi.is_none() && !has("naked")
}

/// Selects the attributes that the twin gets: first those for each place where the function
/// stands, then those for its declaration only. Leaves lines of documentation out.
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

/// Returns the attribute if the twin gets it. `expect` becomes `allow`: the lint may report only
/// the original.
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
