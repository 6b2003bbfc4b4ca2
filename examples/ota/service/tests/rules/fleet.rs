//! A service with a small fleet, for the tests.

use serde_json::{Value, json};
use service::{BatchId, FirmwareId, Plan, Refusal, Retry, RetryAfter, Service, State};

/// The parameters of the call for a differential firmware from one version to 3.0.
pub fn call(from: &str) -> Value {
    json!({
        "Action": "CreateOTAFirmware", "Type": 1, "FirmwareName": format!("p-3_0-{from}"), "ProductKey": "p",
        "ModuleName": "default", "SrcVersion": from, "DestVersion": "3.0", "FirmwareUrl": "http://e.com/a.bin",
        "FirmwareSize": 5000, "SignMethod": "SHA256", "FirmwareSign": "00", "Udi": "",
    })
}

pub fn full() -> Value {
    let mut call = call("x");
    call["Type"] = json!(0);
    call["FirmwareName"] = json!("p-3_0");
    call.as_object_mut().unwrap().remove("SrcVersion");
    call
}

/// A service with devices a, b, c, ... that have version 1.0.
pub struct Fleet {
    pub service: Service,
    pub firmware: FirmwareId,
}

impl Fleet {
    pub fn new(devices: usize) -> Self {
        let mut service = Service::new("p");
        let firmware = service.create_firmware(&call("1.0")).unwrap();
        let mut fleet = Self { service, firmware };
        for device in 0..devices {
            fleet.report(0, &name(device), "1.0");
        }
        fleet
    }

    /// The same, and a test device has been upgraded.
    pub fn verified(devices: usize) -> Self {
        let mut fleet = Self::new(devices);
        fleet.report(0, "test", "1.0");
        fleet.service.verify(0, fleet.firmware, &[], &["test"], 60).unwrap();
        fleet.service.tick(0);
        fleet.finish(0, "test");
        fleet
    }

    pub fn report(&mut self, now: u64, device: &str, version: &str) {
        self.service.online(now, device);
        self.service.version(now, device, "default", version);
    }

    pub fn progress(&mut self, now: u64, device: &str, step: i32) {
        self.service.progress(now, device, "default", step);
    }

    pub fn finish(&mut self, now: u64, device: &str) {
        self.progress(now, device, 0);
        self.progress(now, device, 100);
        self.report(now, device, "3.0");
    }

    pub fn upgrade(&mut self, now: u64, plan: Plan) -> Result<BatchId, Refusal> {
        self.service.upgrade(now, self.firmware, plan)
    }

    /// The devices that are told now.
    pub fn told(&mut self, now: u64) -> String {
        let pushes = self.service.tick(now);
        pushes.into_iter().map(|push| push.device).collect::<Vec<_>>().join(" ")
    }

    /// What is shown of the last task of a device.
    pub fn state(&self, now: u64, device: &str) -> State {
        let task = self.service.tasks().iter().rev().find(|task| task.device == device);
        self.service.state(now, task.expect("it has a task"))
    }

    pub fn has_task(&self, device: &str) -> bool {
        self.service.tasks().iter().any(|task| task.device == device)
    }
}

pub fn name(device: usize) -> String {
    char::from(b'a' + device as u8).to_string()
}

pub fn retry(after: RetryAfter, most: u32) -> Option<Retry> {
    Some(Retry { after, most })
}
