//! What the browser's console complains of: errors of scripts, refused resources, breaches of the content security policy.

use thirtyfour::BrowserLogEntry;

/// The level of errors; breaches of the policy and answers of 400 and above have it as well.
const SEVERE: &str = "SEVERE";

/// The complaints, but for those that the test brings about itself.
#[must_use]
pub fn complaints(log: &[BrowserLogEntry], expected: &[String]) -> Vec<String> {
    log.iter()
        .filter(|entry| entry.level == SEVERE || entry.message.contains("Content Security Policy"))
        .filter(|entry| !expected.iter().any(|part| entry.message.contains(part)))
        .map(|entry| entry.message.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::complaints;
    use thirtyfour::BrowserLogEntry;

    fn entry(level: &str, message: &str) -> BrowserLogEntry {
        BrowserLogEntry {
            level: level.into(),
            message: message.into(),
            timestamp: 0,
            source: None,
        }
    }

    #[test]
    fn errors_and_breaches_of_the_policy_are_complaints_unless_they_are_expected() {
        let log = [
            entry("INFO", "hello"),
            entry("SEVERE", "x is not defined"),
            entry("WARNING", "violates the Content Security Policy"),
            entry("SEVERE", "net::ERR_INTERNET_DISCONNECTED"),
        ];
        let found = complaints(&log, &["ERR_INTERNET".into()]);
        assert_eq!(
            found,
            ["x is not defined", "violates the Content Security Policy"]
        );
    }
}
