//! How the crate writes things for people: places in the source, durations, and other people's
//! text.

use std::fmt::{self, Write as _};
use std::panic::Location;
use std::time::Duration;

/// Shows a source location as `file:line`, which terminals and editors turn into a link.
pub(crate) struct ShortLocation(pub(crate) &'static Location<'static>);

impl fmt::Display for ShortLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}

/// Shows a duration with at most one decimal: `4.9s`, `5s`, `250ms`.
pub(crate) struct Rounded(pub(crate) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.1?}", self.0);
        let parts = text.split_once('.');
        match parts.and_then(|(whole, rest)| Some((whole, rest.strip_prefix('0')?))) {
            Some((whole, unit)) => write!(f, "{whole}{unit}"),
            None => f.write_str(&text),
        }
    }
}

/// Shows a text with its control characters escaped, as in a Rust string literal: a line break as
/// `\n`, an escape character as `\u{1b}`.
///
/// Everything that the crate writes to a log or a terminal and did not word itself goes through
/// this: otherwise the text of an error, which may come from the network, could forge lines of the
/// log or control the terminal that shows it.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(EscapeControls(f), "{}", self.0)
    }
}

struct EscapeControls<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for EscapeControls<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_control) {
            let (plain, control) = rest.split_at(at);
            let mut chars = control.chars();
            self.0.write_str(plain)?;
            if let Some(control) = chars.next() {
                write!(self.0, "{}", control.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Tells whether the character ends a line, controls a terminal, or changes the direction in which
/// the characters around it are shown.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_to_one_decimal() {
        let shown = |d| Rounded(d).to_string();
        assert_eq!(shown(Duration::from_secs(5)), "5s");
        assert_eq!(shown(Duration::from_millis(4949)), "4.9s");
        assert_eq!(shown(Duration::from_millis(250)), "250ms");
        assert_eq!(shown(Duration::from_micros(10_060)), "10.1ms");
        assert_eq!(shown(Duration::ZERO), "0ns");
    }

    #[test]
    fn control_characters_are_escaped_and_nothing_else_is() {
        let shown = |text| Escaped(text).to_string();
        assert_eq!(
            shown("plain 'text', \"quoted\" \\ ünïcode 🧶"),
            "plain 'text', \"quoted\" \\ ünïcode 🧶"
        );
        assert_eq!(shown("\n\r\tend\n"), "\\n\\r\\tend\\n");
        assert_eq!(shown("\x1b[31mred\x07\x7f"), "\\u{1b}[31mred\\u{7}\\u{7f}");
        assert_eq!(shown("\u{85}\u{2028}\u{202e}\u{2066}"), "\\u{85}\\u{2028}\\u{202e}\\u{2066}");
        assert_eq!(shown(""), "");
    }
}
