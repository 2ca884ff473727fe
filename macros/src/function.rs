//! The user's function: parses it, and reports functions that the attributes cannot take.

use proc_macro2::{Delimiter, Group, TokenTree};
use quote::{ToTokens, format_ident};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, Ident, ReceiverKind, Result, ReturnType, Signature, Token, Type,
    Visibility,
};

use crate::args::{Errors, Kind, Options};
use crate::inspect;

/// The user's function. Its body is not parsed: the compiler reports errors in there.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Function {
    pub(crate) fn parse(kind: Kind, input: ParseStream<'_>) -> Result<Self> {
        let attribute = kind.name();
        let start = input.span();
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let container = container(input);
        let signature = Signature::parse(input).map_err(|_| {
            let text = match container {
                Some(container) => format!(
                    "`#[{attribute}]` is for one function: put it before each `async fn` in the \
                     `{container}`, or write `#[crochet::blocking(as = ..)]` for all of them"
                ),
                None => format!("`#[{attribute}]` is for functions: put it before an `async fn`"),
            };
            Error::new(start, text)
        })?;
        if input.peek(Token![;]) {
            let text = format!(
                "`#[{attribute}]` cannot be used in a trait: write `fn {name}` here, and in the \
                 `impl` call a function outside that has the attribute; or write \
                 `#[crochet::blocking(as = ..)]` before the trait",
                name = signature.ident
            );
            return Err(Error::new(signature.ident.span(), text));
        }
        if signature.asyncness.is_none() {
            let name = &signature.ident;
            let text = format!("this function is not async: write `async fn {name}`");
            return Err(Error::new(signature.fn_token.span(), text));
        }
        let body =
            body(input.parse()?).ok_or_else(|| input.error("expected the function's body"))?;
        Ok(Self { attributes, visibility, signature, body })
    }

    pub(crate) fn check(&self, kind: Kind, options: &Options, errors: &mut Errors) {
        let name = &self.signature.ident;
        let not_a_result = self.returns_no_result().then(|| match &self.signature.output {
            ReturnType::Default => name.span(),
            ReturnType::Type(_, ty) => ty.span(),
        });
        if let Some(span) = not_a_result {
            let text =
                "a job returns a `Result`, so that no error is lost: write `-> Result<.., ..>`";
            errors.push(Error::new(span, text));
        }
        if let Some(wrapped) = options.wrapped.as_ref().filter(|wrapped| wrapped.name == *name) {
            let text = format!(
                "`{name}` is the blocking function: write another name for the original, as in \
                 `wrapped = {}`",
                original_name(name)
            );
            errors.push(Error::new(wrapped.name.span(), text));
        }
        if kind == Kind::RunInReactor {
            self.signature.inputs.iter().filter_map(borrowed).for_each(|error| errors.push(error));
        }
    }

    /// Whether this is certain without knowing any types.
    pub(crate) fn returns_no_result(&self) -> bool {
        match &self.signature.output {
            ReturnType::Default => true,
            ReturnType::Type(_, ty) => inspect::is_no_result(ty),
        }
    }

    pub(crate) fn is_main(&self) -> bool {
        self.signature.ident == "main" && self.signature.inputs.is_empty()
    }

    /// Whether the blocking function may have `#[track_caller]`. Rust has exceptions.
    pub(crate) fn can_track_caller(&self) -> bool {
        let excluded = ["naked", "target_feature", "track_caller"];
        let is_excluded =
            |attribute: &Attribute| excluded.iter().any(|name| attribute.path().is_ident(name));
        !self.is_main() && self.signature.abi.is_none() && !self.attributes.iter().any(is_excluded)
    }
}

/// The keyword of an `impl` or a trait, if there is one where a function should be.
fn container(input: ParseStream<'_>) -> Option<&'static str> {
    let ahead = input.fork();
    let _: Result<Option<Token![unsafe]>> = ahead.parse();
    if ahead.peek(Token![impl]) {
        Some("impl")
    } else if ahead.peek(Token![trait]) {
        Some("trait")
    } else {
        None
    }
}

/// The body with its braces, without the invisible group that a `macro_rules` variable puts around
/// it.
fn body(token: TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            body(group.stream().into_iter().next()?)
        }
        _ => None,
    }
}

/// The error for an argument that is borrowed, while the job outlives the call.
fn borrowed(argument: &FnArg) -> Option<Error> {
    const WHY: &str = "the job runs on after the call, so it cannot borrow its arguments";
    let receiver = |at: &dyn ToTokens| {
        let text = format!(
            "{WHY}: write `self: Arc<Self>`, or take clones of what the job needs instead of `self`"
        );
        Some(Error::new_spanned(at.to_token_stream(), text))
    };
    match argument {
        FnArg::Receiver(this) => match &this.kind {
            ReceiverKind::Reference(..) => receiver(this),
            ReceiverKind::Typed(_, ty) => receiver(inspect::borrowed_part(ty)?),
            _ => None,
        },
        FnArg::Typed(argument) => {
            let part = inspect::borrowed_part(&argument.ty)?;
            let text = format!("{WHY}: {}", owned_instead(part));
            Some(Error::new_spanned(part, text))
        }
    }
}

fn owned_instead(ty: &Type) -> String {
    let Type::Reference(reference) = ty else {
        return "write a type without a lifetime, or with `'static`".to_owned();
    };
    let elem = reference.elem.to_token_stream().to_string();
    match (&*reference.elem, elem.as_str()) {
        (_, "str") => "write `String`, or `&'static str`".to_owned(),
        (_, "Path" | "OsStr" | "CStr") => format!("write the owned form of `{elem}`"),
        (Type::Slice(slice), _) => {
            format!("write `Vec<{}>`", slice.elem.to_token_stream())
        }
        _ => format!("write `{elem}`, or `Arc<{elem}>`"),
    }
}

pub(crate) fn original_name(name: &Ident) -> Ident {
    format_ident!("{name}_async", span = name.span())
}
