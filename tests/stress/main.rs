//! Races and storms: many threads, many rounds.

mod support;
mod wait_for;
