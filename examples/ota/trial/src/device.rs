//! A device of the fleet: its folder, and its agent as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::Settings;
use crate::files::read_json;
use crate::process::{Process, command};
use crate::role::{Role, TARGET, VERSIONS};

pub struct Device {
    pub name: String,
    /// Which of [`VERSIONS`].
    pub version: usize,
    pub role: Role,
    /// How often it has lost power.
    pub deaths: u32,
    folder: PathBuf,
    agent: Option<Process>,
    program: PathBuf,
}

impl Device {
    /// Makes its folder, as a factory would.
    pub fn provision(
        settings: &Settings,
        product: &str,
        port: u16,
        number: usize,
        role: Role,
    ) -> Result<Self, String> {
        let name = format!("d{number:03}");
        let version = number % VERSIONS.len();
        let folder = settings.work.join(&name);
        let description = json!({
            "product": product,
            "name": name,
            "broker": "127.0.0.1",
            "port": port,
            "public_key": settings.public_key,
            "slot_size": 64 << 10,
            "ram": if role == Role::TooLittleMemory { 8 << 10 } else { 16 << 10 },
            "page_milliseconds": role.page_milliseconds(),
        });
        let prepared = || -> std::io::Result<()> {
            fs::create_dir(&folder)?;
            if role == Role::BadFlash {
                std::os::unix::fs::symlink("/dev/full", folder.join("slot-1.bin"))?;
            }
            fs::write(folder.join("device.json"), description.to_string())
        };
        prepared().map_err(|error| format!("{}: {error}", folder.display()))?;
        let image = image(settings, VERSIONS[version]);
        let mut command = Command::new(&settings.agent);
        command.arg("provision").arg(&folder).arg(VERSIONS[version]).arg(image);
        let status = command.status().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("{name} could not be provisioned"));
        }
        Ok(Self { name, version, role, deaths: 0, folder, agent: None, program: settings.agent.clone() })
    }

    /// Switches it on. Whoever reports a third version has no agent.
    pub fn start(&mut self) -> Result<(), String> {
        if self.role != Role::ThirdVersion {
            let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log"));
            let log = log.map_err(|error| error.to_string())?;
            let mut command = command(&self.program);
            command.arg(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            self.agent = Some(Process::start(&mut command)?);
        }
        Ok(())
    }

    pub fn is_on(&self) -> bool {
        self.agent.is_some()
    }

    /// It loses power.
    pub fn kill(&mut self) {
        self.deaths += u32::from(self.agent.is_some());
        self.agent = None;
    }

    pub fn stop(&self) -> Result<(), String> {
        self.agent.as_ref().map_or(Ok(()), Process::stop)
    }

    /// An agent never ends by itself.
    pub fn has_crashed(&mut self) -> bool {
        self.agent.as_mut().is_some_and(Process::has_ended)
    }

    /// What it would run now: the version, and whether the slot holds that image.
    pub fn runs(&self, settings: &Settings) -> Result<(String, bool), String> {
        let state = read_json(&self.folder.join("state.json"))?;
        let running = state["running"].as_u64().unwrap_or(0);
        let version = state["slots"][running as usize]["version"].as_str().unwrap_or("").to_owned();
        let slot =
            fs::read(self.folder.join(format!("slot-{running}.bin"))).map_err(|error| error.to_string())?;
        let image = fs::read(image(settings, &version)).map_err(|error| error.to_string())?;
        Ok((version, slot.starts_with(&image)))
    }

    /// The version that it must run when all is over.
    pub fn expected_version(&self) -> &'static str {
        let upgraded = self.role.expected() == service::State::Succeeded;
        if upgraded { TARGET } else { VERSIONS[self.version] }
    }
}

pub fn image(settings: &Settings, version: &str) -> PathBuf {
    Path::new(&settings.images).join(format!("{version}.bin"))
}
