//! One function of the twin, in parts.

use std::cell::Cell;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::quote_spanned;
use syn::{Attribute, Meta, Signature, Visibility};

use super::attributes::{allow, attributes, tracks_caller};
use super::docs;
use super::function::Function;
use super::item::{Item, Way};
use super::options::Options;
use super::types::{Names, is_result_type};
use crate::args::Errors;

/// The part that all functions of one twin have in common.
pub(crate) struct Context<'a> {
    pub(crate) options: &'a Options,
    pub(crate) names: Names,
    /// The path to this crate.
    pub(crate) krate: TokenStream,
    /// The path before the original's functions: `Client` in `Client::open`.
    pub(crate) original: TokenStream,
    /// The same for documentation.
    pub(crate) link: String,
    pub(crate) place: Place,
    /// The names of the twin's functions, constants and types.
    pub(crate) kept: Vec<String>,
    /// Whether a missing timeout has been reported.
    pub(crate) asked_for_timeout: Cell<bool>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Impl,
    Trait { is_async_trait: bool },
}

/// A function of the twin, in parts.
pub(crate) struct Method {
    /// All lines of documentation.
    pub(crate) docs: Vec<Attribute>,
    /// Other attributes for the declaration only.
    pub(crate) attributes: Vec<Attribute>,
    /// `cfg`s and levels of lints.
    pub(crate) everywhere: Vec<Attribute>,
    pub(crate) track_caller: Option<TokenStream>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Context<'_> {
    /// ```text
    /// Input:
    ///     ATTRIBUTES VISIBILITY async fn NAME(&self, ARGUMENTS) -> Result<Session, E> { BODY }
    ///
    /// Output:
    ///     ATTRIBUTES #[track_caller]
    ///     VISIBILITY fn NAME(&self, ARGUMENTS) -> Result<blocking::Session, E> {
    ///         ::crochet::__private::wait_for(TIMEOUT, Client::NAME(&self.0, ARGUMENTS))
    ///             .map(|value| blocking::Session(::crochet::__private::from_async(value)))
    ///     }
    /// ```
    pub(crate) fn method(
        &self,
        item: &Item,
        signature: &Signature,
        way: Way<'_>,
        errors: &mut Errors,
    ) -> Method {
        let mut found = Errors::default();
        let mut function = Function::new(self, signature, way, &mut found);
        let mut signature = function.signature(&mut found);
        if !found.is_empty() {
            function.forget_output(&mut signature);
        }
        let statements = if found.is_empty() && function.has_its_timeout() {
            function.body()
        } else {
            function.no_body(&signature)
        };
        errors.append(found);
        let (mut everywhere, mut attributes) = attributes(&item.attributes);
        // A `Result` is that already, and Clippy finds it twice.
        let is_must_use =
            |meta: &Meta| matches!(meta, Meta::Path(path) if path.is_ident("must_use"));
        attributes.retain(|at| !function.output.is_async || !is_must_use(&at.meta));
        everywhere.extend(allow(item, &signature));
        Method {
            docs: self.docs(item, &function),
            attributes,
            everywhere,
            track_caller: tracks_caller(&item.attributes, &signature, function.output.is_async)
                .then(|| quote_spanned!(Span::mixed_site()=> #[track_caller])),
            visibility: item.visibility.clone(),
            signature,
            body: Group::new(Delimiter::Brace, statements),
        }
    }

    fn docs(&self, item: &Item, function: &Function<'_>) -> Vec<Attribute> {
        let (link, name) = (&self.link, &function.original.ident);
        let name = name.to_string();
        let name = name.trim_start_matches("r#");
        let link = if function.output.is_async {
            format!("This blocks; [`{link}::{name}`] is async.")
        } else {
            format!("The same as [`{link}::{name}`] of the async API.")
        };
        let can_fail_now = function.output.is_async && !is_result_type(&function.output.ty);
        let section = can_fail_now
            .then_some("# Errors\n\n`crochet::Error`, if the result is late or cannot come.");
        docs::twin(&item.attributes, &link, section, &|name| self.rename(name))
    }

    /// Returns what replaces `Self` in `Self::name` if the twin has no such name.
    pub(crate) fn rename(&self, name: &str) -> Option<String> {
        (!self.kept.iter().any(|kept| kept == name)).then(|| self.link.clone())
    }

    /// The path to this crate, for code whose errors the compiler reports at `span`.
    pub(super) fn crate_at(&self, span: Span) -> TokenStream {
        let tokens = self.krate.clone().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        });
        tokens.collect()
    }
}
