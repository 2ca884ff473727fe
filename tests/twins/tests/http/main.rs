//! The twin of reqwest's client beside the original, against one server; and where the original
//! panics.

mod server;

#[path = "."]
mod ours {
    use crochet_twins_tests::http as blocking;

    #[path = "behaviours.rs"]
    mod behaviours;
}

#[path = "."]
mod original {
    use reqwest::blocking;

    #[path = "behaviours.rs"]
    #[expect(clippy::duplicate_mod, reason = "the same program for both clients")]
    mod behaviours;
}

mod inside;
