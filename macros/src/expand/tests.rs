//! The exact output of the attributes.

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
#[track_caller]
pub fn lookup<T: Read>(name: &str, (from, to): (T, u16)) -> io::Result<IpAddr>
where
    T: Clone,
{
    ::crochet::__private::wait_for(
        ::core::time::Duration::new(2u64, 500000000u32),
        ::crochet::__private::in_an_impl_mention_the_self_type_once! {
            lookup_async[] :: < T > (name, (from, to))
        },
    )
}
/// The original of `lookup`, which waits for it.
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
    let expected = r#"#[track_caller]
fn lookup(name: String) -> ::crochet::Eventual<io::Result<IpAddr>> {
    #[allow(warnings)]
    async fn _lookup_async(name: String) -> io::Result<IpAddr> {
        resolve(name).await
    }
    ::crochet::run_in_reactor(move || _lookup_async(name))
}
/// The original of `lookup`, which runs it in the reactor.
pub(self) async fn lookup_async(name: String) -> io::Result<IpAddr> {
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
    #[track_caller]
    pub(crate) fn lookup(&self, name: &str, argument2: u16) -> io::Result<IpAddr> {
        ::crochet::__private::wait_for(
            ::crochet::__private::timeout(self.timeout),
            Self::lookup_async(self, name, argument2),
        )
    }
    /// The original of `lookup`, which waits for it.
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
    #[track_caller]
    fn lookup(self: Arc<Self>) -> my::crochet::Eventual<io::Result<IpAddr>> {
        my::crochet::Reactor::run_in_reactor(
            &my::crochet::__private::reactor(&self.reactor),
            move || {
                my::crochet::__private::in_a_trait_call_a_function_outside_it! {
                    resolve_async[Self::] (self)
                }
            },
        )
    }
    /// The original of `lookup`, which runs it in the reactor.
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
#[track_caller]
fn lookup(name: &str) -> io::Result<IpAddr> {
    let _ = (name,);
    loop {}
}
/// The original of `lookup`, which waits for it.
pub(self) async fn lookup_async(name: &str) -> io::Result<IpAddr> {
    resolve(name).await
}
"#;
    assert_eq!(expanded(Kind::WaitFor, quote!(timeout = -1), item), expected);
}

#[test]
fn the_original_of_a_copy_has_the_visibility_that_it_is_given() {
    let item = quote! {
        pub async fn lookup(name: &str) -> io::Result<IpAddr> {
            resolve(name).await
        }
    };
    let text = expanded(Kind::WaitFor, quote!(timeout = 1, wrapped = pub(crate) resolved), item);
    assert!(text.contains("\npub(crate) async fn resolved("), "{text}");
    assert!(text.contains("\n    async fn _resolved("), "{text}");
}

#[test]
fn an_argument_that_may_not_be_there_is_passed_on_likewise() {
    let item = quote! {
        pub async fn lookup(&self, #[cfg(unix)] _: u8, #[cfg(windows)] name: &str) -> io::Result<u8> {
            Ok(0)
        }
    };
    let expected = r#"impl Client {
    #[track_caller]
    pub fn lookup(
        &self,
        #[cfg(unix)]
        argument1: u8,
        #[cfg(windows)]
        name: &str,
    ) -> io::Result<u8> {
        ::crochet::__private::wait_for(
            ::core::time::Duration::new(1u64, 0u32),
            Self::lookup_async(self, #[cfg(unix)] argument1, #[cfg(windows)] name),
        )
    }
"#;
    let text = expanded_in_impl(Kind::WaitFor, quote!(timeout = 1), item);
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn an_argument_for_an_option_is_used() {
    let item = quote! {
        async fn lookup(&self, limit: Duration) -> io::Result<IpAddr> {
            #![expect(clippy::let_unit_value)]
            self.resolve().await
        }
    };
    let expected = r#"    async fn lookup_async(&self, limit: Duration) -> io::Result<IpAddr> {
        #![expect(clippy::let_unit_value)]
        let _ = &limit;
        self.resolve().await
    }
}
"#;
    let text = expanded_in_impl(Kind::WaitFor, quote!(timeout = self.timeout.min(limit)), item);
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn errors_are_wrapped_on_demand() {
    let item = quote! {
        async fn lookup(&self) -> http::Result<Page> {
            self.get("/").await
        }
    };
    let args = quote!(timeout = 1, error = wrap, reactor = &self.reactor);
    let expected = r#"impl Client {
    #[track_caller]
    fn lookup(&self) -> ::crochet::Wrapped<http::Result<Page>> {
        ::crochet::__private::wait_for_wrapped_on(
            ::crochet::__private::reactor(&self.reactor),
            ::core::time::Duration::new(1u64, 0u32),
            ::crochet::__private::in_a_trait_call_a_function_outside_it! {
                lookup_async[Self::] (self)
            },
        )
    }
    /// The original of `lookup`, which waits for it.
    async fn lookup_async(&self) -> http::Result<Page> {
        self.get("/").await
    }
}
"#;
    assert_eq!(expanded_in_impl(Kind::WaitFor, args, item), expected);
}

#[test]
fn a_body_with_state_is_not_copied() {
    for body in [
        quote!(Ok(next_id!())),
        quote!({
            static N: u32 = 1;
            Ok(N)
        }),
    ] {
        let item = quote!(async fn next() -> io::Result<u32> { #body });
        let text = expanded(Kind::WaitFor, quote!(timeout = 1), item);
        assert_eq!(text.matches("fn ").count(), 2, "{text}");
    }
    let item = quote!(
        async fn next() -> io::Result<u32> {
            println!("next");
            Ok(1)
        }
    );
    let text = expanded(Kind::WaitFor, quote!(timeout = 1), item);
    assert_eq!(text.matches("fn ").count(), 3, "{text}");
}

#[test]
fn nothing_is_allowed_that_a_crate_may_forbid() {
    for item in [
        quote!(
            async fn free((a, ..): (u8, u8)) -> io::Result<u8> {
                state!()
            }
        ),
        quote!(
            async fn method(&self) -> io::Result<u8> {
                Ok(1)
            }
        ),
        quote!(
            async fn no_result() -> () {}
        ),
    ] {
        for kind in [Kind::WaitFor, Kind::RunInReactor] {
            let text = expand(kind, quote!(timeout = a.duration()), item.clone()).to_string();
            assert!(!text.contains("allow"), "{text}");
        }
    }
}

#[test]
fn a_fault_of_a_signature_is_reported_for_one_of_the_functions() {
    let many = quote!(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8);
    let item = quote! {
        async fn lookup<'a>(&'a self, #many) -> io::Result<Vec<Option<Box<&'a u8>>>> { Ok(a) }
    };
    let text = expanded_in_impl(Kind::WaitFor, quote!(timeout = 1), item);
    let lints = "clippy::too_many_arguments,
        clippy::needless_lifetimes,
        clippy::type_complexity";
    assert_eq!(text.matches("allow").count(), 1, "{text}");
    assert!(text.starts_with(&format!("impl Client {{\n    #[allow(\n        {lints}")), "{text}");

    let item = quote!(async fn lookup(#many, h: u8) -> io::Result<u8> { Ok(a) });
    let text = expanded(Kind::WaitFor, quote!(timeout = 1), item);
    let original = "#[allow(clippy::too_many_arguments)]\npub(self) async fn lookup_async(";
    assert_eq!(text.matches("clippy").count(), 1, "{text}");
    assert!(text.contains(original), "{text}");
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
    let expected = r#"fn main() -> io::Result<()> {
    ::crochet::__private::wait_for(
        ::crochet::__private::timeout(Duration::MAX),
        main_async(),
    )
}
"#;
    assert!(text.starts_with(expected), "{text}");
}
