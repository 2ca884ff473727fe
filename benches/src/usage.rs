//! What the kernel knows of this process.

use std::time::Duration;

/// The processor time that this process has used so far, all threads together.
#[cfg(unix)]
#[must_use]
pub fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "a call into libc")]
    // SAFETY: it writes to the pointed-to struct only.
    unsafe {
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time);
    }
    // Both are positive; the types differ between platforms.
    #[expect(clippy::cast_sign_loss, reason = "positive")]
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Not known here.
#[cfg(not(unix))]
#[must_use]
pub fn cpu_time() -> Duration {
    Duration::ZERO
}

/// How often threads of this process have gone to sleep so far; `None` where the system does not
/// tell.
#[must_use]
pub fn sleeps() -> Option<u64> {
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let status = std::fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        sum += line.trim().parse::<u64>().ok()?;
    }
    Some(sum)
}

/// Memory of this process that is in use, in bytes; `None` where the system does not tell.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? * 1024)
}
