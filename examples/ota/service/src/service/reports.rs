//! What devices say, and what that makes of their tasks.

use super::{Batch, BatchId, Service};
use crate::firmware::FirmwareId;
use crate::task::{Cause, Stage, Task};
use crate::{Millis, SECOND};

/// A device that comes back is told again, unless it has asked by then.
const ASKS_FIRST: Millis = 5 * SECOND;

impl Service {
    /// A device was heard. One that was away is told again what it was told, if it has said nothing to it.
    pub fn online(&mut self, now: Millis, device: &str) {
        let before = std::mem::replace(&mut self.device(device).online, true);
        if let Some(&index) = self.active.get(device).filter(|_| !before) {
            let task = &mut self.tasks[index];
            if task.stage == Stage::Pushed && !task.retrying {
                task.due = Some(now + ASKS_FIRST);
            }
        }
    }

    pub fn offline(&mut self, device: &str) {
        self.device(device).online = false;
    }

    /// A device reports the version of a module.
    pub fn version(&mut self, now: Millis, device: &str, module: &str, version: &str) {
        self.device(device).versions.insert(module.to_owned(), version.to_owned());
        if let Some((index, firmware)) = self.task_of(device, module) {
            let target = self.firmwares[firmware.0].version == version;
            let task = &mut self.tasks[index];
            let source = task.source == version;
            let fails = match task.stage {
                Stage::Upgrading => !target,
                _ => !target && !source,
            };
            task.has_target |= target && !task.retrying;
            if fails && !task.retrying {
                self.fail(now, index, Cause::OtherVersion(version.to_owned()));
            } else {
                self.succeed(index);
            }
        }
        self.join(now, device, module, version);
    }

    /// A device reports a percentage, or the code of a failure.
    pub fn progress(&mut self, now: Millis, device: &str, module: &str, step: i32) {
        let Some((index, _)) = self.task_of(device, module) else { return };
        let task = &mut self.tasks[index];
        if !task.is_told() {
            return;
        }
        // It need not be told again.
        task.due = None;
        if (-4..=-1).contains(&step) {
            return self.fail(now, index, Cause::Reported(step));
        }
        task.stage = Stage::Upgrading;
        task.first_report.get_or_insert(now);
        task.finished |= step == 100;
        self.succeed(index);
    }

    /// A device asks what it should upgrade to: what it was told, or is about to be told again.
    pub fn get(&mut self, device: &str, module: &str) -> Option<FirmwareId> {
        let (index, firmware) = self.task_of(device, module)?;
        let task = &mut self.tasks[index];
        if !task.is_told() {
            return None;
        }
        task.due = None;
        Some(firmware)
    }

    /// Adds a device that reports a version to the dynamic batches that it belongs to: once to each, or one that fails
    /// would be upgraded again and again.
    fn join(&mut self, now: Millis, device: &str, module: &str, version: &str) {
        // The newest comes first: a device of several dynamic batches is upgraded by that.
        for batch in (0..self.batches.len()).rev().map(BatchId) {
            let Batch { plan, firmware, is_open, .. } = &self.batches[batch.0];
            let was_in = |task: &Task| task.batch == batch && task.device == device;
            let belongs = *is_open
                && self.firmware(*firmware).module == module
                && self
                    .sources(*firmware, plan)
                    .is_ok_and(|sources| sources.iter().any(|source| source == version))
                && plan.scope.has(device)
                && !self.tasks.iter().any(was_in);
            if belongs {
                self.add_tasks(now, batch, vec![device.to_owned()]);
            }
        }
    }

    /// The active task of a device for a module, and the firmware of it.
    fn task_of(&self, device: &str, module: &str) -> Option<(usize, FirmwareId)> {
        let &index = self.active.get(device)?;
        let firmware = self.batch_of(index).firmware;
        (self.firmware(firmware).module == module).then_some((index, firmware))
    }
}
