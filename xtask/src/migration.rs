//! `migration <name>`: starts a file in migrations/ whose name sorts after all others.

use crate::repo::Repo;
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs it and prints the file's name.
pub(crate) fn run(repo: &Repo, name: &str) -> Result<ExitCode> {
    if !is_name(name) {
        bail!("\"{name}\" is no name for a migration: a verb and a table, such as `create_tasks`");
    }
    let folder = repo.path("migrations");
    fs::create_dir_all(&folder)?;
    let version = now()?.max(newest(&folder)?.map_or(0, |newest| newest + 1));
    let file = folder.join(format!("{version}_{name}.sql"));
    fs::write(
        &file,
        "-- (what this is for, in a sentence; why, where it is not obvious)\n\n",
    )
    .with_context(|| format!("cannot write \"{}\"", file.display()))?;
    println!("{}", repo.show(&file));
    Ok(ExitCode::SUCCESS)
}

fn is_name(name: &str) -> bool {
    let plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    plain && name.contains('_') && !name.starts_with('_') && !name.ends_with('_')
}

/// The highest version that is there.
fn newest(folder: &std::path::Path) -> Result<Option<u64>> {
    let mut newest = None;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let version = name
            .to_string_lossy()
            .split('_')
            .next()
            .and_then(|start| start.parse().ok());
        newest = newest.max(version);
    }
    Ok(newest)
}

/// The time as a version: `YYYYMMDDhhmmss` in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "names a file for the developer who starts it now"
)]
fn now() -> Result<u64> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is before 1970")?;
    Ok(version(since.as_secs()))
}

fn version(seconds: u64) -> u64 {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    ((((year * 100 + month) * 100 + day) * 100 + hour) * 100 + minute) * 100 + second % 60
}

/// The date of a day since 1970-01-01. Years are counted from March, so that the leap day is a
/// year's last day, and in eras of 400 years, which all have the same number of days.
fn date(days: u64) -> (u64, u64, u64) {
    let since_era = days + 719_468;
    let (era, day_of_era) = (since_era / 146_097, since_era % 146_097);
    let leaps = day_of_era / 1_460 + day_of_era / 146_096;
    let year_of_era = (day_of_era + day_of_era / 36_524 - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::{is_name, version};

    #[test]
    fn a_version_is_the_time_in_utc() {
        let check = |seconds, expected| assert_eq!(version(seconds).to_string(), expected);
        check(0, "19700101000000");
        check(951_782_399, "20000228235959");
        check(951_782_400, "20000229000000");
        check(1_767_225_599, "20251231235959");
        check(4_107_542_400, "21000301000000");
    }

    #[test]
    fn a_name_is_a_verb_and_a_table() {
        assert!(is_name("create_tasks"));
        assert!(!is_name("tasks"));
        assert!(!is_name("Create_Tasks"));
        assert!(!is_name("create tasks"));
        assert!(!is_name("../create_tasks"));
    }
}
