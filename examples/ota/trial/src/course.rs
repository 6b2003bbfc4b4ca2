//! The course of a trial: test devices, then batches, while the devices do what their roles say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use service::{
    BatchId, Firmware, FirmwareId, HOUR, Heard, Kind, Millis, Plan, Push, Retry, RetryAfter, Schedule, Scope, Service,
    State, Strategy, Task, Wait, reply, upgrade_message,
};

use crate::Settings;
use crate::broker::Broker;
use crate::device::Device;
use crate::files::Files;
use crate::proxy::Proxy;
use crate::role::{KILLS, RETRIES, Role, UNKNOWN, VERSIONS, is_dynamic};
use crate::table;

/// How long all of it may take. The service's time passes faster: see [`Course::skip`].
const PATIENCE: Duration = Duration::from_secs(600);
/// The service is asked what to push so often, if nothing is heard.
const MOMENT: Duration = Duration::from_millis(20);
/// How long a device that died while it wrote is off.
const OFF: Duration = Duration::from_millis(300);
/// A device that dies again and again: the first time so long after it was told, then after so much more each time.
const FIRST_KILL: Duration = Duration::from_millis(70);
const LATER: Duration = Duration::from_millis(37);
/// When devices that are away come back, and new ones are switched on.
const RETURN: Millis = 3 * HOUR;
const TIMEOUT_MINUTES: u32 = 30;

pub struct Course<'s> {
    pub settings: &'s Settings,
    pub service: Service,
    pub devices: BTreeMap<String, Device>,
    pub proxy: Proxy,
    broker: Broker,
    _files: Files,
    /// What each version is upgraded with, and what whoever gets the wrong package gets.
    firmwares: Vec<FirmwareId>,
    others: (Service, Vec<FirmwareId>),
    begun: Instant,
    skipped: Millis,
    message: u32,
    /// What is to be done with the power of a device, and when.
    switches: Vec<(Instant, String, Switch)>,
}

/// The power of a device.
#[derive(Clone, Copy)]
enum Switch {
    On,
    /// Off and on again, and so many times more.
    OffAndOn(u32),
}

/// Carries out a trial, prints its table, and is an error if a device is not what it must be.
pub fn run(settings: &Settings) -> Result<(), String> {
    let mut course = Course::prepare(settings)?;
    course.switch_on()?;
    course.verify()?;
    course.prepare_for_batches()?;
    let batches = course.begin_batches()?;
    course.wait_for_all("the first batches")?;
    let batches = course.begin_rest(batches)?;
    course.wait_until(RETURN)?;
    course.switch_on_rest()?;
    course.wait_for_all("all batches")?;
    let outcomes = table::outcomes(&course);
    table::print(&outcomes, &course);
    table::check(&outcomes, &course)?;
    // What never answered can only be cancelled.
    let now = course.now();
    batches.into_iter().for_each(|batch| course.service.cancel(now, batch, true));
    let left = course.service.tasks().iter().filter(|task| task.is_active()).count();
    if left == 0 { Ok(()) } else { Err(format!("{left} upgrades are left when all batches are cancelled")) }
}

impl<'s> Course<'s> {
    fn prepare(settings: &'s Settings) -> Result<Self, String> {
        let product = product(&settings.release)?;
        let files = Files::start(settings)?;
        let broker = Broker::start(&settings.work, &product)?;
        let roles = Role::of_fleet(settings.devices);
        let mut devices = BTreeMap::new();
        for (number, role) in roles.into_iter().enumerate() {
            let device = Device::provision(settings, &product, broker.port, number, role)?;
            devices.insert(device.name.clone(), device);
        }
        let troubles = devices.values().filter_map(|device| Some((device.name.clone(), device.role.trouble()?)));
        let proxy = Proxy::start(files.port, troubles.collect())?;
        let (service, firmwares) = upload(settings, &settings.release, proxy.port, "release")?;
        let others = upload(settings, &settings.other_release, proxy.port, "other")?;
        Ok(Self {
            settings,
            service,
            devices,
            proxy,
            broker,
            _files: files,
            firmwares,
            others,
            begun: Instant::now(),
            skipped: 0,
            message: 0,
            switches: Vec::new(),
        })
    }

    /// The service's time.
    pub fn now(&self) -> Millis {
        self.begun.elapsed().as_millis() as Millis + self.skipped
    }

    pub fn seconds(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }

    /// All devices but the new ones, and waits until they have reported their version.
    fn switch_on(&mut self) -> Result<(), String> {
        let now = self.now();
        for device in self.devices.values_mut().filter(|device| device.role != Role::New) {
            device.start()?;
            if device.role == Role::ThirdVersion {
                self.service.online(now, &device.name);
                self.service.version(now, &device.name, "default", VERSIONS[device.version]);
            }
        }
        let known = |course: &Self| {
            let mut devices = course.devices.values().filter(|device| device.is_on());
            devices.all(|device| course.service.version_of(&device.name, "default").is_some())
        };
        self.go_on("devices are switched on", known)
    }

    /// Upgrades the test devices of each version.
    fn verify(&mut self) -> Result<(), String> {
        for version in 0..VERSIONS.len() {
            let firmware = self.firmwares[version];
            if self.service.upgrade(self.now(), firmware, self.plan(version)).is_ok() {
                return Err("a firmware was delivered that nobody has verified".to_owned());
            }
            let tests = self.devices.values().filter(|device| (device.role, device.version) == (Role::Test, version));
            let tests: Vec<&str> = tests.map(|device| device.name.as_str()).collect();
            let versions = self.plan(version).versions;
            let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
            let batch = self.service.verify(self.now(), firmware, &versions, &tests, TIMEOUT_MINUTES);
            batch.map_err(|refusal| refusal.to_string())?;
        }
        self.wait_for_all("test devices")?;
        let verified = self.firmwares.iter().all(|&firmware| self.service.is_verified(firmware));
        if verified { Ok(()) } else { Err("test devices were not upgraded".to_owned()) }
    }

    /// Some devices go away.
    fn prepare_for_batches(&mut self) -> Result<(), String> {
        self.devices.values_mut().filter(|device| device.role == Role::Away).for_each(Device::kill);
        let gone = |course: &Self| {
            let mut devices = course.devices.values().filter(|device| device.role == Role::Away);
            devices.all(|device| !course.service.is_online(&device.name))
        };
        self.go_on("devices go away", gone)
    }

    /// A tenth of the devices of the second version, at ten a minute; the third version at another time; the others, and
    /// whoever comes to have their versions.
    fn begin_batches(&mut self) -> Result<Vec<BatchId>, String> {
        let now = self.now();
        let schedule = Some(Schedule { start: now + HOUR, end: None });
        let plans = [
            self.plan(0),
            Plan { scope: Scope::Grey(10), rate: 10, ..self.plan(1) },
            Plan { schedule, rate: 20, ..self.plan(2) },
            self.plan(3),
        ];
        let begin = |(version, plan)| self.service.upgrade(now, self.firmwares[version], plan);
        let batches: Result<_, _> = plans.into_iter().enumerate().map(begin).collect();
        batches.map_err(|refusal| refusal.to_string())
    }

    /// The rest of the second version.
    fn begin_rest(&mut self, mut batches: Vec<BatchId>) -> Result<Vec<BatchId>, String> {
        let rest = self.service.upgrade(self.now(), self.firmwares[1], Plan { rate: 10, ..self.plan(1) });
        batches.push(rest.map_err(|refusal| refusal.to_string())?);
        Ok(batches)
    }

    fn switch_on_rest(&mut self) -> Result<(), String> {
        self.devices.values_mut().filter(|device| !device.is_on()).try_for_each(Device::start)?;
        let begun = |course: &Self| {
            let mut new = course.devices.values().filter(|device| device.role == Role::New);
            new.all(|device| course.service.tasks().iter().any(|task| task.device == device.name))
        };
        self.go_on("new devices get an upgrade", begun)
    }

    fn plan(&self, version: usize) -> Plan {
        let full = self.service.firmware(self.firmwares[version]).kind == Kind::Full;
        let dynamic = Strategy::Dynamic { only_new: false };
        Plan {
            versions: if full { vec![VERSIONS[version].to_owned()] } else { Vec::new() },
            strategy: if is_dynamic(version) { dynamic } else { Strategy::Static },
            retry: Some(Retry { after: RetryAfter::TenMinutes, most: RETRIES }),
            timeout_minutes: TIMEOUT_MINUTES,
            rate: 20,
            ..Plan::all()
        }
    }

    /// Until no device is expected to do anything more.
    fn wait_for_all(&mut self, what: &str) -> Result<(), String> {
        self.go_on(what, |course| {
            let busy = |task: &Task| task.is_active() && course.moves(task);
            !course.service.tasks().iter().any(busy)
        })
    }

    fn wait_until(&mut self, time: Millis) -> Result<(), String> {
        self.skipped += time.saturating_sub(self.now());
        self.go_on("a while", |_| true)
    }

    /// Whether something will become of this task without us.
    fn moves(&self, task: &Task) -> bool {
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

    /// Lets things happen until something is so.
    fn go_on(&mut self, what: &str, until: impl Fn(&Self) -> bool) -> Result<(), String> {
        loop {
            self.hear()?;
            self.switch()?;
            if let Some(device) = self.devices.values_mut().find_map(|device| device.has_crashed().then_some(device)) {
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
        let all_wait = self.service.tasks().iter().filter(|task| task.is_active()).all(|task| self.waits(task));
        let now = self.now();
        if let Some(next) = self.service.next(now).filter(|&next| all_wait && next > now) {
            self.skipped += next - now;
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
            self.switches.push((Instant::now() + FIRST_KILL, push.device.clone(), Switch::OffAndOn(KILLS)));
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

    fn product(&self) -> String {
        self.service.product().to_owned()
    }
}

fn product(release: &Path) -> Result<String, String> {
    let file = release.join("manifest.json");
    let text = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let manifest: Value = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    manifest["product"].as_str().map(str::to_owned).ok_or_else(|| "the release has no product".to_owned())
}

/// Uploads a release: with the parameters that `smidgen manifest` prints for the service's own call. Returns the firmware
/// for each version.
fn upload(
    settings: &Settings,
    release: &Path,
    port: u16,
    place: &str,
) -> Result<(Service, Vec<FirmwareId>), String> {
    let mut command = Command::new(&settings.smidgen);
    command.arg("manifest").arg(release).args(["--ota-message", "--url-base"]);
    let output = command.arg(format!("http://127.0.0.1:{port}/{place}")).output();
    let output = output.map_err(|error| format!("smidgen manifest: {error}"))?;
    let messages: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("smidgen manifest: {error}"))?;
    let mut service = Service::new(&product(release)?);
    let mut by_version = BTreeMap::new();
    let packages = messages.as_array().into_iter().flatten();
    for call in packages.flat_map(|package| package["create_firmware"].as_array().into_iter().flatten()) {
        let firmware = service.create_firmware(call).map_err(|refusal| refusal.to_string())?;
        by_version.insert(call["SrcVersion"].as_str().unwrap_or("").to_owned(), firmware);
    }
    // A version that the release has no image of gets the full package.
    let of = |version: &&str| by_version.get(*version).or_else(|| by_version.get("")).copied();
    let firmwares = VERSIONS.iter().map(of).collect::<Option<Vec<_>>>();
    Ok((service, firmwares.ok_or("the release has no full package")?))
}
