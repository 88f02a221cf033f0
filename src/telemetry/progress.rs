//! How far long work has come, for those who watch it on a terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error, if that is a terminal and the work takes longer than a second. It is
/// wiped away when it is dropped.
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    shown: AtomicBool,
}

/// Who waits less does not need to know for what.
const PATIENCE: Duration = Duration::from_secs(1);
const TEMPLATE: &str = "{msg} {human_pos} of {human_len} [{bar:30}] {eta} left";

impl Progress {
    /// Begins work of so many steps: `hashing passwords`.
    pub fn begin(doing: &'static str, steps: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(doing);
        Self { bar, begun: Instant::now(), shown: AtomicBool::new(false) }
    }

    /// Says that some more steps are done; from any thread.
    pub fn advance(&self, steps: usize) {
        self.bar.inc(steps as u64);
        if self.begun.elapsed() >= PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            // Draws nothing unless it is a terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Does something else with the terminal, such as telling what happened.
    pub fn aside(&self, tell: impl FnOnce()) {
        self.bar.suspend(tell);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
