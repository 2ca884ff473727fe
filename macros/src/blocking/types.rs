//! From the types of the async API to those of the blocking one.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{
    Error, Expr, GenericArgument, Ident, Path, PathArguments, Token, Type, TypeParamBound, TypePath,
};

use super::bridge;
use super::options::TypePair;
use super::paths::{path_length, replace_self, ungrouped, without_arguments};
use crate::args::Errors;

/// The advice for a place where a type has no blocking form.
const SKIP: &str = "write `#[blocking(skip)]` above, and a blocking one by hand";

/// The types that have a twin.
pub(crate) struct Names {
    /// The type of the `impl`, if it is one: the value of `Self`.
    own: Option<Twin>,
    others: Vec<Twin>,
}

/// One type and its twin.
struct Twin {
    from: Path,
    to: Path,
    make: Option<Expr>,
}

/// How a value of the async API becomes one of the blocking one.
pub(crate) enum Conversion {
    /// It stays as it is.
    Same,
    /// By a function: the twin's tuple constructor, or that of `make`.
    Make {
        function: TokenStream,
        is_constructor: bool,
    },
    /// A stream becomes an iterator.
    Iter {
        items: Box<Conversion>,
        merged: bool,
    },
    /// An async reader or writer becomes a blocking one, pinned first if it may not be moved.
    Io {
        pinned: bool,
    },
    Result(Box<Conversion>, Box<Conversion>),
    Option(Box<Conversion>),
    Vec(Box<Conversion>),
    Box(Box<Conversion>),
    Tuple(Vec<Conversion>),
}

impl Conversion {
    pub(crate) fn is_same(&self) -> bool {
        matches!(self, Self::Same)
    }

    /// Whether it makes an iterator, a reader or a writer, each of which keeps the timeout.
    pub(crate) fn has_bridge(&self) -> bool {
        match self {
            Self::Same | Self::Make { .. } => false,
            Self::Iter { .. } | Self::Io { .. } => true,
            Self::Result(value, error) => value.has_bridge() || error.has_bridge(),
            Self::Option(inner) | Self::Vec(inner) | Self::Box(inner) => inner.has_bridge(),
            Self::Tuple(parts) => parts.iter().any(Self::has_bridge),
        }
    }
}

/// How an argument of the twin becomes one of the original.
pub(crate) enum Argument {
    Same,
    /// The twin's field, by value.
    Value,
    /// `&`
    Shared,
    /// `&mut`
    Exclusive,
}

/// How streams, readers and writers are replaced.
pub(crate) struct Bridges<'a> {
    /// The path to this crate, with the span of the type.
    pub(crate) krate: &'a TokenStream,
    /// Whether the errors of items that are `Result`s hold failures of the wait, too.
    pub(crate) merge: bool,
    /// Whether an opaque type must have the bound `Send`. In a trait nothing else shows that.
    pub(crate) says_send: bool,
}

impl Names {
    pub(crate) fn new(
        own: Option<(&TypePath, &TypePath, Option<&Expr>)>,
        pairs: &[TypePair],
    ) -> Self {
        let own = own.map(|(from, to, make)| Twin {
            from: from.path.clone(),
            to: without_arguments(&to.path),
            make: make.cloned(),
        });
        let others = pairs.iter().map(|pair| Twin {
            from: pair.from.clone(),
            to: pair.to.clone(),
            make: pair.make.clone(),
        });
        Self { own, others: others.collect() }
    }

    fn all(&self) -> impl Iterator<Item = &Twin> {
        self.own.iter().chain(&self.others)
    }

    /// Replaces the types that have twins in the type of a result, and returns the conversion.
    pub(crate) fn result(
        &self,
        ty: &mut Type,
        bridges: &Bridges<'_>,
        errors: &mut Errors,
    ) -> Conversion {
        match ty {
            Type::Group(group) => return self.result(&mut group.elem, bridges, errors),
            Type::Paren(paren) => return self.result(&mut paren.elem, bridges, errors),
            Type::Tuple(tuple) => {
                let parts = tuple.elems.iter_mut();
                let parts: Vec<_> = parts.map(|part| self.result(part, bridges, errors)).collect();
                if parts.iter().all(Conversion::is_same) {
                    return Conversion::Same;
                }
                return Conversion::Tuple(parts);
            }
            _ => {}
        }
        if let Some(conversion) = bridge::result(self, ty, bridges, errors) {
            return conversion;
        }
        if let Type::Path(TypePath { qself: None, path, .. }) = ty {
            if let Some(conversion) = self.twin(path) {
                return conversion;
            }
            if let Some(conversion) = self.container(path, bridges, errors) {
                return conversion;
            }
        }
        self.refuse(ty.to_token_stream(), RESULTS, errors);
        self.replace_constants(ty);
        Conversion::Same
    }

    /// Replaces the path of a type that has a twin, and returns the conversion.
    fn twin(&self, path: &mut Path) -> Option<Conversion> {
        let twin = match &self.own {
            Some(own) if path.is_ident("Self") => own,
            _ => {
                let twin = self.all().find(|twin| twin.is(path))?;
                let arguments = path.segments.last().map(|last| last.arguments.clone());
                *path = twin.to.clone();
                if let Some((last, arguments)) = path.segments.last_mut().zip(arguments) {
                    last.arguments = arguments;
                }
                twin
            }
        };
        Some(match &twin.make {
            Some(make) => Conversion::Make { function: quote!(#make), is_constructor: false },
            None => {
                let to = &twin.to;
                Conversion::Make { function: quote!(#to), is_constructor: true }
            }
        })
    }

    /// Replaces types inside of a `Result`, an `Option`, a `Vec` or a `Box`.
    fn container(
        &self,
        path: &mut Path,
        bridges: &Bridges<'_>,
        errors: &mut Errors,
    ) -> Option<Conversion> {
        let is_result = is_result(path);
        let last = path.segments.last_mut()?;
        let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
            return is_result.then_some(Conversion::Same);
        };
        let mut parts = arguments.args.iter_mut().filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        });
        let mut part = |errors: &mut Errors| match parts.next() {
            Some(ty) => self.result(ty, bridges, errors),
            None => Conversion::Same,
        };
        if is_result {
            let (value, error) = (part(errors), part(errors));
            if value.is_same() && error.is_same() {
                return Some(Conversion::Same);
            }
            return Some(Conversion::Result(Box::new(value), Box::new(error)));
        }
        let wrap = match last.ident.to_string().as_str() {
            "Option" => Conversion::Option,
            "Vec" => Conversion::Vec,
            "Box" => Conversion::Box,
            _ => return None,
        };
        let inner = part(errors);
        Some(if inner.is_same() { inner } else { wrap(Box::new(inner)) })
    }

    /// Replaces a type that has a twin in the type of an argument, and tells how to pass it on.
    pub(crate) fn argument(&self, ty: &mut Type, errors: &mut Errors) -> Argument {
        let ty = ungrouped(ty);
        if self.becomes_twin(ty) {
            return Argument::Value;
        }
        if let Type::Reference(reference) = ty {
            if self.becomes_twin(ungrouped(&mut reference.elem)) {
                return match reference.mutability {
                    Some(_) => Argument::Exclusive,
                    None => Argument::Shared,
                };
            }
        }
        self.refuse(ty.to_token_stream(), ARGUMENTS, errors);
        self.replace_constants(ty);
        Argument::Same
    }

    /// Replaces a type that has a twin, and tells whether it is one.
    pub(crate) fn becomes_twin(&self, ty: &mut Type) -> bool {
        match ty {
            Type::Path(TypePath { qself: None, path, .. }) => self.twin(path).is_some(),
            _ => false,
        }
    }

    /// Reports a type with a twin in a place where it cannot be replaced. `why` has `{}` for the
    /// type.
    pub(crate) fn refuse(&self, tokens: TokenStream, why: &str, errors: &mut Errors) {
        if let Some(found) = self.find(tokens) {
            let name = found.to_string().replace(' ', "");
            let text = format!("{}; {SKIP}", why.replace("{}", &name));
            errors.push(Error::new_spanned(found, text));
        }
    }

    /// Finds the first mention of a type with a twin.
    fn find(&self, tokens: TokenStream) -> Option<TokenStream> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    if let Some(found) = self.find(group.stream()) {
                        return Some(found);
                    }
                }
                // A lifetime's name follows.
                TokenTree::Punct(punct) if punct.as_char() == '\'' => at += 1,
                TokenTree::Ident(_) | TokenTree::Punct(_) => {
                    let length = path_length(&tokens[at..]);
                    let path = &tokens[at..at + length];
                    if length > 0 && self.is_twin(path) {
                        return Some(path.iter().cloned().collect());
                    }
                    at += length.max(1);
                    continue;
                }
                TokenTree::Literal(_) => {}
            }
            at += 1;
        }
        None
    }

    /// Whether these tokens are the path of a type with a twin.
    fn is_twin(&self, path: &[TokenTree]) -> bool {
        let text = |tokens: &mut dyn Iterator<Item = TokenTree>| -> String {
            tokens.map(|token| token.to_string()).collect()
        };
        let path = text(&mut path.iter().cloned());
        (self.own.is_some() && path == "Self")
            || self.all().any(|twin| {
                path == text(&mut without_arguments(&twin.from).to_token_stream().into_iter())
            })
    }

    /// Replaces the traits that have a twin.
    pub(crate) fn supertraits(
        &self,
        bounds: &Punctuated<TypeParamBound, Token![+]>,
    ) -> Punctuated<TypeParamBound, Token![+]> {
        let mut bounds = bounds.clone();
        for bound in &mut bounds {
            if let TypeParamBound::Trait(bound) = bound {
                self.twin(&mut bound.path);
            }
        }
        bounds
    }

    /// Writes the type of the `impl` instead of `Self`, in bounds that the original has.
    pub(crate) fn original_self(&self, tokens: TokenStream) -> TokenStream {
        match &self.own {
            Some(own) => replace_self(tokens, &own.from, false),
            None => tokens,
        }
    }

    /// Writes the type of the `impl` in `Self::CONSTANT`: a private constant is not in the twin.
    pub(crate) fn replace_constants(&self, ty: &mut Type) {
        let Some(own) = &self.own else { return };
        let tokens = ty.to_token_stream();
        if tokens.to_string().contains("Self ::") {
            *ty = Type::Verbatim(replace_self(tokens, &own.from, true));
        }
    }
}

const RESULTS: &str = "`{}` cannot be converted here: a result is `{}` itself, or holds it in a `Result`, an `Option`, \
                       a `Vec`, a `Box` or a tuple";
const ARGUMENTS: &str = "`{}` cannot be converted here: an argument is `{}`, `&{}` or `&mut {}`";
pub(crate) const BOUNDS: &str = "`{}` cannot be converted in a bound";
pub(crate) const CONSTANTS: &str = "`{}` cannot be converted in a constant";

impl Twin {
    /// Whether a path is that of the type, with whatever arguments.
    fn is(&self, path: &Path) -> bool {
        let names = |path: &Path| -> Vec<Ident> {
            path.segments.iter().map(|segment| segment.ident.clone()).collect()
        };
        path.leading_colon.is_some() == self.from.leading_colon.is_some()
            && names(path) == names(&self.from)
    }
}

/// Tells by the name whether a type is a `Result`: it is `Result`, or ends so and has arguments.
/// Without arguments, a `SearchResult` is more likely a type of its own.
pub(crate) fn is_result(path: &Path) -> bool {
    let Some(last) = path.segments.last() else { return false };
    let name = last.ident.to_string();
    name == "Result"
        || (name.ends_with("Result") && matches!(last.arguments, PathArguments::AngleBracketed(_)))
}

/// The same for any type.
pub(crate) fn is_result_type(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_result_type(&group.elem),
        Type::Paren(paren) => is_result_type(&paren.elem),
        Type::Path(path) => path.qself.is_none() && is_result(&path.path),
        _ => false,
    }
}
