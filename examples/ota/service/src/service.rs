//! The service: firmwares, devices, batches, and what reports of devices make of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::firmware::{FIRMWARES, Firmware, FirmwareId, Kind, require};
use crate::plan::{Plan, Scope, Strategy, check_timeout};
use crate::task::{Cause, Stage, State, Task, Wait};
use crate::{MINUTE, Millis, Refusal, SECOND};

/// A device that comes back is told again, unless it has asked by then.
const ASKS_FIRST: Millis = 5 * SECOND;

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

    #[must_use]
    pub fn firmware(&self, id: FirmwareId) -> &Firmware {
        &self.firmwares[id.0]
    }

    /// Whether all test devices have been upgraded with this firmware.
    #[must_use]
    pub fn is_verified(&self, id: FirmwareId) -> bool {
        self.firmwares[id.0].verified
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
        require(devices.iter().all(|device| fits(&device)), Refusal::TestDevice)?;
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
        let mut devices: Vec<String> = self
            .devices
            .keys()
            .filter(|name| is_in(name) && plan.scope.has(name))
            .cloned()
            .collect();
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
            let is_scheduled = matches!(self.state(now, &self.tasks[index]), State::ToBePushed(Wait::Scheduled(_)));
            if running || is_scheduled {
                self.end(index, Stage::Cancelled);
            }
        }
    }

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

    /// Does what the time brings, and returns what is to be sent.
    pub fn tick(&mut self, now: Millis) -> Vec<Push> {
        for index in self.active.values().copied().collect::<Vec<_>>() {
            if self.batch_of(index).plan.schedule.and_then(|schedule| schedule.end).is_some_and(|end| end <= now) {
                self.end(index, Stage::Cancelled);
            } else if self.time_out(index).is_some_and(|end| end <= now) {
                self.fail(now, index, Cause::TimeOut);
            }
        }
        let mut due: Vec<usize> = self.active.values().copied().collect();
        // By the order of the batches, and in a batch by the names of the devices.
        due.sort_unstable();
        due.into_iter().filter_map(|index| self.push(now, index)).collect()
    }

    /// When a tick has something to do, if nobody says anything until then.
    #[must_use]
    pub fn next(&self, now: Millis) -> Option<Millis> {
        let of = |&index: &usize| {
            let task = &self.tasks[index];
            let batch = self.batch_of(index);
            let online = self.devices[&task.device].online;
            let push = task.due.filter(|_| online).map(|due| due.max(batch.free(now)));
            let end = batch.plan.schedule.and_then(|schedule| schedule.end);
            // One that is scheduled changes what is shown, also if the device is away.
            let start = task.due.filter(|&due| due > now);
            [push, end, start, self.time_out(index)].into_iter().flatten().min()
        };
        self.active.values().filter_map(of).min()
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

    /// The versions that a batch upgrades.
    fn sources(&self, firmware: FirmwareId, plan: &Plan) -> Result<BTreeSet<String>, Refusal> {
        let firmware = self.firmware(firmware);
        let (versions, expected) = match &firmware.kind {
            Kind::Full => (&plan.versions, !plan.versions.is_empty()),
            Kind::Differential(sources) => (sources, plan.versions.is_empty()),
        };
        require(expected && !versions.contains(&firmware.version), Refusal::SourceVersions)?;
        Ok(versions.iter().cloned().collect())
    }

    fn add_batch(&mut self, firmware: FirmwareId, plan: Plan, is_verification: bool) -> BatchId {
        let (is_open, pushes) = (plan.is_dynamic(), VecDeque::new());
        self.batches.push(Batch { firmware, is_verification, plan, is_open, pushes });
        BatchId(self.batches.len() - 1)
    }

    /// Devices that have a task already keep it, unless the batch replaces it and it has not begun.
    fn add_tasks(&mut self, now: Millis, batch: BatchId, devices: Vec<String>) {
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

    /// Adds a device that reports a version to the dynamic batches that it belongs to: once to each, or one that fails
    /// would be upgraded again and again.
    fn join(&mut self, now: Millis, device: &str, module: &str, version: &str) {
        for batch in (0..self.batches.len()).map(BatchId) {
            let Batch { plan, firmware, is_open, .. } = &self.batches[batch.0];
            let was_in = |task: &Task| task.batch == batch && task.device == device;
            let belongs = *is_open
                && self.firmware(*firmware).module == module
                && self.sources(*firmware, plan).is_ok_and(|sources| sources.contains(version))
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

    fn batch_of(&self, task: usize) -> &Batch {
        &self.batches[self.tasks[task].batch.0]
    }

    fn tasks_of(&self, batch: BatchId) -> Vec<usize> {
        self.active.values().copied().filter(|&index| self.tasks[index].batch == batch).collect()
    }

    fn time_out(&self, index: usize) -> Option<Millis> {
        let minutes = self.batch_of(index).plan.timeout_minutes;
        let first = self.tasks[index].first_report?;
        Some(first + Millis::from(minutes) * MINUTE)
    }

    fn push(&mut self, now: Millis, index: usize) -> Option<Push> {
        let task = &mut self.tasks[index];
        let batch = &mut self.batches[task.batch.0];
        let is_due = task.due.is_some_and(|due| due <= now) && self.devices[&task.device].online;
        if !is_due || batch.free(now) > now {
            return None;
        }
        batch.pushes.retain(|&push| push + MINUTE > now);
        batch.pushes.push_back(now);
        (task.due, task.retrying) = (None, false);
        if task.stage == Stage::ToBePushed {
            task.stage = Stage::Pushed;
        }
        Some(Push { device: task.device.clone(), firmware: batch.firmware })
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

impl Batch {
    /// When the rate allows another push.
    fn free(&self, now: Millis) -> Millis {
        let last_minute = self.pushes.iter().filter(|&&push| push + MINUTE > now);
        let count = last_minute.clone().count();
        let oldest = last_minute.min().copied().unwrap_or(now);
        if count < self.plan.rate as usize { now } else { oldest + MINUTE }
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
