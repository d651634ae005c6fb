//! What the benches share: a clock, a seed, a race of several ways to one answer.
//!
//! Every bench is a plain program. It builds its input from a seed in a temporary directory, runs all ways in
//! turn in one process, round by round, and prints medians and ratios; absolute times of one machine mean
//! nothing on another. Budgets that are missed are told, not failed: the machine may be busy.
#![allow(dead_code, reason = "every bench uses its own part")]
#![allow(clippy::print_stdout, reason = "a bench prints")]

pub mod bare;
pub mod cache;
pub mod stack;
pub mod volume;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A stream of numbers that is the same in every run (splitmix64).
#[derive(Debug, Clone)]
pub struct Seed(pub u64);

impl Seed {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Fills a buffer with bytes that do not compress.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }

    /// A name as Jiva gives to automatic snapshots.
    pub fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xffff,
            b >> 48,
            b & 0xffff_ffff_ffff
        )
    }
}

/// A number from the command line, `--NAME=N`, or the default.
pub fn option(name: &str, default: u64) -> u64 {
    let prefix = format!("--{name}=");
    let given = std::env::args().find_map(|arg| arg.strip_prefix(&prefix).map(str::to_owned));
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{prefix}{text}: not a number")))
}

/// Whether a flag stands on the command line.
pub fn flag(name: &str) -> bool {
    std::env::args().any(|arg| arg == name)
}

/// Whether a program is installed; says so if not.
pub fn installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(tool).is_file());
    if !found {
        println!("left out: {tool} is not installed");
    }
    found
}

/// Runs a program to its end and returns what it printed.
///
/// # Panics
/// If it fails.
pub fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A shell pipeline, `$1`… being the arguments.
pub fn shell(script: &str, args: &[&Path]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).args(args);
    command
}

/// How long something takes.
pub fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let value = work();
    let took = start.elapsed();
    drop(value);
    took
}

/// Several ways to one answer.
pub struct Race<'a> {
    title: String,
    lanes: Vec<Lane<'a>>,
}

struct Lane<'a> {
    name: String,
    run: Box<dyn FnMut() -> Duration + 'a>,
    times: Vec<Duration>,
    /// Of all threads and children, in all rounds but the first.
    cpu: f64,
    /// Bytes that came from a disk, in each round but the first.
    read: Vec<u64>,
    cache: Cache,
}

/// Where the bytes of a lane are to come from.
#[derive(Clone, Copy)]
pub enum Cache {
    /// From the cache alone.
    Warm,
    /// From the disk: at least so many of them.
    Cold(u64),
}

impl Cache {
    /// Whether a round in which so much came from a disk was what it claims.
    fn holds(self, read: u64) -> bool {
        match self {
            // A page or two that the system took back is no matter.
            Self::Warm => read < 1 << 20,
            Self::Cold(bytes) => read >= bytes / 10 * 9,
        }
    }
}

impl<'a> Race<'a> {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), lanes: Vec::new() }
    }

    /// Adds a way; `run` checks what it computed and returns how long it took.
    pub fn lane(&mut self, name: impl Into<String>, run: impl FnMut() -> Duration + 'a) {
        self.add(name.into(), Cache::Warm, Box::new(run));
    }

    /// Adds a way that drops from the cache what it then reads, at least `bytes`; `run` measures from there on.
    pub fn cold_lane(&mut self, name: impl Into<String>, bytes: u64, run: impl FnMut() -> Duration + 'a) {
        self.add(name.into(), Cache::Cold(bytes), Box::new(run));
    }

    fn add(&mut self, name: String, cache: Cache, run: Box<dyn FnMut() -> Duration + 'a>) {
        self.lanes.push(Lane { name, run, times: Vec::new(), cpu: 0.0, read: Vec::new(), cache });
    }

    /// Runs each once to warm up, then all in turn, `rounds` times.
    pub fn run(mut self, rounds: usize) -> Times {
        for round in 0..=rounds {
            for lane in &mut self.lanes {
                let (before, read) = (cpu(), cache::read_bytes());
                let took = (lane.run)();
                if round > 0 {
                    lane.times.push(took);
                    lane.cpu += cpu() - before;
                    lane.read.push(cache::read_bytes().saturating_sub(read));
                }
            }
        }
        println!("\n{}", self.title);
        for lane in &self.lanes {
            let (low, middle, high) = spread(lane.times.iter().map(Duration::as_secs_f64));
            println!(
                "  {:<44} {} ({} to {}), {} of processor",
                lane.name,
                seconds(middle),
                seconds(low),
                seconds(high),
                seconds(lane.cpu / rounds as f64)
            );
            let (least, _, most) = spread(lane.read.iter().map(|bytes| *bytes as f64));
            let wrong = lane.read.iter().filter(|bytes| !lane.cache.holds(**bytes)).count();
            if most > 0.0 || wrong > 0 {
                let was = if matches!(lane.cache, Cache::Warm) { "WARM" } else { "COLD" };
                let marked = if wrong > 0 {
                    format!("; {wrong} of {rounds} rounds were NOT {was}")
                } else {
                    String::new()
                };
                println!(
                    "    {} to {} MiB from the disk a round{marked}",
                    least as u64 >> 20,
                    most as u64 >> 20
                );
            }
        }
        Times(self.lanes.into_iter().map(|lane| (lane.name, lane.times)).collect())
    }
}

/// What a race took.
pub struct Times(Vec<(String, Vec<Duration>)>);

impl Times {
    fn get(&self, name: &str) -> Option<&[Duration]> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, times)| &times[..])
    }

    /// The median, in seconds.
    pub fn median(&self, name: &str) -> f64 {
        spread(self.get(name).expect("a lane").iter().map(Duration::as_secs_f64)).1
    }

    /// Prints how many times as long `one` took as `other`, and whether that is within the budget.
    pub fn at_most(&self, one: &str, other: &str, budget: f64) {
        self.ratio(one, other, &format!("at most {budget}"), |ratio| ratio <= budget);
    }

    /// Prints how many times faster `one` was than `other`, and whether that is within the budget.
    pub fn faster(&self, one: &str, other: &str, budget: f64) {
        self.ratio(other, one, &format!("at least {budget}"), |ratio| ratio >= budget);
    }

    fn ratio(&self, one: &str, other: &str, budget: &str, met: impl Fn(f64) -> bool) {
        let (Some(a), Some(b)) = (self.get(one), self.get(other)) else { return };
        let rounds = a.iter().zip(b).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64());
        let (low, _, high) = spread(rounds);
        let middle = self.median(one) / self.median(other);
        let word = if met(middle) { "met" } else { "MISSED" };
        println!("  {one} / {other}: {middle:.2} ({low:.2} to {high:.2}); budget {budget}: {word}");
    }
}

/// Processor time of this process and its ended children, in seconds; the system counts in hundredths.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let middle = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
    (values[0], middle, values[count - 1])
}

fn seconds(value: f64) -> String {
    if value < 0.1 { format!("{:.2} ms", value * 1e3) } else { format!("{value:.3} s") }
}

/// The most memory that this process has held, in bytes, as the system counts it (VmHWM).
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// Prints how many threads there are to work with.
pub fn machine() {
    println!("{} threads", std::thread::available_parallelism().map_or(1, usize::from));
}
