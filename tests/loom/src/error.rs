//! The part of `src/error.rs` that the protocols name.

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Not begun.
    Queued,
    /// Inside `poll`.
    Running,
    /// Awaiting something.
    Waiting,
}
