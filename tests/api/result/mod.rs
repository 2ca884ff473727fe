//! The results of jobs: waited for, taken, awaited, put away.

mod awaiting;
mod stash;
mod stash_for;
mod taking;
mod wait_all;
mod wait_any;
mod waiting;
