//! What helps against a panic that this crate knows the cause of.

/// What every release of tokio 1 panics with where there is no context.
const NO_CONTEXT: &str =
    "there is no reactor running, must be called from the context of a Tokio 1.x runtime";

/// What helps against a panic with this message, if this crate knows. With the feature `tokio` there is a context.
pub(crate) fn hint(message: &str) -> Option<&'static str> {
    let helps = cfg!(not(feature = "tokio")) && message.contains(NO_CONTEXT);
    helps.then_some("enable crochet-rs's feature `tokio`")
}
