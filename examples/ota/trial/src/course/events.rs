//! What happens while a trial waits: messages, pushes, losses of power, and time that passes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use service::{Firmware, FirmwareId, Heard, Push, State, Task, Wait, reply, upgrade_message};

use super::Course;
use crate::device::Device;
use crate::role::{KILLS, Role, UNKNOWN};
use crate::table;

/// How long all of it may take. The service's time passes faster: see [`Course::skip`].
const PATIENCE: Duration = Duration::from_secs(600);
/// The service is asked what to push so often, if nothing is heard.
const MOMENT: Duration = Duration::from_millis(20);
/// How long a device that died while it wrote is off.
const OFF: Duration = Duration::from_millis(300);
/// A device that dies again and again: the first time so long after it was told, and some more in steps, then after so
/// much more each time.
const FIRST_KILL: Duration = Duration::from_millis(10);
const EARLIER: Duration = Duration::from_millis(11);
const LATER: Duration = Duration::from_millis(37);

/// The power of a device.
#[derive(Clone, Copy)]
pub(super) enum Switch {
    On,
    /// Off and on again, and so many times more.
    OffAndOn(u32),
}

impl Course<'_> {
    /// Lets things happen until something is so.
    pub(super) fn go_on(&mut self, what: &str, until: impl Fn(&Self) -> bool) -> Result<(), String> {
        loop {
            self.hear()?;
            self.switch()?;
            if let Some(device) =
                self.devices.values_mut().find_map(|device| device.has_crashed().then_some(device))
            {
                return Err(format!("the agent of {} has ended: its folder has a log", device.name));
            }
            let now = self.now();
            for push in self.service.tick(now) {
                self.push(&push)?;
            }
            if until(self) {
                return Ok(());
            }
            if self.begun.elapsed() > PATIENCE {
                return Err(format!("no end of: {what}\n{}", table::unfinished(self)));
            }
            self.skip();
        }
    }

    /// If devices have nothing to do, the service's time goes to where it has.
    fn skip(&mut self) {
        let all_wait =
            self.service.tasks().iter().filter(|task| task.is_active()).all(|task| self.waits(task));
        let now = self.now();
        if let Some(next) = self.service.next(now).filter(|&next| all_wait && next > now) {
            self.skipped += next - now;
        }
    }

    /// Whether something will become of this task without us.
    pub(super) fn moves(&self, task: &Task) -> bool {
        let device = &self.devices[&task.device];
        match self.service.state(self.now(), task) {
            State::ToBePushed(Wait::Offline) => device.is_on(),
            State::Pushed => device.role.will_answer() || task.is_due(),
            _ => true,
        }
    }

    /// Whether a task waits for the time alone, or for nothing.
    fn waits(&self, task: &Task) -> bool {
        let device = &self.devices[&task.device];
        let online = self.service.is_online(&task.device);
        match self.service.state(self.now(), task) {
            State::ToBePushed(Wait::Offline) => !device.is_on(),
            State::ToBePushed(_) => true,
            _ => !device.role.will_answer() || task.is_due() && (online || !device.is_on()),
        }
    }

    fn hear(&mut self) -> Result<(), String> {
        let mut most = MOMENT;
        while let Some(heard) = self.broker.heard(most) {
            most = Duration::ZERO;
            let now = self.now();
            match heard {
                Heard::Version { device, module, version } => {
                    self.service.online(now, &device);
                    self.service.version(now, &device, &module, &version);
                }
                Heard::Progress { device, module, step } => {
                    self.service.online(now, &device);
                    self.service.progress(now, &device, &module, step);
                    self.play(&device, step)?;
                }
                Heard::Get { device, module, id } => {
                    self.service.online(now, &device);
                    let firmware = self.service.get(&device, &module);
                    let answer = firmware.map(|firmware| self.package(&device, firmware));
                    let message = reply(&self.product(), &device, &id, answer.as_ref());
                    self.broker.send(message)?;
                }
                Heard::Gone { device } => self.service.offline(&device),
            }
        }
        Ok(())
    }

    /// Tells a device of its upgrade. What its role says happens then.
    fn push(&mut self, push: &Push) -> Result<(), String> {
        let role = self.devices[&push.device].role;
        if role == Role::NeverAnswers {
            self.devices[&push.device].stop()?;
        }
        self.message += 1;
        let firmware = self.package(&push.device, push.firmware);
        let product = self.product();
        self.broker.send(upgrade_message(&product, &push.device, &firmware, self.message))?;
        if role == Role::DiesOften {
            // Each device at other moments than the others.
            let first = FIRST_KILL + EARLIER * (self.message % 16);
            self.switches.push((Instant::now() + first, push.device.clone(), Switch::OffAndOn(KILLS)));
        }
        if role == Role::ThirdVersion {
            let report = |topic: &str, params: Value| {
                let topic = format!("/ota/device/{topic}/{product}/{}", push.device);
                self.broker.send((topic, json!({ "id": "1", "params": params })))
            };
            report("progress", json!({ "step": "10", "desc": "" }))?;
            report("inform", json!({ "version": UNKNOWN }))?;
        }
        Ok(())
    }

    /// What a device is told to download. The service's addresses differ by device, too.
    fn package(&self, device: &str, firmware: FirmwareId) -> Firmware {
        let Device { role, version, .. } = &self.devices[device];
        let mut firmware = match role {
            Role::WrongPackage => self.others.0.firmware(self.others.1[*version]).clone(),
            _ => self.service.firmware(firmware).clone(),
        };
        firmware.url = format!("{}?device={device}", firmware.url);
        firmware
    }

    /// A device has reported a progress, and its role may say that something happens now.
    fn play(&mut self, name: &str, step: i32) -> Result<(), String> {
        let Some(device) = self.devices.get_mut(name) else { return Ok(()) };
        match device.role {
            Role::Hangs => device.stop(),
            Role::DiesWriting if (60..100).contains(&step) && device.deaths == 0 => {
                device.kill();
                self.switches.push((Instant::now() + OFF, name.to_owned(), Switch::On));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Switches devices off and on whose time has come.
    fn switch(&mut self) -> Result<(), String> {
        let now = Instant::now();
        let due: Vec<_> = self.switches.extract_if(.., |(time, _, _)| *time <= now).collect();
        for (_, name, switch) in due {
            let Some(device) = self.devices.get_mut(&name) else { continue };
            device.kill();
            device.start()?;
            if let Switch::OffAndOn(more @ 1..) = switch {
                // At other moments each time.
                let next = now + FIRST_KILL + LATER * (KILLS - more);
                self.switches.push((next, name, Switch::OffAndOn(more - 1)));
            }
        }
        Ok(())
    }
}
