//! The attributes of the crate `crochet-rs`, which re-exports them: use them from there.

mod args;
mod arguments;
mod blocking;
mod callee;
mod copyable;
mod expand;
mod function;
mod inspect;

use proc_macro::TokenStream;

use crate::args::Kind;

/// # What it stands for
///
/// A method:
///
/// ```text
/// impl Client {
///     /// Looks up a name.
///     #[track_caller]
///     pub fn lookup(&self, name: &str) -> io::Result<IpAddr> {
///         wait_for(Duration::from_secs_f64(5.0), Self::lookup_async(self, name))
///     }
///
///     async fn lookup_async(&self, name: &str) -> io::Result<IpAddr> { .. }
/// }
/// ```
///
/// Instead of the literal there may be an expression, which is evaluated before the arguments are
/// moved.
///
/// In a free function the call would be `lookup_async(name)`. But an attribute is not told whether
/// a function without `self` is in an `impl`. If the function mentions `Self`, it is. Otherwise the
/// blocking function has a copy of the original in its body, and calls that, which works in both
/// places. A body that may hold state, or must not be there twice for another reason, is not
/// copied: one with a `static`, an `impl`, a `#[no_mangle]`, or a macro that is not known to be
/// harmless. Such a function is taken to be a free one.
#[proc_macro_attribute]
pub fn wait_for(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::WaitFor, args.into(), item.into()).into()
}

/// # What it stands for
///
/// ```text
/// /// Downloads a page.
/// #[track_caller]
/// pub fn download(url: String) -> Eventual<io::Result<Vec<u8>>> {
///     run_in_reactor(move || download_async(url))
/// }
///
/// async fn download_async(url: String) -> io::Result<Vec<u8>> { .. }
/// ```
///
/// In an `impl`, the original is called as `Self::download_async`: see the attribute `wait_for`.
#[proc_macro_attribute]
pub fn run_in_reactor(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::RunInReactor, args.into(), item.into()).into()
}

/// # What it stands for
///
/// ```text
/// impl blocking::Client {
///     /// Opens a session.
///     ///
///     /// This blocks; [`Client::open`] is async.
///     #[track_caller]
///     pub fn open(&self, name: &str) -> io::Result<blocking::Session> {
///         wait_for(Duration::from_secs_f64(30.0), Client::open(&self.0, name))
///             .map(|value| blocking::Session(value))
///     }
/// }
/// ```
///
/// The `impl` or the trait before it is as it was.
#[proc_macro_attribute]
pub fn blocking(args: TokenStream, item: TokenStream) -> TokenStream {
    blocking::expand(args.into(), item.into()).into()
}

/// The call of an original that is taken to be a free function.
#[doc(hidden)]
#[proc_macro]
pub fn in_an_impl_mention_the_self_type_once(call: TokenStream) -> TokenStream {
    callee::placed_here(call.into()).into()
}

/// The call of an original that is not there if the `impl` is one of a trait.
#[doc(hidden)]
#[proc_macro]
pub fn in_a_trait_call_a_function_outside_it(call: TokenStream) -> TokenStream {
    callee::placed_here(call.into()).into()
}
