//! What the attributes stand for, to the letter.

use quote::quote;

use super::*;

/// The output for an item, as `cargo expand` would show it.
fn expanded(kind: Kind, args: TokenStream, item: TokenStream) -> String {
    let output = expand(kind, args, item);
    prettyplease::unparse(&syn::parse2(output).expect("it is a file"))
}

/// The output for an item of an `impl`, which is not one of a file.
fn expanded_in_impl(kind: Kind, args: TokenStream, item: TokenStream) -> String {
    let output = expand(kind, args, item);
    let file = quote!(impl Client { #output });
    prettyplease::unparse(&syn::parse2(file).expect("it is an `impl`"))
}

#[test]
fn a_function_becomes_a_blocking_one_beside_its_original() {
    let item = quote! {
        /// Looks up a name.
        #[must_use]
        #[some::attribute]
        pub async fn lookup<T: Read>(name: &str, (from, mut to): (T, u16)) -> io::Result<IpAddr>
        where
            T: Clone,
        {
            static CACHE: Cache = Cache::new();
            CACHE.get(name, from, to).await
        }
    };
    let expected = r#"/// Looks up a name.
#[must_use]
#[some::attribute]
#[allow(clippy::needless_lifetimes, clippy::too_many_arguments, clippy::type_complexity)]
#[track_caller]
pub fn lookup<T: Read>(name: &str, (from, to): (T, u16)) -> io::Result<IpAddr>
where
    T: Clone,
{
    ::crochet::__private::wait_for(
        ::core::time::Duration::new(2u64, 500000000u32),
        lookup_async::<T>(name, (from, to)),
    )
}
/// The original of `lookup`, which waits for it.
#[allow(dead_code)]
async fn lookup_async<T: Read>(
    name: &str,
    (from, mut to): (T, u16),
) -> io::Result<IpAddr>
where
    T: Clone,
{
    static CACHE: Cache = Cache::new();
    CACHE.get(name, from, to).await
}
"#;
    assert_eq!(expanded(Kind::WaitFor, quote!(timeout = 2.5), item), expected);
}

#[test]
fn a_function_that_might_be_in_an_impl_carries_a_copy() {
    let item = quote! {
        async fn lookup(name: String) -> io::Result<IpAddr> {
            resolve(name).await
        }
    };
    let expected = r#"#[allow(clippy::needless_lifetimes, clippy::too_many_arguments, clippy::type_complexity)]
#[track_caller]
fn lookup(name: String) -> ::crochet::Eventual<io::Result<IpAddr>> {
    #[allow(unused, warnings)]
    async fn lookup_async(name: String) -> io::Result<IpAddr> {
        resolve(name).await
    }
    ::crochet::run_in_reactor(move || lookup_async(name))
}
/// The original of `lookup`, which runs it in the reactor.
#[allow(dead_code)]
async fn lookup_async(name: String) -> io::Result<IpAddr> {
    resolve(name).await
}
"#;
    assert_eq!(expanded(Kind::RunInReactor, quote!(), item), expected);
}

#[test]
fn a_method_calls_its_original_as_one_of_self() {
    let item = quote! {
        pub(crate) async fn lookup(&self, name: &str, _: u16) -> io::Result<IpAddr> {
            self.resolve(name).await
        }
    };
    let expected = r#"impl Client {
    #[allow(
        clippy::needless_lifetimes,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    #[track_caller]
    pub(crate) fn lookup(&self, name: &str, argument2: u16) -> io::Result<IpAddr> {
        ::crochet::__private::wait_for(
            ::crochet::__private::timeout(self.timeout),
            Self::lookup_async(self, name, argument2),
        )
    }
    /// The original of `lookup`, which waits for it.
    #[allow(dead_code)]
    async fn lookup_async(&self, name: &str, _: u16) -> io::Result<IpAddr> {
        self.resolve(name).await
    }
}
"#;
    assert_eq!(expanded_in_impl(Kind::WaitFor, quote!(timeout = self.timeout), item), expected);
}

#[test]
fn a_method_uses_all_options() {
    let item = quote! {
        async fn lookup(self: Arc<Self>) -> io::Result<IpAddr> {
            self.resolve().await
        }
    };
    let args = quote!(wrapped = pub resolve_async, reactor = &self.reactor, crate = my::crochet);
    let expected = r#"impl Client {
    #[allow(
        clippy::needless_lifetimes,
        clippy::too_many_arguments,
        clippy::type_complexity
    )]
    #[track_caller]
    fn lookup(self: Arc<Self>) -> my::crochet::Eventual<io::Result<IpAddr>> {
        my::crochet::Reactor::run_in_reactor(
            &my::crochet::__private::reactor(&self.reactor),
            move || Self::resolve_async(self),
        )
    }
    /// The original of `lookup`, which runs it in the reactor.
    #[allow(dead_code)]
    pub async fn resolve_async(self: Arc<Self>) -> io::Result<IpAddr> {
        self.resolve().await
    }
}
"#;
    assert_eq!(expanded_in_impl(Kind::RunInReactor, args, item), expected);
}

#[test]
fn after_a_mistake_both_functions_are_there() {
    let item = quote! {
        async fn lookup(name: &str) -> io::Result<IpAddr> {
            resolve(name).await
        }
    };
    let expected = r#"::core::compile_error! {
    "a timeout cannot be negative: write the seconds to wait, as in `timeout = 5.0`"
}
#[allow(clippy::needless_lifetimes, clippy::too_many_arguments, clippy::type_complexity)]
#[track_caller]
fn lookup(name: &str) -> io::Result<IpAddr> {
    #![allow(unused_variables)]
    loop {}
}
/// The original of `lookup`, which waits for it.
#[allow(dead_code)]
async fn lookup_async(name: &str) -> io::Result<IpAddr> {
    resolve(name).await
}
"#;
    assert_eq!(expanded(Kind::WaitFor, quote!(timeout = -1), item), expected);
}

#[test]
fn what_is_no_async_function_stays_as_it_is() {
    for item in [
        quote!(
            struct Client;
        ),
        quote!(
            fn lookup() {}
        ),
        quote!(
            async fn lookup();
        ),
    ] {
        let text = expand(Kind::RunInReactor, quote!(), item.clone()).to_string();
        assert!(text.ends_with(&item.to_string()) && text.contains("compile_error"), "{text}");
    }
}

#[test]
fn main_is_no_associated_function() {
    let item = quote!(
        async fn main() -> io::Result<()> {
            serve().await
        }
    );
    let text = expanded(Kind::WaitFor, quote!(timeout = Duration::MAX), item);
    let expected = r#"#[allow(clippy::needless_lifetimes, clippy::too_many_arguments, clippy::type_complexity)]
fn main() -> io::Result<()> {
    ::crochet::__private::wait_for(
        ::crochet::__private::timeout(Duration::MAX),
        main_async(),
    )
}
"#;
    assert!(text.starts_with(expected), "{text}");
}
