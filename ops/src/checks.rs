//! Checks, their outcomes, and the report of them.

use crate::exit::Exit;
use crate::out::Out;
use serde_json::{Value, json};
use std::time::Instant;

/// How a check came out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// As it should be; with what was seen.
    Passed(String),
    /// Not as it should be; with what was seen, and what to do where that is known.
    Failed(String),
    /// Nothing is known, and why. It is never green.
    NotChecked(String),
}

/// What a check ends with: what was seen.
pub(crate) type Seen = Result<String, Fault>;

/// Why a check did not pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// It failed.
    Failed(String),
    /// It could not be made.
    NotChecked(String),
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<&str> for Fault {
    fn from(why: &str) -> Self {
        Self::Failed(why.into())
    }
}

/// A check that ends so.
pub(crate) fn not_checked<T>(why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::NotChecked(why.into()))
}

/// All checks of a run.
#[derive(Debug)]
pub(crate) struct Report {
    out: Out,
    begun: Instant,
    checks: Vec<(String, Outcome, u128)>,
}

impl Report {
    pub(crate) fn new(out: Out) -> Self {
        Self { out, begun: Instant::now(), checks: Vec::new() }
    }

    /// Makes a check and tells of it.
    pub(crate) fn check(&mut self, name: &str, act: impl FnOnce() -> Seen) {
        let begun = Instant::now();
        let (outcome, word, seen) = match act() {
            Ok(seen) => (Outcome::Passed(seen.clone()), "passed", seen),
            Err(Fault::Failed(seen)) => (Outcome::Failed(seen.clone()), "FAILED", seen),
            Err(Fault::NotChecked(why)) => (Outcome::NotChecked(why.clone()), "not checked", why),
        };
        let took = begun.elapsed().as_millis();
        self.out.note(&format!("{word:<12} {name}: {seen} ({took} ms)"));
        self.checks.push((name.into(), outcome, took));
    }

    /// The names of those that failed.
    pub(crate) fn failed(&self) -> Vec<&str> {
        let failed = self.checks.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)));
        failed.map(|(name, ..)| name.as_str()).collect()
    }

    /// How many passed.
    pub(crate) fn passed(&self) -> usize {
        self.checks.iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Passed(_))).count()
    }

    /// Whether nothing failed, and something passed: a run that has checked nothing has not shown anything.
    pub(crate) fn is_good(&self) -> bool {
        self.failed().is_empty() && self.passed() > 0
    }

    /// Tells the result; what the program is to end with.
    ///
    /// # Errors
    /// stdout is closed.
    pub(crate) fn tell(&self, url: &str, more: &Value) -> anyhow::Result<Exit> {
        let mut told = json!({ "url": url, "passed": self.is_good(), "checks": [] });
        let mut text = String::new();
        for (name, outcome, took) in &self.checks {
            let (word, seen) = match outcome {
                Outcome::Passed(seen) => ("passed", seen),
                Outcome::Failed(seen) => ("failed", seen),
                Outcome::NotChecked(seen) => ("not_checked", seen),
            };
            let check = json!({ "name": name, "outcome": word, "seen": seen, "ms": took });
            if let Some(list) = told["checks"].as_array_mut() {
                list.push(check);
            }
            if word != "passed" {
                text.push_str(&format!("{} {name}: {seen}\n", word.replace('_', " ")));
            }
        }
        told["seconds"] = self.begun.elapsed().as_secs().into();
        for (name, value) in more.as_object().into_iter().flatten() {
            told[name] = value.clone();
        }
        let (passed, failed) = (self.passed(), self.failed().len());
        let open = self.checks.len() - passed - failed;
        text.push_str(&format!("{url}: {passed} passed, {failed} failed, {open} not checked\n"));
        self.out.result(&told, &text)?;
        Ok(if self.is_good() { Exit::Done } else { Exit::Failed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_checked_is_not_good() {
        let mut report = Report::new(Out { json: true });
        assert!(!report.is_good());
        report.check("a", || not_checked("no credentials"));
        assert!(!report.is_good());
        report.check("b", || Ok("seen".into()));
        assert!(report.is_good());
        report.check("c", || Err("wrong".into()));
        assert!(!report.is_good());
        assert_eq!((report.failed(), report.passed()), (vec!["c"], 1));
    }
}
