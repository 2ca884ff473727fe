//! How much of the machine this process has used.

use std::time::Duration;

/// The processor time that all threads of this process have used. `None` except on Linux, as the
/// only rule that needs it is about the scheduler of Linux.
#[cfg(target_os = "linux")]
pub(crate) fn process_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ProcessCPUTime).try_into().ok()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn process_time() -> Option<Duration> {
    None
}
