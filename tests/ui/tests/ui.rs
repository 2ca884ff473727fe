//! What the compiler says about wrong uses of the attributes: one file for each mistake, and beside it
//! the text, of the compiler in `rust-toolchain` terms 1.95.

#[test]
fn every_mistake_gives_one_message_that_says_what_to_write() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
