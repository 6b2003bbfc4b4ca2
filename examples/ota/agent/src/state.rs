//! What a device remembers when it loses power: one file, which is replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::device::{Device, read_json};
use crate::hex;
use crate::messages::Order;

/// Everything. Whenever the process dies, the file has the state before a step or the one after it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct State {
    /// What the slots hold; the one that is being written holds nothing that counts.
    pub slots: [Option<Image>; 2],
    /// The slot that runs.
    pub running: usize,
    /// The highest rollback counter that was installed. A real device keeps it where nobody can set it back.
    pub rollback_counter: u32,
    /// The upgrade that is going on.
    pub order: Option<Order>,
    /// How the last one ended, until the broker has taken the report.
    pub report: Option<Report>,
}

/// An image in a slot.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Image {
    pub version: String,
    pub size: u32,
    pub sha256: String,
}

/// A progress report that must not be lost: 100, or the code of a failure.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    pub step: i32,
    pub text: String,
}

impl State {
    pub fn read(device: &Device) -> Result<Self, String> {
        read_json(&device.folder.join("state.json"))
    }

    /// Writes another file and gives it the name of this one, which happens at once or not at all.
    pub fn write(&self, device: &Device) -> io::Result<()> {
        let new = device.folder.join("state.json.new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&new, device.folder.join("state.json"))?;
        File::open(&device.folder)?.sync_all()
    }

    pub fn image(&self) -> Option<&Image> {
        self.slots[self.running].as_ref()
    }

    /// The slot that an upgrade writes.
    pub fn other(&self) -> usize {
        1 - self.running
    }

    /// What a boot loader does: starts the image that should run if it is whole, or else the one before.
    pub fn boot(&mut self, device: &Device) -> Result<(), String> {
        if self.is_whole(device, self.running) {
            return Ok(());
        }
        if !self.is_whole(device, self.other()) {
            return Err("no slot has an image that is whole".to_owned());
        }
        self.running = self.other();
        self.report =
            Some(Report { step: -4, text: "the new image is damaged: the old one runs".to_owned() });
        self.write(device).map_err(|error| error.to_string())
    }

    fn is_whole(&self, device: &Device, slot: usize) -> bool {
        let Some(image) = &self.slots[slot] else { return false };
        digest(&device.slot(slot), image.size).is_ok_and(|digest| digest == image.sha256)
    }
}

/// What production does: the first image goes into slot 0, and the other is erased.
pub fn provision(device: &Device, version: &str, image: &Path) -> Result<(), String> {
    let provisioned = || -> io::Result<()> {
        let image = fs::read(image)?;
        if image.len() > device.slot_size as usize {
            let text = format!("an image of {} bytes, but a slot of {}", image.len(), device.slot_size);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        let mut slot = image.clone();
        slot.resize(device.slot_size as usize, 0xFF);
        fs::write(device.slot(0), slot)?;
        if !device.slot(1).exists() {
            fs::write(device.slot(1), vec![0xFF; device.slot_size as usize])?;
        }
        fs::write(device.journal(), vec![0xFF; 2 * device.page as usize])?;
        let sha256 = hex::encode(&Sha256::digest(&image));
        let first = Image { version: version.to_owned(), size: image.len() as u32, sha256 };
        State { slots: [Some(first), None], ..State::default() }.write(device)
    };
    provisioned().map_err(|error| format!("{}: {error}", device.folder.display()))
}

/// The SHA-256 of the first bytes of a file.
fn digest(path: &Path, size: u32) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut left = File::open(path)?.take(size.into());
    let mut buffer = [0; 8192];
    loop {
        match left.read(&mut buffer)? {
            0 => return Ok(hex::encode(&digest.finalize())),
            count => digest.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::tests::device;

    /// A device with 1.0 in slot 0, and 2.0 in slot 1, which runs.
    fn upgraded(device: &Device) -> State {
        let image = device.folder.join("image");
        fs::write(&image, b"one").unwrap();
        provision(device, "1.0", &image).unwrap();
        let mut state = State::read(device).unwrap();
        fs::write(device.slot(1), b"two and more").unwrap();
        let sha256 = hex::encode(&Sha256::digest(b"two"));
        state.slots[1] = Some(Image { version: "2.0".to_owned(), size: 3, sha256 });
        state.running = 1;
        state
    }

    #[test]
    fn an_image_that_is_larger_than_a_slot_is_refused() {
        let (_folder, device) = device();
        let image = device.folder.join("image");
        fs::write(&image, vec![0; device.slot_size as usize + 1]).unwrap();
        let error = provision(&device, "1.0", &image).unwrap_err();
        assert!(error.ends_with("an image of 16385 bytes, but a slot of 16384"), "{error}");
        assert!(!device.slot(0).exists());
    }

    #[test]
    fn the_new_image_runs_if_it_is_whole() {
        let (_folder, device) = device();
        let mut state = upgraded(&device);
        state.boot(&device).unwrap();
        assert_eq!((state.running, state.report.is_none()), (1, true));
    }

    #[test]
    fn the_old_image_runs_if_the_new_one_is_damaged() {
        let (_folder, device) = device();
        let mut state = upgraded(&device);
        fs::write(device.slot(1), b"tvo and more").unwrap();
        state.boot(&device).unwrap();
        let state = State::read(&device).unwrap();
        assert_eq!(state.image().unwrap().version, "1.0");
        assert_eq!(state.report.unwrap().step, -4);
        fs::write(device.slot(0), b"").unwrap();
        fs::write(device.slot(1), b"").unwrap();
        assert!(State::read(&device).unwrap().boot(&device).is_err());
    }
}
