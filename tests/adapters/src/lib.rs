//! Tests of `crochet::io::Blocking` under crates that are written for `std::io`; see `tests`.
