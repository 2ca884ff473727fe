//! `reqwest::blocking`, written again: a twin of reqwest's async client, with the names and
//! signatures of the original.
//!
//! The async client lives in [`layer`], behind newtypes that know how long each call waits, as the
//! original's client does. What waits is made from these by two attributes; what does not is passed
//! on. Unlike the original, this one may be used and dropped in a runtime; only not in a job.

/// Methods that need not wait, and that the async value has under the same name.
macro_rules! passed_on {
    ($ty:literal, $this:ident => $inner:expr;
     ref { $($name:ident: $out:ty,)* } mut { $($name_mut:ident: $out_mut:ty,)* }) => {
        $(
            #[doc = concat!("See [`reqwest::", $ty, "::", stringify!($name), "`].")]
            pub fn $name(&$this) -> $out {
                $inner.$name()
            }
        )*
        $(
            #[doc = concat!("See [`reqwest::", $ty, "::", stringify!($name_mut), "`].")]
            pub fn $name_mut(&mut $this) -> &mut $out_mut {
                $inner.$name_mut()
            }
        )*
    };
}

/// Settings, which the async builder has under the same name.
macro_rules! settings {
    ($ty:literal: $($name:ident($($argument:ident: $argument_ty:ty),*);)*) => { $(
        #[doc = concat!("See [`reqwest::", $ty, "::", stringify!($name), "`].")]
        pub fn $name(mut self, $($argument: $argument_ty),*) -> Self {
            self.inner = self.inner.$name($($argument),*);
            self
        }
    )* };
}

mod body;
mod builder;
mod client;
mod error;
pub mod layer;
mod request;
mod response;

pub use body::Body;
pub use builder::ClientBuilder;
pub use client::{Client, get};
pub use request::{Request, RequestBuilder};
pub use response::Response;
