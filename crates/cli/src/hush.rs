//! Keeps libraries off standard output: preflate-rs prints there what it could not explain, and our data goes there.

/// While it lives, standard output leads nowhere, where the system can do that.
pub(crate) struct Hush {
    #[cfg(unix)]
    saved: Option<rustix::fd::OwnedFd>,
}

#[cfg(unix)]
impl Hush {
    pub(crate) fn new() -> Self {
        let nowhere = std::fs::File::options().write(true).open("/dev/null").ok();
        let saved = rustix::io::dup(rustix::stdio::stdout()).ok();
        let (Some(nowhere), Some(saved)) = (nowhere, saved) else { return Self { saved: None } };
        let hushed = rustix::stdio::dup2_stdout(nowhere).is_ok();
        Self { saved: hushed.then_some(saved) }
    }
}

#[cfg(unix)]
impl Drop for Hush {
    fn drop(&mut self) {
        // What waits in the buffer goes where it belongs: nowhere.
        let _ = std::io::Write::flush(&mut std::io::stdout());
        if let Some(saved) = &self.saved {
            let _ = rustix::stdio::dup2_stdout(saved);
        }
    }
}

#[cfg(not(unix))]
impl Hush {
    pub(crate) const fn new() -> Self {
        Self {}
    }
}
