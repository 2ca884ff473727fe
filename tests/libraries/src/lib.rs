//! Only tests: published libraries against real servers, in `tests/suite`.
