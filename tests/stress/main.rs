//! Races and storms: many threads, many rounds. `tests/api` has what they are about, by the same
//! subjects.

#[cfg(unix)]
mod fork;
mod job;
mod reactor;
mod result;
mod support;
mod wait_for;
