//! What the compiler says about wrong uses of the attributes. Each file in `cases` holds mistakes of one
//! kind; beside it is all that Rust 1.95 says about them. After a change of the texts:
//!
//! ```text
//! TRYBUILD=overwrite cargo test -p crochet-ui-tests
//! ```

#[test]
fn every_mistake_gives_one_message_that_says_what_to_write() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("cases/*.rs");
    tests.pass("accepted/*.rs");
}
