//! Counting results in the output of `cargo test`. A test program that dies in the middle says no
//! result; what it had done by then is counted, and its death counts as one failure.

use crate::steps::Outcome;
use std::fmt;
use std::process::ExitCode;

/// The sum over all test programs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    sum: Counts,
    /// The program that is running: it has said how many tests it has, and not yet how they went.
    open: Option<Counts>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Takes in one line of output.
    pub(crate) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.sum.add(Counts::of_result(result));
            self.open = None;
        } else if line.starts_with("running ")
            && (line.ends_with(" tests") || line.ends_with(" test"))
        {
            self.close();
            self.open = Some(Counts::default());
        } else if let Some(open) = &mut self.open
            && line.starts_with("test ")
        {
            open.one(line);
        }
    }

    /// The output is over, and cargo was content or not. When it was not although no test failed,
    /// something did not build or could not be started: that counts as a failure too, so that the
    /// last line never looks good by mistake.
    pub(crate) fn ended(mut self, success: bool) -> Self {
        self.close();
        if !success && self.sum.failed == 0 {
            eprintln!("no test failed, but `cargo test` did: counted as one failure, see above");
            self.sum.failed = 1;
        }
        self
    }

    /// Counts one more test, which was not cargo's.
    pub(crate) fn also(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Ok(_) => self.sum.passed += 1,
            Outcome::Failed(_) => self.sum.failed += 1,
            Outcome::LeftOut(_) => self.sum.skipped += 1,
        }
    }

    /// Whether nothing failed.
    pub(crate) fn is_good(&self) -> bool {
        self.sum.failed == 0
    }

    /// The same for the shell.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.is_good() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Counts a program that went away without a result.
    fn close(&mut self) {
        if let Some(mut died) = self.open.take() {
            died.failed += 1;
            self.sum.add(died);
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            passed,
            failed,
            skipped,
        } = self.sum;
        write!(f, "{passed} passed, {failed} failed")?;
        if skipped > 0 {
            write!(f, ", {skipped} skipped")?;
        }
        Ok(())
    }
}

impl Counts {
    /// Reads `ok. 5 passed; 0 failed; 1 ignored; …`.
    fn of_result(text: &str) -> Self {
        let count = |word: &str| {
            let parts = text.split(['.', ';']).map(str::trim);
            parts
                .filter_map(|part| part.strip_suffix(word))
                .find_map(|n| n.trim().parse().ok())
        };
        Self {
            passed: count("passed").unwrap_or(0),
            failed: count("failed").unwrap_or(0),
            skipped: count("ignored").unwrap_or(0),
        }
    }

    /// Counts the line of one test.
    fn one(&mut self, line: &str) {
        match line.rsplit_once(" ... ").map(|(_, end)| end) {
            Some("ok") => self.passed += 1,
            Some("FAILED") => self.failed += 1,
            Some(end) if end.starts_with("ignored") => self.skipped += 1,
            _ => {}
        }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn check(output: &str, success: bool, expected: &str) {
        let mut tally = Tally::default();
        output
            .lines()
            .for_each(|line| tally.line(line.trim_start()));
        assert_eq!(tally.ended(success).to_string(), expected);
    }

    #[test]
    fn results_of_several_programs_are_summed() {
        let output = "running 2 tests
            test rank::tests::a ... ok
            test rank::tests::b ... ok
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
            running 1 test
            test c ... ignored, needs a browser
            test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out";
        check(output, true, "2 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn a_program_that_dies_counts_as_a_failure_beside_what_it_had_done() {
        let output = "running 3 tests
            test a ... ok
            running 1 test
            test d ... ok
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        check(output, false, "2 passed, 1 failed");
    }

    #[test]
    fn what_does_not_build_is_not_a_success() {
        check("", false, "0 passed, 1 failed");
        check("", true, "0 passed, 0 failed");
    }
}
