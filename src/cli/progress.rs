//! Progress on standard error, drawn only for a terminal and only when something takes longer than a second.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jivascope::watch::Watch;

/// Work shorter than this is not drawn.
const PATIENCE: Duration = Duration::from_secs(1);

/// Draws one line for the work that began last.
#[derive(Debug)]
pub(super) struct Progress {
    terminal: bool,
    now: Mutex<Option<Work>>,
}

#[derive(Debug)]
struct Work {
    bar: ProgressBar,
    began: Instant,
    hidden: bool,
}

impl Progress {
    pub fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), now: Mutex::new(None) }
    }

    fn with(&self, act: impl FnOnce(&mut Option<Work>)) {
        if self.terminal
            && let Ok(mut now) = self.now.lock()
        {
            act(&mut now);
        }
    }
}

impl Watch for Progress {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.with(|now| {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            let form = if total.is_some() { "{msg} {wide_bar} {percent}% {eta}" } else { "{msg} {spinner}" };
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            *now = Some(Work { bar, began: Instant::now(), hidden: true });
        });
    }

    fn advance(&self, n: u64) {
        self.with(|now| {
            let Some(work) = now else { return };
            if work.hidden && work.began.elapsed() >= PATIENCE {
                work.bar.set_draw_target(ProgressDrawTarget::stderr());
                work.hidden = false;
            }
            work.bar.inc(n);
        });
    }

    fn end(&self) {
        self.with(|now| {
            if let Some(work) = now.take() {
                work.bar.finish_and_clear();
            }
        });
    }
}
