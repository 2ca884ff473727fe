//! The helpers that this suite uses, of those that all suites share.

#[cfg(feature = "macros")]
#[path = "../support/chromium.rs"]
pub(crate) mod chromium;
#[cfg(feature = "macros")]
#[path = "../../examples/support/dns_server.rs"]
pub(crate) mod dns_server;
#[path = "../support/example.rs"]
pub(crate) mod example;
#[path = "../../examples/support/http.rs"]
pub(crate) mod http;
#[path = "../../examples/support/resolv_conf.rs"]
pub(crate) mod resolv_conf;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros, reason = "this suite uses some of it")]
mod shared;
#[path = "../support/signal.rs"]
pub(crate) mod signal;
#[path = "../support/site.rs"]
#[cfg_attr(not(feature = "macros"), allow(dead_code, reason = "most examples are left out"))]
pub(crate) mod site;
#[cfg(feature = "macros")]
#[path = "../../examples/support/tickets.rs"]
pub(crate) mod tickets;
#[cfg(feature = "macros")]
#[path = "../support/web.rs"]
pub(crate) mod web;

pub(crate) use shared::*;
