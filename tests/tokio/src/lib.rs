//! Tests of crochet inside tokio's runtimes; see `tests`.
