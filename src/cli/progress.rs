//! Bar on standard error, for who watches a terminal, once something takes longer than a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use jivascope::progress::Progress;
use jivascope::report::escape;

use super::out;

/// Work that ends sooner is not worth a bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two looks at what is done.
const TICK: Duration = Duration::from_millis(100);

/// Draws; or does nothing where nobody watches.
#[derive(Debug)]
pub(super) struct Bar {
    shared: Option<Arc<Shared>>,
    drawer: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    done: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Works in progress, the last begun at the end.
    works: Vec<Work>,
    over: bool,
}

#[derive(Debug, Clone)]
struct Work {
    what: String,
    total: Option<u64>,
    begun: Instant,
}

impl Bar {
    pub(super) fn new() -> Self {
        if !out::is_watched() {
            return Self { shared: None, drawer: None };
        }
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        Self { shared: Some(shared), drawer: Some(std::thread::spawn(move || draw(&theirs))) }
    }

    fn change(&self, change: impl FnOnce(&Shared, &mut State)) {
        if let Some(shared) = &self.shared {
            change(shared, &mut shared.state.lock().unwrap_or_else(PoisonError::into_inner));
            shared.changed.notify_all();
        }
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.change(|shared, state| {
            shared.done.store(0, Ordering::Relaxed);
            // What comes through a pipe has no size.
            let total = total.filter(|total| *total > 0);
            state.works.push(Work { what: what.to_owned(), total, begun: Instant::now() });
        });
    }

    fn advance(&self, n: u64) {
        if let Some(shared) = &self.shared {
            shared.done.fetch_add(n, Ordering::Relaxed);
        }
    }

    fn crowd(&self, volume: &str, directories: usize) {
        // A standard error that is closed is no reason to end.
        let _ = out::at_once(&format!(
            "{directories} directories are taken for one volume, {volume}; no replication factor is so large. If they are \
             copies of several volumes, give those of one at a time, or put each volume's below a directory of its name \
             (pvc-…). Time and memory grow with the square of their number"
        ));
    }

    fn end(&self) {
        self.change(|_, state| drop(state.works.pop()));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.change(|_, state| state.over = true);
        if let Some(drawer) = self.drawer.take() {
            // It holds nothing that could be lost; what it drew is gone when it ends.
            let _ = drawer.join();
        }
    }
}

fn draw(shared: &Shared) {
    let mut bar: Option<(Instant, ProgressBar)> = None;
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    while !state.over {
        let work = state.works.last().filter(|work| work.begun.elapsed() >= PATIENCE);
        let is_shown = |begun: Instant| bar.as_ref().is_some_and(|(shown, _)| *shown == begun);
        match work {
            Some(work) if is_shown(work.begun) => {}
            Some(work) => {
                clear(bar.take());
                bar = Some((work.begun, begin(work)));
            }
            None => clear(bar.take()),
        }
        if let Some((_, bar)) = &bar {
            bar.set_position(shared.done.load(Ordering::Relaxed));
            bar.tick();
        }
        state = shared.changed.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
    }
    clear(bar);
}

fn begin(work: &Work) -> ProgressBar {
    let known = "{spinner} {msg} {bar:30} {percent:>3} %, {elapsed}, {eta} left";
    let unknown = "{spinner} {msg}, {elapsed}";
    let template = if work.total.is_some() { known } else { unknown };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::with_draw_target(work.total, out::progress())
        .with_style(style)
        .with_message(escape::terminal(&work.what))
        .with_elapsed(work.begun.elapsed())
}

fn clear(bar: Option<(Instant, ProgressBar)>) {
    if let Some((_, bar)) = bar {
        bar.finish_and_clear();
    }
}
