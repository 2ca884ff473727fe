//! The tickets for results that a program has put away, and how long they are good for.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crochet::{ResultId, retrieve_result};

/// How long a ticket is good for.
pub(crate) const KEPT: Duration = Duration::from_secs(300);

/// The tickets that were given out, oldest first, and when.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<VecDeque<(ResultId, Instant)>>);

impl Tickets {
    /// Notes a new ticket, and drops the downloads whose tickets are too old.
    pub(crate) fn note(&self, ticket: ResultId, now: Instant) {
        let mut tickets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.push_back((ticket, now));
        let old = tickets.partition_point(|(_, since)| now.duration_since(*since) > KEPT);
        for (ticket, _) in tickets.drain(..old) {
            if let Ok(download) = retrieve_result::<Vec<u8>, io::Error>(ticket) {
                download.cancel();
            }
        }
    }
}
