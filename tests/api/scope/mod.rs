//! `within` and `interruptible`: the limits of a stretch of blocking code.
//!
//! Each blocking call ([`calls::Call`]) in each state of the scopes around it, `x` being the call:
//!
//! | state | how `x` ends | its job | test, in `matrix` |
//! |---|---|---|---|
//! | in time | with the result | done | `a_result_in_time_is_returned` |
//! | late by its own timeout | timeout, no scope named | as ever | `a_call_that_is_late_by_itself_names_no_scope` |
//! | late by a scope | timeout, the scope named | as after its own timeout | `a_deadline_ends_calls` |
//! | after a scope's deadline | at once, with what is there | as with `ZERO` | `after_the_deadline_calls_take_what_is_there` |
//! | interrupted | `Interrupted` | as after a timeout | `a_check_that_fails_ends_calls` |
//! | interrupted before | `Interrupted`, at once, ready or not | never begun | `after_a_failed_check_every_call_ends_at_once` |
//! | check panics | unwinds | as after a timeout | `a_check_that_panics_unwinds_through_calls` |
//! | nested deadlines | at the earliest | as after a timeout | `of_nested_deadlines_the_earliest_ends_calls` |
//! | nested checks | the outermost failure ends it | as after a timeout | `nested_checks_are_all_asked` |
//! | on another thread | as without a scope | done | `another_thread_is_not_limited` |
//!
//! When checks are asked, and what they may do, is in `checks`; what scopes leave behind, and what
//! they leave alone, in `bounds`.

mod bounds;
mod calls;
mod checks;
mod matrix;
