//! The machine: what processes cost, and how busy and how slow everything is just now.

use std::fs::{self, File};
use std::io::Write;
use std::time::Instant;

/// Linux counts in hundredths of a second, whatever the kernel's own clock.
const TICK_US: u64 = 10_000;
/// Writes that are timed.
const SYNCS: u32 = 50;

/// Microseconds of a processor that a process has used, with the children that it has waited for.
pub(crate) fn cpu_us(pid: u32) -> u64 {
    own_us(pid) + ended_children_us(pid)
}

/// The same without those children.
pub(crate) fn own_us(pid: u32) -> u64 {
    times(pid, 11)
}

/// The same of those children alone.
pub(crate) fn ended_children_us(pid: u32) -> u64 {
    times(pid, 13)
}

/// User and system time, which stand side by side after so many other fields; nothing for a process that is gone.
fn times(pid: u32, skipped: usize) -> u64 {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return 0;
    };
    // The name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(skipped).take(2);
    ticks.map(|it| it.parse::<u64>().unwrap()).sum::<u64>() * TICK_US
}

/// The same with the children that are still there: Postgres with its backends.
pub(crate) fn cpu_us_of_family(pid: u32) -> u64 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().map(|it| it.parse().unwrap());
    cpu_us(pid) + children.map(cpu_us).sum::<u64>()
}

/// Kibibytes of memory that a process has of its own just now.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.unwrap().parse().unwrap()
}

/// The parent of a process.
pub(crate) fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How busy the machine is, and how long its disk takes.
pub(crate) fn describe() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{cores} cores, load {load}, fdatasync {} us",
        fdatasync_us()
    )
}

/// The median of some writes of a page.
fn fdatasync_us() -> u128 {
    let folder = tempfile::tempdir().unwrap();
    let mut file = File::create(folder.path().join("sync")).unwrap();
    let mut took: Vec<_> = (0..SYNCS)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&[0; 8192]).unwrap();
            file.sync_data().unwrap();
            begun.elapsed().as_micros()
        })
        .collect();
    took.sort_unstable();
    took[took.len() / 2]
}
