//! Tests of crochet inside other runtimes: tokio's two, smol, futures' executor; see `tests`.
