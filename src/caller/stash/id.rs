//! [`ResultId`]: the id of a stashed result.

use std::fmt;
use std::str::FromStr;

/// The id of a stashed result: 128 random bits from the operating system, shown as 32 hexadecimal
/// digits.
///
/// An id cannot be guessed, so a server can put it into a cookie or a URL, and read it back with
/// [`str::parse`].
///
/// # Examples
///
/// ```
/// use crochet::{Error, ResultId};
///
/// let id = crochet::run_in_reactor(|| async { Ok::<_, Error>(1) }).stash();
/// let cookie = id.to_string();
/// assert_eq!(cookie.len(), 32);
/// assert_eq!(cookie.parse::<ResultId>(), Ok(id));
/// # let _ = crochet::retrieve_result::<i32, Error>(id).map(|result| result.detach());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultId(u128);

impl ResultId {
    /// Makes a new id.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    #[track_caller]
    pub(super) fn random() -> Self {
        let mut bytes = [0; 16];
        if let Err(error) = fill_with_randomness(&mut bytes) {
            panic!("no randomness from the operating system for a `ResultId`: {error}");
        }
        Self(u128::from_ne_bytes(bytes))
    }
}

/// Blocks only while the system boots, until it has collected enough.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn fill_with_randomness(bytes: &mut [u8; 16]) -> Result<(), impl fmt::Display> {
    use rustix::rand::{GetRandomFlags, getrandom};

    // So few bytes come at once, or not at all: a signal may interrupt the wait for them.
    rustix::io::retry_on_intr(|| getrandom(&mut *bytes, GetRandomFlags::empty())).map(|_| ())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use getrandom::fill as fill_with_randomness;

impl fmt::Display for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ResultId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResultId({self})")
    }
}

impl FromStr for ResultId {
    type Err = ParseResultIdError;

    /// Reads exactly what `Display` writes, in lower or upper case.
    fn from_str(text: &str) -> Result<Self, ParseResultIdError> {
        // `from_str_radix` alone would take a sign and any length.
        if text.len() != 32 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(ParseResultIdError(()));
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| ParseResultIdError(()))
    }
}

/// The error of parsing a text that is no [`ResultId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseResultIdError(());

impl fmt::Display for ParseResultIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a result id has 32 hexadecimal digits")
    }
}

impl std::error::Error for ParseResultIdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_shown_and_not_otherwise() {
        let id = ResultId(0x00ff);
        assert_eq!(id.to_string(), "000000000000000000000000000000ff");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for wrong in
            ["", "ff", "+00000000000000000000000000000ff", "0x0000000000000000000000000000ff"]
        {
            assert_eq!(wrong.parse::<ResultId>(), Err(ParseResultIdError(())), "{wrong}");
        }
        assert_eq!("é".repeat(16).parse::<ResultId>(), Err(ParseResultIdError(())));
    }

    #[test]
    fn ids_differ() {
        let ids: std::collections::HashSet<_> = (0..1000).map(|_| ResultId::random()).collect();
        assert_eq!(ids.len(), 1000);
    }
}
