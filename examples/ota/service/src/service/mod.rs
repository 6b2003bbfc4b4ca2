//! The service: firmwares, devices, batches, and what reports of devices make of them.

mod clock;
mod orders;
mod reports;

use std::collections::{BTreeMap, VecDeque};

use crate::Millis;
use crate::firmware::{Firmware, FirmwareId};
use crate::plan::{Plan, Scope};
use crate::task::{Cause, Stage, State, Task, Wait};

/// Which of the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchId(pub(crate) usize);

/// One product of an account.
#[derive(Debug)]
pub struct Service {
    product: String,
    firmwares: Vec<Firmware>,
    devices: BTreeMap<String, Device>,
    batches: Vec<Batch>,
    tasks: Vec<Task>,
    /// The task of each device that has an active one.
    active: BTreeMap<String, usize>,
}

/// A message that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    pub device: String,
    pub firmware: FirmwareId,
}

#[derive(Debug, Default)]
struct Device {
    online: bool,
    /// By module.
    versions: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Batch {
    firmware: FirmwareId,
    is_verification: bool,
    plan: Plan,
    /// Whether a dynamic batch still takes devices.
    is_open: bool,
    /// When devices were told, in the last minute.
    pushes: VecDeque<Millis>,
}

impl Service {
    #[must_use]
    pub fn new(product: &str) -> Self {
        Self {
            product: product.to_owned(),
            firmwares: Vec::new(),
            devices: BTreeMap::new(),
            batches: Vec::new(),
            tasks: Vec::new(),
            active: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn product(&self) -> &str {
        &self.product
    }

    #[must_use]
    pub fn firmware(&self, id: FirmwareId) -> &Firmware {
        &self.firmwares[id.0]
    }

    /// Whether all test devices have been upgraded with this firmware.
    #[must_use]
    pub fn is_verified(&self, id: FirmwareId) -> bool {
        self.firmwares[id.0].verified
    }

    #[must_use]
    pub fn is_online(&self, device: &str) -> bool {
        self.devices.get(device).is_some_and(|device| device.online)
    }

    /// The version of a module that a device has reported.
    #[must_use]
    pub fn version_of(&self, device: &str, module: &str) -> Option<&String> {
        self.devices.get(device)?.versions.get(module)
    }

    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// What is shown of a task.
    #[must_use]
    pub fn state(&self, now: Millis, task: &Task) -> State {
        match &task.stage {
            Stage::ToBePushed => State::ToBePushed(match task.due {
                Some(due) if due > now && !task.retrying => Wait::Scheduled(due),
                _ if !self.devices[&task.device].online => Wait::Offline,
                _ => Wait::Rate,
            }),
            Stage::Pushed => State::Pushed,
            Stage::Upgrading => State::Upgrading,
            Stage::Succeeded => State::Succeeded,
            Stage::Failed(cause) => State::Failed(cause.clone()),
            Stage::Cancelled => State::Cancelled,
        }
    }

    fn device(&mut self, name: &str) -> &mut Device {
        self.devices.entry(name.to_owned()).or_default()
    }

    /// The version of what a firmware is for.
    fn version_for(&self, device: &str, firmware: FirmwareId) -> Option<&String> {
        self.version_of(device, &self.firmware(firmware).module)
    }

    fn batch_of(&self, task: usize) -> &Batch {
        &self.batches[self.tasks[task].batch.0]
    }

    fn fail(&mut self, now: Millis, index: usize, cause: Cause) {
        let retry = self.batch_of(index).plan.retry;
        let task = &mut self.tasks[index];
        let again = retry.filter(|retry| task.retries < retry.most).map(|retry| now + retry.after.pause());
        task.fail(cause, again);
        self.forget_ended(index);
    }

    fn succeed(&mut self, index: usize) {
        let task = &mut self.tasks[index];
        if !(task.finished && task.has_target) {
            return;
        }
        self.end(index, Stage::Succeeded);
        let batch = self.tasks[index].batch;
        let Batch { firmware, is_verification, .. } = self.batches[batch.0];
        let mut tested = self.tasks.iter().filter(|task| task.batch == batch);
        if is_verification && tested.all(|task| task.stage == Stage::Succeeded) {
            self.firmwares[firmware.0].verified = true;
        }
    }

    fn end(&mut self, index: usize, stage: Stage) {
        self.tasks[index].end(stage);
        self.forget_ended(index);
    }

    fn forget_ended(&mut self, index: usize) {
        if !self.tasks[index].is_active() {
            self.active.remove(&self.tasks[index].device);
        }
    }
}

impl Scope {
    fn has(&self, device: &str) -> bool {
        match self {
            Self::Targeted(devices) => devices.contains(device),
            Self::All | Self::Grey(_) => true,
        }
    }
}
