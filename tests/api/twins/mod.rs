//! `#[crochet::blocking]`, form by form, as the table of its documentation has them.
//!
//! | part | tests |
//! |---|---|
//! | receivers, results, streams, options of an `impl` | `client` |
//! | types that have twins, in results and arguments | `types` |
//! | streams, readers, writers | `bridges` |
//! | errors and timeouts | `settings` |
//! | what a function may have beside its signature | `surroundings` |
//! | generic types | `generics` |
//! | traits | `traits` |
//!
//! What is refused is in `tests/ui`; the expansion is pinned in `macros/src/blocking/tests.rs`.

mod bridges;
mod client;
mod generics;
mod settings;
mod surroundings;
mod traits;
mod types;
