//! Advice against a panic whose cause this crate knows.

/// The message of tokio's panic where there is no runtime context, in every release of tokio 1.
const NO_CONTEXT: &str =
    "there is no reactor running, must be called from the context of a Tokio 1.x runtime";

/// Returns advice against a panic with this message, where this crate has any. With the feature `tokio` there is a
/// context, so then the advice would not help.
pub(crate) fn hint(message: &str) -> Option<&'static str> {
    let helps = cfg!(not(feature = "tokio")) && message.contains(NO_CONTEXT);
    helps.then_some("enable crochet-rs's feature `tokio`")
}
