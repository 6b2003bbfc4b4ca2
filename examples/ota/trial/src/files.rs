//! Files: lighttpd, which serves the packages, and JSON.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::Settings;
use crate::process::{Process, command, free_port, wait_for};

pub struct Files {
    pub port: u16,
    _program: Process,
}

impl Files {
    /// Serves the release below `/release`, the other below `/other`.
    pub fn start(settings: &Settings) -> Result<Self, String> {
        let port = free_port()?;
        let root = settings.work.join("www");
        let prepared = || -> std::io::Result<()> {
            fs::create_dir(&root)?;
            symlink(&settings.release, root.join("release"))?;
            symlink(&settings.other_release, root.join("other"))
        };
        prepared().map_err(|error| format!("{}: {error}", root.display()))?;
        let program = start(&settings.work, &root, port)?;
        wait_for(port, "lighttpd")?;
        Ok(Self { port, _program: program })
    }
}

/// Reads a file of JSON; the error names the file.
pub fn read_json(path: &Path) -> Result<Value, String> {
    let text = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn start(work: &Path, root: &Path, port: u16) -> Result<Process, String> {
    let file = work.join("lighttpd.conf");
    let settings = format!(
        "server.document-root = \"{}\"\nserver.bind = \"127.0.0.1\"\nserver.port = {port}\n\
         mimetype.assign = ( \"\" => \"application/octet-stream\" )\n",
        root.display()
    );
    fs::write(&file, settings).map_err(|error| format!("{}: {error}", file.display()))?;
    // Where Debian puts it is not on everybody's path.
    let place = ["/usr/sbin/lighttpd", "lighttpd"].into_iter().find(|place| Path::new(place).exists());
    let mut command = command(place.unwrap_or("lighttpd"));
    command.arg("-D").arg("-f").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    Process::start(&mut command)
}
