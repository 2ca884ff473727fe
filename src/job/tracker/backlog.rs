//! [`Backlog`]: the jobs that were drained from the queue, and that the reactor thread takes next.

use std::collections::VecDeque;

/// The number of jobs in a block.
const BLOCK: usize = 64;

/// A queue that neither moves its items when it grows, which would take long while it is locked,
/// nor keeps memory when it has shrunk.
pub(super) struct Backlog<T> {
    /// All but the first and the last block have [`BLOCK`] items. None is empty.
    blocks: VecDeque<VecDeque<T>>,
    len: usize,
}

impl<T> Backlog<T> {
    pub(super) fn new() -> Self {
        Self { blocks: VecDeque::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push_back(&mut self, item: T) {
        self.len += 1;
        // The first block stays as it is: it may have lost items at its front.
        if let Some(last) = self.blocks.iter_mut().skip(1).next_back() {
            if last.len() < BLOCK {
                last.push_back(item);
                return;
            }
        }
        self.blocks.push_back(VecDeque::from([item]));
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let first = self.blocks.front_mut()?;
        let item = first.pop_front();
        self.len -= 1;
        if first.is_empty() {
            self.blocks.pop_front();
            if self.blocks.is_empty() {
                self.blocks = VecDeque::new();
            }
        }
        item
    }

    /// Returns the items from the one at `index` on.
    pub(super) fn iter_from(&self, index: usize) -> impl Iterator<Item = &T> {
        let first = self.blocks.front().map_or(0, VecDeque::len);
        let (block, skipped) = match index.checked_sub(first) {
            None => (0, index),
            Some(beyond) => (1 + beyond / BLOCK, beyond % BLOCK),
        };
        let blocks = self.blocks.range(block.min(self.blocks.len())..);
        blocks.flatten().skip(skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_in_order_and_can_be_looked_at_from_any_index() {
        let mut backlog = Backlog::new();
        let (mut next_in, mut next_out) = (0, 0);
        for (pushes, pops) in [(1, 1), (10, 3), (BLOCK * 3, BLOCK), (5, BLOCK), (BLOCK * 2, 7)] {
            for _ in 0..pushes {
                backlog.push_back(next_in);
                next_in += 1;
            }
            for _ in 0..pops {
                assert_eq!(backlog.pop_front(), Some(next_out));
                next_out += 1;
            }
            assert_eq!(backlog.len(), next_in - next_out);
            for index in 0..=backlog.len() + 1 {
                assert!(backlog.iter_from(index).copied().eq(next_out + index..next_in), "{index}");
            }
        }
        while backlog.pop_front().is_some() {
            next_out += 1;
        }
        assert_eq!((next_out, backlog.len()), (next_in, 0));
        assert_eq!(backlog.blocks.capacity(), 0);
    }
}
