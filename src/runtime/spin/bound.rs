//! The bound of the busy-wait, where the program sets none.

use std::env;
use std::ffi::OsStr;
use std::sync::Once;
use std::time::Duration;

use crate::job::diagnostics::log;

/// The bound where neither [`Builder::spin`](crate::Builder::spin) nor [`VARIABLE`] sets one.
const DEFAULT: Duration = Duration::from_micros(100);

/// The environment variable that sets the bound, in microseconds, where `Builder::spin` does not.
/// The project's gate also runs its suites with the busy-wait off.
const VARIABLE: &str = "CROCHET_SPIN";

/// Returns the bound for a reactor whose builder sets none. Runs user code: the logger.
pub(crate) fn default_bound() -> Duration {
    static REPORTED: Once = Once::new();
    let Some(value) = env::var_os(VARIABLE) else { return DEFAULT };
    micros(&value).unwrap_or_else(|| {
        REPORTED.call_once(|| {
            let text = "is ignored, as it is not a whole number of microseconds";
            log(log::Level::Warn, format_args!("{VARIABLE}={} {text}", value.to_string_lossy()));
        });
        DEFAULT
    })
}

fn micros(value: &OsStr) -> Option<Duration> {
    value.to_str()?.parse().ok().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_a_whole_number_of_microseconds() {
        let parse = |text: &str| micros(OsStr::new(text));
        assert_eq!(parse("0"), Some(Duration::ZERO));
        assert_eq!(parse("20"), Some(Duration::from_micros(20)));
        assert_eq!(parse(&u64::MAX.to_string()), Some(Duration::from_micros(u64::MAX)));
        for malformed in ["", " 20", "20us", "-1", "1.5", "18446744073709551616"] {
            assert_eq!(parse(malformed), None, "{malformed}");
        }
    }
}
