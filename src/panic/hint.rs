//! Advice against a failure whose cause this crate knows: a library that is built on tokio, in a
//! job outside of a tokio runtime's context.

/// Parts of the messages that such libraries panic with.
const PANICS: [&str; 2] = [
    // tokio 1 itself, and libraries that leave the check to tokio: reqwest, hyper-util, tonic,
    // hickory, redis, tokio-postgres, rumqttc, async-nats, lapin. What is said to be missing ("no
    // reactor", "no timer") differs.
    "must be called from the context of a Tokio 1.x runtime",
    // sqlx, in all that it does.
    "this functionality requires a Tokio context",
];

/// A part of the error that quinn returns, and so does reqwest for HTTP/3.
const QUINNS_ERROR: &str = "no async runtime found";

/// The name of the error that zbus returns, the whole of its `Debug` text.
const ZBUS_ERROR: &str = "Unsupported";

/// Returns advice against a panic with this message, where this crate has any. With the feature
/// `tokio` there is a context, so then the advice would not help.
pub(crate) fn hint(message: &str) -> Option<&'static str> {
    let helps = cfg!(not(feature = "tokio")) && PANICS.iter().any(|panic| message.contains(panic));
    helps.then_some("enable crochet-rs's feature `tokio`")
}

/// Returns advice against an error with this `Debug` text, as [`hint`] does for panics. An error
/// says less than a panic of where it comes from, so the advice has a condition.
pub(crate) fn hint_for_error(debug: &str) -> Option<&'static str> {
    let helps =
        cfg!(not(feature = "tokio")) && (debug == ZBUS_ERROR || debug.contains(QUINNS_ERROR));
    helps.then_some("if the library is built on tokio, enable crochet-rs's feature `tokio`")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHOUT_TOKIO: bool = cfg!(not(feature = "tokio"));

    #[test]
    fn the_panic_of_tokio_itself_is_known() {
        for missing in ["there is no reactor running", "there is no timer running"] {
            let message =
                format!("{missing}, must be called from the context of a Tokio 1.x runtime");
            assert_eq!(hint(&message).is_some(), WITHOUT_TOKIO);
        }
    }

    #[test]
    fn the_panic_of_sqlx_is_known() {
        let message = "this functionality requires a Tokio context";
        assert_eq!(hint(message).is_some(), WITHOUT_TOKIO);
    }

    #[test]
    fn the_error_of_zbus_is_known_and_others_of_that_kind_are_not() {
        assert_eq!(hint_for_error("Unsupported").is_some(), WITHOUT_TOKIO);
        assert_eq!(hint_for_error("Kind(Unsupported)"), None);
        assert_eq!(hint_for_error("Custom { kind: Unsupported, error: \"no sockets\" }"), None);
    }

    #[test]
    fn the_error_of_quinn_is_known() {
        let error = std::io::Error::other("no async runtime found");
        assert_eq!(hint_for_error(&format!("{error:?}")).is_some(), WITHOUT_TOKIO);
    }

    #[test]
    fn a_context_that_lacks_something_else_is_left_alone() {
        let disabled = "A Tokio 1.x context was found, but timers are disabled.";
        assert_eq!(hint(disabled), None);
        assert_eq!(hint("there is no wool"), None);
    }
}
