//! What a blocking call costs its caller, beside what people use instead.
//!
//! `benches/compare.rs` is the program: it starts itself once for every figure, so that the threads
//! of one way do not disturb another. The rooms: [`peers`] has the ways to call, [`scenarios`] what
//! is measured, [`busy`] what a busy machine needs, [`servers`] the other end of the network calls,
//! [`report`] the table and the chart.

pub mod busy;
pub mod peers;
pub mod report;
pub mod scenarios;
pub mod servers;
pub mod usage;
