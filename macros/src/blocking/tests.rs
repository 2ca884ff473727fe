//! What the attribute stands for, to the letter.

use quote::quote;

use super::*;

/// The twin's part of the output, as `cargo expand` would show it: the items after the first one.
fn twin(args: TokenStream, item: TokenStream) -> String {
    let mut file: syn::File = syn::parse2(expand(args, item)).expect("it is a file");
    file.items.remove(0);
    prettyplease::unparse(&file)
}

#[test]
fn an_impl_has_one_of_its_twin_beside_it() {
    let item = quote! {
        impl Client {
            /// Connects to a server.
            ///
            /// # Examples
            ///
            /// ```
            /// Client::connect("localhost");
            /// ```
            pub async fn connect(address: &str) -> io::Result<Self> {
                Ok(Self { address })
            }

            /// Opens a session; see [`Self::len`], [`Self::raw`].
            #[must_use]
            #[tracing::instrument]
            pub(crate) async fn open<'a, T: Key>(
                &self,
                key: &'a T,
                other: &Session,
            ) -> Result<Option<Session>, MyError> {
                self.raw(key).await
            }

            /// Counts.
            pub async fn len(&self) -> usize {
                1
            }

            /// Where it is.
            #[must_use]
            pub fn peer(&self) -> SocketAddr {
                self.peer
            }

            #[blocking(skip)]
            pub async fn raw(&self) -> Raw {}

            async fn private(&self) {}
        }
    };
    let args = quote!(
        as = blocking::Client,
        timeout = 2.5,
        types(Session as blocking::Session)
    );
    let expected = r#"impl blocking::Client {
    /// Connects to a server.
    ///
    /// This blocks; [`Client::connect`] is async.
    #[track_caller]
    pub fn connect(address: &str) -> io::Result<Self> {
        ::crochet::__private::wait_for(
                ::core::time::Duration::new(2u64, 500000000u32),
                Client::connect(address),
            )
            .map(|value| blocking::Client(::crochet::__private::from_async(value)))
    }
    /// Opens a session; see [`Self::len`], [`Client::raw`].
    ///
    /// This blocks; [`Client::open`] is async.
    #[allow(clippy::needless_lifetimes)]
    #[track_caller]
    pub(crate) fn open<'a, T: Key>(
        &self,
        key: &'a T,
        other: &blocking::Session,
    ) -> Result<Option<blocking::Session>, MyError> {
        ::crochet::__private::wait_for(
                ::core::time::Duration::new(2u64, 500000000u32),
                Client::open::<T>(&self.0, key, &other.0),
            )
            .map(|value| {
                value
                    .map(|value| blocking::Session(
                        ::crochet::__private::from_async(value),
                    ))
            })
    }
    /// Counts.
    ///
    /// This blocks; [`Client::len`] is async.
    ///
    /// # Errors
    ///
    /// `crochet::Error`, if the result is late or cannot come.
    #[track_caller]
    pub fn len(&self) -> ::core::result::Result<usize, ::crochet::Error> {
        ::crochet::__private::wait_for_value(
            ::core::time::Duration::new(2u64, 500000000u32),
            Client::len(&self.0),
        )
    }
    /// Where it is.
    ///
    /// The same as [`Client::peer`] of the async API.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        Client::peer(&self.0)
    }
}
"#;
    assert_eq!(twin(args, item), expected);
}

#[test]
fn the_impl_itself_is_as_it_was() {
    let body = quote! {
        #![allow(unused)]
        /// Kept.
        #[cfg(unix)] pub async fn open(&self) -> Raw { #[blocking(inner)] { 1 } }
        macro_call! { #[blocking(inside)] }
    };
    let item = quote! {
        #[allow(dead_code)]
        unsafe impl<T> Client<T> where T: Copy {
            #[blocking(timeout = 1)]
            #[cfg_attr(a, blocking(skip))]
            #[cfg_attr(b, inline, crochet::blocking(skip), cold)]
            const X: u8 = 1;
            #body
        }
    };
    let expected = quote! {
        #[allow(dead_code)]
        unsafe impl<T> Client<T> where T: Copy {
            #[cfg_attr(b, inline, cold)]
            const X: u8 = 1;
            #body
        }
    };
    let text = expand(quote!(as = Twin<T>, timeout = 1), item).to_string();
    assert!(text.contains(&expected.to_string()), "{text}");
}

#[test]
fn streams_take_the_timeout_and_the_reactor_along() {
    let item = quote! {
        impl Client {
            pub async fn watch(self) -> io::Result<impl Stream<Item = io::Result<Session>> + '_> {}
            pub fn body(&self) -> impl AsyncRead + Send {}
        }
    };
    let args = quote!(
        as = Twin, make = Twin::new, timeout = self.timeout, reactor = &self.reactor,
        types(Session as blocking::Session = Session::block)
    );
    let expected = r#"impl Twin {
    /// This blocks; [`Client::watch`] is async.
    #[allow(clippy::type_complexity)]
    #[track_caller]
    pub fn watch(
        self,
    ) -> io::Result<
        ::crochet::MergeErrors<
            impl Stream<Item = io::Result<blocking::Session>> + '_ + ::core::marker::Send,
        >,
    > {
        let timeout = ::crochet::__private::timeout(self.timeout);
        let reactor = ::crochet::__private::reactor(&self.reactor);
        ::crochet::__private::wait_for_on(
                ::crochet::__private::reactor(&reactor),
                timeout,
                Client::watch(::crochet::__private::into_async(self.0)),
            )
            .map(|value| {
                ::crochet::Iter::on(
                        &reactor,
                        ::crochet::__private::map_stream(
                            value,
                            |value| value.map(Session::block),
                        ),
                    )
                    .timeout(timeout)
                    .merge_errors()
            })
    }
    /// The same as [`Client::body`] of the async API.
    pub fn body(
        &self,
    ) -> ::crochet::io::Blocking<
        ::core::pin::Pin<::std::boxed::Box<impl AsyncRead + Send>>,
    > {
        let timeout = ::crochet::__private::timeout(self.timeout);
        let reactor = ::crochet::__private::reactor(&self.reactor);
        ::crochet::io::Blocking::on(
                &reactor,
                ::std::boxed::Box::pin(Client::body(&self.0)),
            )
            .with_timeout(timeout)
    }
}
"#;
    assert_eq!(twin(args, item), expected);
}

#[test]
fn errors_are_converted_or_wrapped() {
    let item = quote! {
        impl Client {
            pub async fn get(&self) -> Result<Page, Foreign> {}
            #[blocking(error = wrap)]
            pub async fn put(&self) -> Result<Page, Foreign> {}
            #[blocking(error = wrap)]
            pub async fn alias(&self) -> reqwest::Result<Page> {}
        }
    };
    let args = quote!(as = Twin, timeout = 1, error = Foreign::late, crate = my::crochet);
    let text = twin(args, item);
    for part in [
        "my::crochet::__private::wait_for_or(
            ::core::time::Duration::new(1u64, 0u32),
            Client::get(&self.0),
            Foreign::late,
        )",
        "-> ::core::result::Result<Page, my::crochet::Error<Foreign>>",
        "my::crochet::__private::wait_for_wrapped(",
        "-> my::crochet::Wrapped<reqwest::Result<Page>>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn a_trait_has_one_that_blocks_and_that_all_its_types_have() {
    let item = quote! {
        /// A store.
        pub trait Store<K: ?Sized = str>: Send + Sync {
            /// What goes wrong.
            type Error: From<crochet::Error>;
            const LIMIT: usize = 8;
            /// Looks up a key.
            fn get(&self, key: &K) -> impl Future<Output = Result<String, Self::Error>> + Send;
            fn name(&self) -> &str { "store" }
            #[blocking(skip)]
            fn raw(&self);
        }
    };
    let declared = r#"pub trait BlockingStore<K: ?Sized = str>: Send + Sync {
    /// What goes wrong.
    ///
    /// The same as [`Store::Error`].
    type Error: From<crochet::Error>;
    /// The same as [`Store::LIMIT`].
    const LIMIT: usize;
    /// Looks up a key.
    ///
    /// This blocks; [`Store::get`] is async.
    #[track_caller]
    fn get(&self, key: &K) -> Result<String, Self::Error>;
    /// The same as [`Store::name`] of the async API.
    fn name(&self) -> &str;
}
"#;
    let implemented = r#"impl<T: Store<K> + ?::core::marker::Sized, K: ?Sized> BlockingStore<K> for T {
    type Error = <T as Store<K>>::Error;
    const LIMIT: usize = <T as Store<K>>::LIMIT;
    #[track_caller]
    fn get(&self, key: &K) -> Result<String, Self::Error> {
        ::crochet::__private::wait_for(
            ::core::time::Duration::new(5u64, 0u32),
            <T as Store<K>>::get(self, key),
        )
    }
    fn name(&self) -> &str {
        <T as Store<K>>::name(self)
    }
}
"#;
    let docs = "/// A store.
///
/// Implemented for every type that implements [`Store`]: what is async there blocks here.
";
    let text = twin(quote!(as = BlockingStore, timeout = 5), item);
    assert_eq!(text, format!("{docs}{declared}{implemented}"));
}

#[test]
fn after_a_mistake_all_else_is_there() {
    let item = quote! {
        impl Client {
            pub fn session(&self) -> &Session {}
            #[cfg_attr(a, blocking(skip))]
            pub fn other(&self) -> &Session {}
            pub fn peer(&self) -> SocketAddr {}
        }
    };
    let text = expand(quote!(as = Twin, types(Session as Other)), item).to_string();
    assert_eq!(text.matches("compile_error").count(), 2);
    assert!(text.contains("# [cfg (not (a))] :: core :: compile_error"), "{text}");
    assert!(text.contains("Client :: peer (& self . 0)"), "{text}");
    assert!(text.contains("fn session (& self) -> & Session { let _ = (self ,) ; loop { } }"));
}

#[test]
fn what_has_no_twin_stays_as_it_is() {
    for item in [
        quote!(
            struct Client;
        ),
        quote!(
            async fn lookup() {}
        ),
        quote!(impl Display for Client {}),
    ] {
        let text = expand(quote!(as = Twin), item.clone()).to_string();
        assert!(text.ends_with(&item.to_string()) && text.contains("compile_error"), "{text}");
    }
}

/// The output for the example `twin`, beside this file. After a change, see to it that it still
/// reads as if written by hand, and write it anew:
///
/// ```text
/// CROCHET_BLESS=1 cargo test -p crochet-rs-macros
/// ```
#[test]
fn the_twins_of_the_example_are_those_in_the_file() {
    let source = include_str!("../../../examples/support/redis.rs");
    let mut twins = String::new();
    for item in syn::parse_file(source).expect("it is a file").items {
        let syn::Item::Impl(mut item) = item else { continue };
        let is_blocking =
            |attribute: &Attribute| docs::link(attribute.path()) == "crochet::blocking";
        let Some(at) = item.attrs.iter().position(is_blocking) else { continue };
        let attribute = item.attrs.remove(at);
        let args = &attribute.meta.require_list().expect("it has options").tokens;
        twins += &twin(args.clone(), item.to_token_stream());
    }
    if std::env::var_os("CROCHET_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/blocking/redis.expanded.rs");
        std::fs::write(path, &twins).expect("it can be written");
    }
    assert_eq!(twins, include_str!("redis.expanded.rs"));
}
