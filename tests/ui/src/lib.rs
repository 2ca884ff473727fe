//! What the compiler says about wrong uses of the attributes: see `tests/ui.rs`.
