//! Work on a thread of its own, while the caller's thread tells Python how far it is and listens for Ctrl-C.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use smidgen_diff::{Progress, Stage};
use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::{Error, Target};

/// Is called with what is being done, the steps that are done, and their number.
pub type Callback = Py<PyAny>;

/// How often Python is asked whether to go on, and told the steps.
const MOMENT: Duration = Duration::from_millis(50);

/// What the work and the thread that waits for it share.
pub struct Watch<'s> {
    /// Stages that begin, with their number of steps. Closed when the work ends.
    stages: Mutex<Sender<(&'static str, u64)>>,
    shared: &'s Shared,
}

#[derive(Default)]
struct Shared {
    done: AtomicU64,
    is_cancelled: AtomicBool,
}

/// Does work without the lock of Python. What the callback raises, or Ctrl-C, ends the work soon, and is the result.
pub fn watched<T: Send>(
    py: Python<'_>,
    callback: Option<Callback>,
    work: impl FnOnce(&Watch<'_>) -> T + Send,
) -> PyResult<T> {
    let shared = Shared::default();
    py.detach(|| {
        thread::scope(|scope| {
            let (sender, stages) = channel();
            let watch = Watch { stages: Mutex::new(sender), shared: &shared };
            let work = scope.spawn(move || work(&watch));
            let (mut stage, mut steps, mut told) = ("starting", 0, 0);
            let mut failure = None;
            loop {
                let news = stages.recv_timeout(MOMENT);
                if let Ok((begun, of)) = news {
                    (stage, steps, told) = (begun, of, u64::MAX);
                }
                if news == Err(RecvTimeoutError::Disconnected) {
                    break;
                }
                let done = shared.done.load(Ordering::Relaxed).min(steps);
                let is_news = std::mem::replace(&mut told, done) != done;
                let asked = Python::attach(|py| {
                    py.check_signals()?;
                    match &callback {
                        Some(callback) if is_news => callback.call1(py, (stage, done, steps)).map(drop),
                        _ => Ok(()),
                    }
                });
                if let Err(error) = asked {
                    shared.is_cancelled.store(true, Ordering::Relaxed);
                    failure = Some(error);
                    break;
                }
            }
            let result = work.join().map_err(|_| crate::mistake());
            failure.map_or(result, Err)
        })
    })
}

impl Watch<'_> {
    fn stage(&self, name: &'static str, steps: u64) {
        self.shared.done.store(0, Ordering::Relaxed);
        if let Ok(stages) = self.stages.lock() {
            // Nobody listens once the work is cancelled.
            let _ = stages.send((name, steps));
        }
    }
}

impl Progress for Watch<'_> {
    fn begin(&self, stage: Stage, steps: u64) {
        self.stage(stage.name(), steps);
    }

    fn advance(&self, steps: u64) {
        self.shared.done.fetch_add(steps, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled.load(Ordering::Relaxed)
    }
}

/// A target in memory whose progress is watched.
pub struct Restored<'w> {
    pub bytes: Vec<u8>,
    watch: &'w Watch<'w>,
}

impl<'w> Restored<'w> {
    pub fn new(watch: &'w Watch<'w>) -> Self {
        Self { bytes: Vec::new(), watch }
    }
}

impl Target for Restored<'_> {
    type Error = Error;

    fn limit(&self) -> u32 {
        IMAGE_LIMIT
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        self.watch.stage("restoring", size.into());
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.watch.is_cancelled() {
            return Err(Error::TargetWrite);
        }
        self.watch.advance(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let bytes = self.bytes.get(offset as usize..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(Error::TargetRead)?);
        Ok(())
    }
}
