//! [`AbortOnUnwind`]: a limit that no panic passes.

use std::process;

/// Ends the process if it is dropped, which unwinding does. Call [`disarm`](Self::disarm) at the
/// end of the code that must not unwind.
#[must_use = "what comes after its drop may unwind"]
pub(crate) struct AbortOnUnwind(());

impl AbortOnUnwind {
    pub(crate) fn arm() -> Self {
        Self(())
    }

    pub(crate) fn disarm(self) {
        std::mem::forget(self);
    }
}

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        // The panic hook has reported the panic; a write could fail, and nothing may unwind from
        // here.
        process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::panic;
    use std::process::Command;

    #[test]
    fn a_panic_goes_no_further() {
        const CHILD: &str = "CROCHET_TEST_ABORT_ON_UNWIND";
        if env::var_os(CHILD).is_some() {
            let unwound = panic::catch_unwind(|| {
                let _abort = AbortOnUnwind::arm();
                panic!("inside");
            });
            println!("went on: {}", unwound.is_err());
            process::exit(0);
        }
        let test = "panic::abort::tests::a_panic_goes_no_further";
        let mut command = Command::new(env::current_exe().unwrap());
        let output = command.args([test, "--exact", "--nocapture"]).env(CHILD, "1").output();
        let output = output.unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains("running 1 test") && !stdout.contains("went on"), "{stdout}");
        assert!(!output.status.success(), "{}", output.status);
    }

    #[test]
    fn without_a_panic_nothing_happens() {
        AbortOnUnwind::arm().disarm();
    }
}
