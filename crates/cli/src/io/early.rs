//! Brings a file to the disk while it is still being written, so that little is left to wait for at its end.

use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Bytes that are written before the disk is asked to take them: smaller files take no time.
const STEP: u64 = 8 << 20;

/// A thread that waits for the disk in place of the one that writes.
#[derive(Debug)]
pub(super) struct Early {
    /// Bytes of the file that the thread knows of.
    told: u64,
    more: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Early {
    /// Tells that `written` bytes of `file` are written; there is a thread from the first step on.
    pub(super) fn tell(early: &mut Option<Self>, file: &File, written: u64) {
        if written < early.as_ref().map_or(0, |early| early.told) + STEP {
            return;
        }
        // Without a thread, all waiting is at the end, as for small files.
        let Some(early) = early.take().or_else(|| Self::start(file)).map(|old| early.insert(old)) else {
            return;
        };
        early.told = written;
        // Where it is still busy it need not be told: what is left is waited for at the end.
        let _ = early.more.try_send(());
    }

    fn start(file: &File) -> Option<Self> {
        let file = file.try_clone().ok()?;
        let (more, told) = sync_channel(1);
        let work = move || told.into_iter().try_for_each(|()| file.sync_data());
        let thread = Builder::new().spawn(work).ok()?;
        Some(Self { told: 0, more, thread })
    }

    /// The error of the disk, if there was one: it is reported only once, and not again at the end.
    pub(super) fn end(self) -> io::Result<()> {
        drop(self.more);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread ended")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn small_files_have_no_thread_and_large_ones_one() {
        let (mut file, mut early) = (tempfile::tempfile().unwrap(), None);
        let piece = vec![7; STEP as usize / 4];
        for count in 1..=12 {
            file.write_all(&piece).unwrap();
            Early::tell(&mut early, &file, count * STEP / 4);
            assert_eq!(early.is_some(), count >= 4, "{count}");
            let told = early.as_ref().map_or(0, |early| early.told);
            assert_eq!(told, count / 4 * STEP);
        }
        early.unwrap().end().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn an_error_of_the_disk_is_not_lost() {
        // What cannot be brought to a disk at all: a pipe.
        let (_reader, writer) = std::io::pipe().unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(writer));
        let mut early = None;
        Early::tell(&mut early, &file, STEP);
        early.unwrap().end().unwrap_err();
    }
}
