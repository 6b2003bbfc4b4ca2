//! What whoever runs the fleet asks of the service, and whether it may be.

use std::collections::VecDeque;

use serde_json::Value;

use super::{Batch, BatchId, Service};
use crate::firmware::{FIRMWARES, Firmware, FirmwareId, Kind, require};
use crate::plan::{Plan, Scope, Strategy, check_timeout};
use crate::task::{Stage, State, Task, Wait};
use crate::{Millis, Refusal};

impl Service {
    /// Takes a firmware, by the parameters of the call `CreateOTAFirmware`.
    ///
    /// # Errors
    /// The rules for firmwares.
    pub fn create_firmware(&mut self, call: &Value) -> Result<FirmwareId, Refusal> {
        let firmware = Firmware::new(call, &self.product)?;
        require(self.firmwares.len() < FIRMWARES, Refusal::TooManyFirmwares)?;
        require(self.firmwares.iter().all(|other| other.name != firmware.name), Refusal::NameTaken)?;
        self.firmwares.push(firmware);
        Ok(FirmwareId(self.firmwares.len() - 1))
    }

    /// Upgrades test devices, before any batch. `versions` as in [`Plan::versions`].
    ///
    /// # Errors
    /// The rules for the test devices.
    pub fn verify(
        &mut self,
        now: Millis,
        firmware: FirmwareId,
        versions: &[&str],
        devices: &[&str],
        timeout_minutes: u32,
    ) -> Result<BatchId, Refusal> {
        check_timeout(timeout_minutes)?;
        let tested = |batch: &Batch| batch.is_verification && batch.firmware == firmware;
        let going_on = self.tasks.iter().any(|task| task.is_active() && tested(&self.batches[task.batch.0]));
        require(!going_on, Refusal::InVerification)?;
        require(!devices.is_empty(), Refusal::NoDevice)?;
        let versions = versions.iter().map(|&version| version.to_owned()).collect();
        let scope = Scope::Targeted(devices.iter().map(|&device| device.to_owned()).collect());
        let plan = Plan { versions, scope, timeout_minutes, ..Plan::all() };
        let sources = self.sources(firmware, &plan)?;
        let fits = |device: &&str| {
            self.version_for(device, firmware).is_some_and(|version| sources.contains(version))
                && !self.active.contains_key(*device)
        };
        require(devices.iter().all(fits), Refusal::TestDevice)?;
        let batch = self.add_batch(firmware, plan, true);
        let devices = devices.iter().map(|&device| device.to_owned()).collect();
        self.add_tasks(now, batch, devices);
        Ok(batch)
    }

    /// Makes a batch of a firmware that has been verified.
    ///
    /// # Errors
    /// The rules for batches.
    pub fn upgrade(&mut self, now: Millis, firmware: FirmwareId, plan: Plan) -> Result<BatchId, Refusal> {
        require(self.is_verified(firmware), Refusal::NotVerified)?;
        plan.check(now)?;
        let sources = self.sources(firmware, &plan)?;
        let second = |batch: &Batch| batch.firmware == firmware && batch.plan.is_dynamic() && batch.is_open;
        require(!plan.is_dynamic() || !self.batches.iter().any(second), Refusal::SecondDynamic)?;
        let is_in =
            |name: &str| self.version_for(name, firmware).is_some_and(|version| sources.contains(version));
        let mut devices: Vec<String> =
            self.devices.keys().filter(|name| is_in(name) && plan.scope.has(name)).cloned().collect();
        if let Scope::Grey(percent) = plan.scope {
            let most = (devices.len() * percent as usize / 100).max(1);
            devices.truncate(most);
        }
        if plan.strategy == (Strategy::Dynamic { only_new: true }) {
            devices.clear();
        }
        require(plan.is_dynamic() || !devices.is_empty(), Refusal::NoDevice)?;
        let batch = self.add_batch(firmware, plan, false);
        self.add_tasks(now, batch, devices);
        Ok(batch)
    }

    /// Cancels a batch: a dynamic one takes no more devices, of a static one what is scheduled is cancelled. With
    /// `running`, all that has not ended is cancelled, too.
    pub fn cancel(&mut self, now: Millis, batch: BatchId, running: bool) {
        self.batches[batch.0].is_open = false;
        for index in self.tasks_of(batch) {
            let is_scheduled =
                matches!(self.state(now, &self.tasks[index]), State::ToBePushed(Wait::Scheduled(_)));
            if running || is_scheduled {
                self.end(index, Stage::Cancelled);
            }
        }
    }

    /// The versions that a batch upgrades.
    pub(super) fn sources<'a>(
        &'a self,
        firmware: FirmwareId,
        plan: &'a Plan,
    ) -> Result<&'a [String], Refusal> {
        let firmware = self.firmware(firmware);
        let (versions, expected) = match &firmware.kind {
            Kind::Full => (&plan.versions, !plan.versions.is_empty()),
            Kind::Differential(sources) => (sources, plan.versions.is_empty()),
        };
        require(expected && !versions.contains(&firmware.version), Refusal::SourceVersions)?;
        Ok(versions)
    }

    fn add_batch(&mut self, firmware: FirmwareId, plan: Plan, is_verification: bool) -> BatchId {
        let (is_open, pushes) = (plan.is_dynamic(), VecDeque::new());
        self.batches.push(Batch { firmware, is_verification, plan, is_open, pushes });
        BatchId(self.batches.len() - 1)
    }

    /// Devices that have a task already keep it, unless the batch replaces it and it has not begun.
    pub(super) fn add_tasks(&mut self, now: Millis, batch: BatchId, devices: Vec<String>) {
        let Batch { plan, firmware, .. } = &self.batches[batch.0];
        let (firmware, replaces) = (*firmware, plan.replaces);
        let start = plan.schedule.map_or(now, |schedule| schedule.start);
        for device in devices {
            if let Some(&index) = self.active.get(&device) {
                if !replaces || self.tasks[index].stage == Stage::Upgrading {
                    continue;
                }
                self.end(index, Stage::Cancelled);
            }
            let Some(source) = self.version_for(&device, firmware) else { continue };
            self.tasks.push(Task::new(&device, batch, source, start));
            self.active.insert(device, self.tasks.len() - 1);
        }
    }

    fn tasks_of(&self, batch: BatchId) -> Vec<usize> {
        self.active.values().copied().filter(|&index| self.tasks[index].batch == batch).collect()
    }
}
