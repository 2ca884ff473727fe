//! [`Nanos`]: a duration in half the room.

use std::ops::Add;
use std::time::Duration;

/// A duration of whole nanoseconds, up to 584 years; a longer one counts as so long. A `Duration`
/// takes twice as many bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Nanos(u64);

impl Nanos {
    pub(crate) fn get(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl From<Duration> for Nanos {
    fn from(time: Duration) -> Self {
        Self(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl Add<Duration> for Nanos {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(Self::from(time).0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_as_long_as_can_be() {
        let long = Duration::from_secs(500 * 365 * 24 * 3600);
        assert_eq!(Nanos::from(long).get(), long);
        assert_eq!(Nanos::from(Duration::MAX).get(), Duration::from_nanos(u64::MAX));
        assert!(Nanos::from(long) + Duration::MAX == Nanos::from(Duration::MAX));
        assert!(Nanos::from(Duration::ZERO) + long == Nanos::from(long));
    }
}
