//! The one place that runs the user's `kubectl`: words to the program as they are, its answer into a file, with a limit of
//! time and of bytes, and an end as soon as the user wants one.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::call::Call;

/// Most bytes of what the program says on standard error.
const SAID: u64 = 1 << 20;

/// Bytes of it that are shown.
const SHOWN: u64 = 2000;

/// Longest pause between two looks at a running program.
const PAUSE: Duration = Duration::from_millis(50);

/// How a command ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// With exit code 0.
    Done,
    /// With another code, or by a signal; what the program said.
    Failed {
        /// Its exit code, if it ended by itself.
        code: Option<i32>,
        /// The end of what it said on standard error.
        said: String,
    },
    /// It took too long.
    TimedOut(Duration),
    /// Its answer was too long.
    TooMuch(u64),
    /// The user wants to end.
    Stopped,
    /// It could not be run, or its answer could not be kept.
    NotRun(io::Error),
}

impl Outcome {
    /// Why it is no answer; `None` where it is one.
    pub fn why_not(&self) -> Option<String> {
        Some(match self {
            Self::Done => return None,
            Self::Failed { code: Some(code), said } if said.is_empty() => {
                format!("kubectl ended with {code}")
            }
            Self::Failed { code: None, said } if said.is_empty() => {
                "kubectl was ended by a signal".to_owned()
            }
            Self::Failed { said, .. } => said.clone(),
            Self::TimedOut(limit) => format!("no answer within {} seconds", limit.as_secs()),
            Self::TooMuch(most) => format!("the answer is longer than {most} bytes"),
            Self::Stopped => "interrupted".to_owned(),
            Self::NotRun(error) => format!("kubectl cannot be run: {error}"),
        })
    }

    /// Whether the API server refused for want of a right.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Failed { said, .. } if said.contains("Forbidden") || said.contains("forbidden"))
    }
}

/// The program.
#[derive(Debug)]
pub struct Kubectl<'a> {
    program: PathBuf,
    stop: &'a AtomicBool,
}

impl<'a> Kubectl<'a> {
    /// The program of this path, or of this name where `PATH` leads; it ends early once `stop` is set.
    pub fn new(program: impl Into<PathBuf>, stop: &'a AtomicBool) -> Self {
        Self { program: program.into(), stop }
    }

    /// The program, as it was given.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Whether there is such a program.
    pub fn is_there(&self) -> bool {
        if self.program.components().count() > 1 {
            return self.program.is_file();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|dir| dir.join(&self.program).is_file())
    }

    /// Whether the user wants to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Goes on after the user wanted to end, for what has to be removed; another wish to end is heard again.
    pub(super) fn go_on(&self) {
        self.stop.store(false, Ordering::Relaxed);
    }

    /// Waits, unless the user wants to end.
    pub(super) fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_stopped() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(PAUSE));
        }
    }

    /// Runs a command to its end; its answer goes into the file.
    pub(super) fn run(&self, call: &Call, answer: &File) -> Outcome {
        self.ended(call, answer).unwrap_or_else(Outcome::NotRun)
    }

    fn ended(&self, call: &Call, answer: &File) -> io::Result<Outcome> {
        let mut said = tempfile::tempfile()?;
        let mut command = Command::new(&self.program);
        command.args(&call.words).stdin(Stdio::null());
        command.stdout(answer.try_clone()?).stderr(said.try_clone()?);
        if call.changes {
            // Ctrl-C of the terminal reaches its whole group of processes. What makes or removes something is not cut
            // short by it, or nobody would know whether it is there.
            command.process_group(0);
        }
        let mut child = command.spawn()?;
        let status = match self.watch(&mut child, call, answer, &said) {
            Ok(status) => status,
            Err(outcome) => {
                // It may have ended meanwhile.
                let _ = child.kill();
                child.wait()?;
                return Ok(outcome);
            }
        };
        if status.success() {
            return Ok(Outcome::Done);
        }
        // Ctrl-C of the terminal has reached it too, and how it ends of that is its own matter.
        if self.is_stopped() && !call.whole {
            return Ok(Outcome::Stopped);
        }
        Ok(Outcome::Failed { code: status.code(), said: end_of(&mut said)? })
    }

    /// Waits for the end of the program; `Err` where it has to be ended.
    fn watch(
        &self,
        child: &mut Child,
        call: &Call,
        answer: &File,
        said: &File,
    ) -> Result<ExitStatus, Outcome> {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = child.try_wait().map_err(Outcome::NotRun)? {
                return self.in_size(call, answer).map(|()| status);
            }
            if self.is_stopped() && !call.whole {
                return Err(Outcome::Stopped);
            }
            if begin.elapsed() > call.limit {
                return Err(Outcome::TimedOut(call.limit));
            }
            self.in_size(call, answer)?;
            if said.metadata().map_err(Outcome::NotRun)?.len() > SAID {
                return Err(Outcome::TooMuch(SAID));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(PAUSE);
        }
    }

    fn in_size(&self, call: &Call, answer: &File) -> Result<(), Outcome> {
        let long = answer.metadata().map_err(Outcome::NotRun)?.len();
        if long > call.most { Err(Outcome::TooMuch(call.most)) } else { Ok(()) }
    }
}

/// The end of what a program said, on one line.
fn end_of(said: &mut File) -> io::Result<String> {
    let long = said.metadata()?.len();
    said.seek(SeekFrom::Start(long.saturating_sub(SHOWN)))?;
    let mut bytes = Vec::new();
    said.take(SHOWN).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok(lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(words: &[&str]) -> Call {
        Call {
            why: String::new(),
            words: words.iter().map(std::ffi::OsString::from).collect(),
            changes: false,
            whole: false,
            most: 1000,
            limit: Duration::from_secs(20),
            to: None,
        }
    }

    fn ran(call: &Call, stop: bool) -> (Outcome, String) {
        let stop = AtomicBool::new(stop);
        let mut answer = tempfile::tempfile().unwrap();
        let outcome = Kubectl::new("sh", &stop).run(call, &answer);
        answer.seek(SeekFrom::Start(0)).unwrap();
        let mut text = String::new();
        answer.take(10_000).read_to_string(&mut text).unwrap();
        (outcome, text)
    }

    #[test]
    fn an_answer_comes_with_how_it_ended() {
        let (outcome, text) = ran(&call(&["-c", "printf '%s' \"$0\"", "$(x); y"]), false);
        assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
        assert_eq!(text, "$(x); y");
        let (outcome, _) = ran(&call(&["-c", "echo one >&2; echo two >&2; exit 3"]), false);
        assert_eq!(outcome.why_not().as_deref(), Some("one; two"));
    }

    #[test]
    fn nothing_is_endless() {
        let mut long = call(&["-c", "sleep 30"]);
        long.limit = Duration::from_millis(20);
        assert!(matches!(ran(&long, false).0, Outcome::TimedOut(_)));
        assert!(matches!(ran(&call(&["-c", "sleep 30"]), true).0, Outcome::Stopped));
        let flood = call(&["-c", "while :; do echo 0123456789; done"]);
        assert!(matches!(ran(&flood, false).0, Outcome::TooMuch(1000)));
        let flood = call(&["-c", "while :; do echo 0123456789 >&2; done"]);
        assert!(matches!(ran(&flood, false).0, Outcome::TooMuch(SAID)));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let stop = AtomicBool::new(false);
        let outcome = Kubectl::new("/nowhere/kubectl", &stop).run(&call(&[]), &tempfile::tempfile().unwrap());
        assert!(matches!(outcome, Outcome::NotRun(_)), "{outcome:?}");
    }
}
