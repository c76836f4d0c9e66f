//! How a task recurs: a recurrence rule of RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO`.

use crate::field::{FieldCode, Invalid};
use crate::text::{Limit, checked_text, line};
use chrono::DateTime;
use rrule::{RRule, Tz, Unvalidated};

/// Most characters of a rule: the longest useful ones stay far below.
const CHARS_MAX: usize = 500;
/// What a rule may be made of, each part once.
const PARTS: [&str; 14] = [
    "FREQ",
    "UNTIL",
    "COUNT",
    "INTERVAL",
    "BYSECOND",
    "BYMINUTE",
    "BYHOUR",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
];
const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

checked_text! {
    /// A recurrence rule, in capitals and without the `RRULE:` before it. It has no start of its own: a task recurs from when
    /// it is due, so `UNTIL` is a date, or a time in UTC.
    Recurrence, |text| {
        let text = line(text, Limit::Chars(CHARS_MAX))?.to_ascii_uppercase();
        let rule = text.strip_prefix("RRULE:").unwrap_or(&text);
        check_form(rule)?;
        check_meaning(rule)?;
        Ok(rule.to_owned())
    }
}

fn wrong(why: &str) -> Invalid {
    let message = format!("must be a recurrence rule such as FREQ=WEEKLY;BYDAY=MO: {why}");
    Invalid::new(FieldCode::Invalid, message)
}

/// The form, more strictly than the crate that knows the meaning: it passes over what it cannot read in places, and counts on
/// ASCII.
fn check_form(rule: &str) -> Result<(), Invalid> {
    let mut seen: Vec<&str> = Vec::new();
    for part in rule.split(';') {
        let Some((name, value)) = part.split_once('=') else {
            return Err(wrong("each part is a name and a value"));
        };
        if !PARTS.contains(&name) || seen.contains(&name) {
            return Err(wrong("there is a part that it does not know, or one twice"));
        }
        seen.push(name);
        let good = match name {
            "BYDAY" => value.split(',').all(is_day),
            "UNTIL" => is_end(value),
            "COUNT" | "INTERVAL" => value.parse::<u16>().is_ok_and(|n| n > 0),
            // Counted from the start or from the end; there is no zeroth.
            "BYMONTHDAY" | "BYYEARDAY" | "BYWEEKNO" | "BYSETPOS" => value
                .split(',')
                .all(|n| n.parse::<i16>().is_ok_and(|n| n != 0)),
            "BYMONTH" | "BYHOUR" | "BYMINUTE" | "BYSECOND" => {
                value.split(',').all(|n| n.parse::<u8>().is_ok())
            }
            _ => value.bytes().all(|b| b.is_ascii_alphabetic()),
        };
        if !good || value.is_empty() {
            return Err(wrong(&format!("{name} has a value that it cannot have")));
        }
    }
    if seen.contains(&"COUNT") && seen.contains(&"UNTIL") {
        return Err(wrong("COUNT and UNTIL exclude each other"));
    }
    Ok(())
}

/// `MO`, `2MO`, `-1FR`.
fn is_day(text: &str) -> bool {
    let Some(day) = DAYS.iter().find(|day| text.ends_with(**day)) else {
        return false;
    };
    let nth = text.trim_end_matches(day);
    nth.is_empty() || nth.len() <= 3 && nth.parse::<i8>().is_ok_and(|nth| nth != 0)
}

/// `20261121` or `20261121T093000Z`.
fn is_end(text: &str) -> bool {
    let (date, time) = text.split_once('T').unwrap_or((text, "000000Z"));
    let digits = |text: &str, n| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    digits(date, 8) && time.strip_suffix('Z').is_some_and(|time| digits(time, 6))
}

/// The ranges of the values, and which parts go together.
fn check_meaning(rule: &str) -> Result<(), Invalid> {
    // The crate takes an end without a time for one in the machine's own zone.
    let timed: Vec<String> = rule
        .split(';')
        .map(|part| match part.strip_prefix("UNTIL=") {
            Some(end) if !end.contains('T') => format!("{part}T000000Z"),
            Some(_) | None => part.to_owned(),
        })
        .collect();
    let start = DateTime::UNIX_EPOCH.with_timezone(&Tz::UTC);
    let read = timed.join(";").parse::<RRule<Unvalidated>>();
    read.and_then(|rule| rule.validate(start))
        .map(drop)
        .map_err(|error| wrong(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_standard_are_kept_in_capitals() {
        for (rule, kept) in [
            ("FREQ=DAILY", "FREQ=DAILY"),
            (" rrule:freq=weekly;byday=mo,fr ", "FREQ=WEEKLY;BYDAY=MO,FR"),
            (
                "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
                "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
            ),
            (
                "FREQ=MONTHLY;BYMONTHDAY=1,-1;WKST=SU",
                "FREQ=MONTHLY;BYMONTHDAY=1,-1;WKST=SU",
            ),
            (
                "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
                "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            ),
            (
                "FREQ=DAILY;UNTIL=20261121T000000Z",
                "FREQ=DAILY;UNTIL=20261121T000000Z",
            ),
            ("FREQ=DAILY;UNTIL=20261121", "FREQ=DAILY;UNTIL=20261121"),
        ] {
            let read = Recurrence::new(rule).map(Recurrence::into_string);
            assert_eq!(read.as_deref(), Ok(kept), "{rule}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        let long = format!("FREQ=DAILY;BYHOUR={}", vec!["1"; 300].join(","));
        for bad in [
            "",
            "DAILY",
            "FREQ=SOMETIMES",
            "FREQ=",
            "BYDAY=MO",
            "FREQ=DAILY;FREQ=DAILY",
            "FREQ=DAILY;X=1",
            "FREQ=DAILY;\0=1",
            "FREQ=DAILY\nRRULE:FREQ=DAILY",
            "FREQ=DAILY;",
            "FREQ=DAILY;INTERVAL=0",
            "FREQ=DAILY;COUNT=0",
            "FREQ=DAILY;COUNT=-1",
            "FREQ=DAILY;INTERVAL=99999",
            "FREQ=WEEKLY;BYDAY=MÖ",
            "FREQ=WEEKLY;BYDAY=ß",
            "FREQ=WEEKLY;BYDAY=xMO",
            "FREQ=WEEKLY;BYDAY=0MO",
            "FREQ=MONTHLY;BYDAY=99MO",
            "FREQ=MONTHLY;BYMONTHDAY=32",
            "FREQ=MONTHLY;BYMONTHDAY=0",
            "FREQ=YEARLY;BYMONTH=13",
            "FREQ=DAILY;BYHOUR=24",
            "FREQ=WEEKLY;BYMONTHDAY=1",
            "FREQ=DAILY;BYWEEKNO=1",
            "FREQ=DAILY;UNTIL=20261321",
            "FREQ=DAILY;UNTIL=20261121T000000",
            "FREQ=DAILY;UNTIL=tomorrow",
            "FREQ=DAILY;COUNT=1;UNTIL=20261121",
            "DTSTART:20260101T000000Z",
            &long,
        ] {
            assert!(Recurrence::new(bad).is_err(), "{bad}");
        }
    }
}
