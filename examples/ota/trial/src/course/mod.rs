//! The course of a trial: test devices, then batches, while the devices do what their roles say.

mod events;
mod upload;

use std::collections::BTreeMap;
use std::time::Instant;

use service::{
    BatchId, FirmwareId, HOUR, Kind, Millis, Plan, Refusal, Retry, RetryAfter, Schedule, Scope, Service,
    Strategy, Task,
};

use self::events::Switch;
use self::upload::{product, upload};
use crate::Settings;
use crate::broker::Broker;
use crate::device::Device;
use crate::files::Files;
use crate::proxy::Proxy;
use crate::role::{RETRIES, Role, VERSIONS, is_dynamic};
use crate::table;

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
    table::print(&outcomes, &course)?;
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
        let troubles =
            devices.values().filter_map(|device| Some((device.name.clone(), device.role.trouble()?)));
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
            let tests =
                self.devices.values().filter(|device| (device.role, device.version) == (Role::Test, version));
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
        match self.service.upgrade(self.now(), self.firmwares[1], Plan { rate: 10, ..self.plan(1) }) {
            Ok(rest) => batches.push(rest),
            // Of a very small fleet, the first device was all.
            Err(Refusal::NoDevice) => {}
            Err(refusal) => return Err(refusal.to_string()),
        }
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

    fn product(&self) -> String {
        self.service.product().to_owned()
    }
}
