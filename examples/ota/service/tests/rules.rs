//! Each rule of the service, one by one, and a day of a large fleet in a second.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use service::{
    BatchId, Cause, DAY, FirmwareId, HOUR, MINUTE, Plan, Refusal, Retry, RetryAfter, SECOND, Schedule, Scope,
    Service, State, Strategy, Wait,
};

/// The parameters of the call for a differential firmware from one version to 3.0.
fn call(from: &str) -> Value {
    json!({
        "Action": "CreateOTAFirmware", "Type": 1, "FirmwareName": format!("p-3_0-{from}"), "ProductKey": "p",
        "ModuleName": "default", "SrcVersion": from, "DestVersion": "3.0", "FirmwareUrl": "http://e.com/a.bin",
        "FirmwareSize": 5000, "SignMethod": "SHA256", "FirmwareSign": "00", "Udi": "",
    })
}

fn full() -> Value {
    let mut call = call("x");
    call["Type"] = json!(0);
    call["FirmwareName"] = json!("p-3_0");
    call.as_object_mut().unwrap().remove("SrcVersion");
    call
}

/// A service with devices a, b, c, ... that have version 1.0.
struct Fleet {
    service: Service,
    firmware: FirmwareId,
}

impl Fleet {
    fn new(devices: usize) -> Self {
        let mut service = Service::new("p");
        let firmware = service.create_firmware(&call("1.0")).unwrap();
        let mut fleet = Self { service, firmware };
        for device in 0..devices {
            fleet.report(0, &name(device), "1.0");
        }
        fleet
    }

    /// The same, and a test device has been upgraded.
    fn verified(devices: usize) -> Self {
        let mut fleet = Self::new(devices);
        fleet.report(0, "test", "1.0");
        fleet.service.verify(0, fleet.firmware, &[], &["test"], 60).unwrap();
        fleet.service.tick(0);
        fleet.finish(0, "test");
        fleet
    }

    fn report(&mut self, now: u64, device: &str, version: &str) {
        self.service.online(now, device);
        self.service.version(now, device, "default", version);
    }

    fn progress(&mut self, now: u64, device: &str, step: i32) {
        self.service.progress(now, device, "default", step);
    }

    fn finish(&mut self, now: u64, device: &str) {
        self.progress(now, device, 0);
        self.progress(now, device, 100);
        self.report(now, device, "3.0");
    }

    fn upgrade(&mut self, now: u64, plan: Plan) -> Result<BatchId, Refusal> {
        self.service.upgrade(now, self.firmware, plan)
    }

    /// The devices that are told now.
    fn told(&mut self, now: u64) -> String {
        let pushes = self.service.tick(now);
        pushes.into_iter().map(|push| push.device).collect::<Vec<_>>().join(" ")
    }

    /// What is shown of the last task of a device.
    fn state(&self, now: u64, device: &str) -> State {
        let task = self.service.tasks().iter().rev().find(|task| task.device == device);
        self.service.state(now, task.expect("it has a task"))
    }

    fn has_task(&self, device: &str) -> bool {
        self.service.tasks().iter().any(|task| task.device == device)
    }
}

fn name(device: usize) -> String {
    char::from(b'a' + device as u8).to_string()
}

fn retry(after: RetryAfter, most: u32) -> Option<Retry> {
    Some(Retry { after, most })
}

#[test]
fn firmware_has_the_limits_of_the_page() {
    let wrong = [
        ("FirmwareName", json!(""), Refusal::FirmwareName),
        ("FirmwareName", json!("长".repeat(41)), Refusal::FirmwareName),
        ("DestVersion", json!("3+0"), Refusal::Version),
        ("DestVersion", json!("1.0"), Refusal::Version),
        ("SrcVersion", json!("1".repeat(65)), Refusal::Version),
        ("ModuleName", json!("a b"), Refusal::Module),
        ("FirmwareDesc", json!("快".repeat(101)), Refusal::Description),
        ("FirmwareSize", json!(0), Refusal::FileSize),
        ("FirmwareSize", json!(1_000_000_001), Refusal::FileSize),
        ("FirmwareUrl", json!("http://e.com/a.smdg"), Refusal::FileName),
        ("SignMethod", json!("CRC32"), Refusal::Call("SignMethod")),
        ("ProductKey", json!("q"), Refusal::OtherProduct),
        ("Type", json!(2), Refusal::Call("Type")),
    ];
    for (member, value, refusal) in wrong {
        let mut call = call("1.0");
        call[member] = value;
        assert_eq!(Service::new("p").create_firmware(&call), Err(refusal));
    }
    let mut longest = call("1.0");
    longest["FirmwareName"] = json!("长".repeat(40));
    longest["FirmwareDesc"] = json!("快".repeat(100));
    longest["FirmwareSize"] = json!(1_000_000_000);
    longest["FirmwareUrl"] = json!("https://e.com/a.tar.gz?Expires=1&Signature=x");
    assert!(Service::new("p").create_firmware(&longest).is_ok());
}

#[test]
fn an_account_has_at_most_500_firmwares_of_different_names() {
    let mut service = Service::new("p");
    for number in 0..500 {
        service.create_firmware(&call(&number.to_string())).unwrap();
        assert_eq!(service.create_firmware(&call("0")), Err(Refusal::NameTaken).filter_first(number < 499));
    }
    assert_eq!(service.create_firmware(&call("500")), Err(Refusal::TooManyFirmwares));
}

/// With 500, there is no room for another one, whatever its name.
trait FilterFirst {
    fn filter_first(self, is_first: bool) -> Self;
}

impl FilterFirst for Result<FirmwareId, Refusal> {
    fn filter_first(self, is_first: bool) -> Self {
        if is_first { self } else { Err(Refusal::TooManyFirmwares) }
    }
}

#[test]
fn no_batch_before_the_test_devices_are_upgraded() {
    let mut fleet = Fleet::new(4);
    assert_eq!(fleet.upgrade(0, Plan::all()), Err(Refusal::NotVerified));
    let verify = |fleet: &mut Fleet, devices: &[&str]| fleet.service.verify(0, fleet.firmware, &[], devices, 60);
    assert_eq!(verify(&mut fleet, &["a", "x"]), Err(Refusal::TestDevice));
    assert_eq!(verify(&mut fleet, &[]), Err(Refusal::NoDevice));
    verify(&mut fleet, &["a", "b"]).unwrap();
    assert_eq!(verify(&mut fleet, &["c"]), Err(Refusal::InVerification));
    assert_eq!(fleet.told(0), "a b");
    fleet.finish(0, "a");
    assert_eq!(fleet.upgrade(0, Plan::all()), Err(Refusal::NotVerified), "b is not done");
    fleet.progress(0, "b", -3);
    assert_eq!(fleet.state(0, "b"), State::Failed(Cause::Reported(-3)));
    assert_eq!(fleet.upgrade(0, Plan::all()), Err(Refusal::NotVerified), "b has failed");
    verify(&mut fleet, &["b"]).unwrap();
    fleet.service.tick(0);
    fleet.finish(0, "b");
    assert!(fleet.upgrade(0, Plan::all()).is_ok());
}

#[test]
fn a_static_batch_takes_the_devices_that_are_there() {
    let mut fleet = Fleet::verified(3);
    fleet.report(0, "c", "2.0");
    fleet.upgrade(0, Plan::all()).unwrap();
    fleet.report(1, "d", "1.0");
    fleet.report(1, "c", "1.0");
    assert_eq!(fleet.told(1), "a b");
    assert!(!fleet.has_task("c") && !fleet.has_task("d"));
}

#[test]
fn a_dynamic_batch_takes_those_that_come_later() {
    let mut fleet = Fleet::verified(2);
    fleet.upgrade(0, Plan { strategy: Strategy::Dynamic { only_new: false }, ..Plan::all() }).unwrap();
    assert_eq!(fleet.told(0), "a b");
    fleet.report(1, "new", "1.0");
    fleet.report(1, "other", "0.9");
    assert_eq!(fleet.told(1), "new");
    fleet.report(2, "other", "1.0");
    assert_eq!(fleet.told(2), "other");
    // One that has failed is not taken again, or it would go on for ever.
    fleet.progress(3, "new", -1);
    fleet.report(3, "new", "1.0");
    assert_eq!(fleet.told(3), "");
}

#[test]
fn a_dynamic_batch_may_take_only_newly_reported_versions() {
    let mut fleet = Fleet::verified(2);
    fleet.upgrade(0, Plan { strategy: Strategy::Dynamic { only_new: true }, ..Plan::all() }).unwrap();
    assert_eq!(fleet.told(0), "");
    fleet.report(1, "b", "1.0");
    fleet.report(1, "new", "1.0");
    assert_eq!(fleet.told(1), "b new");
}

#[test]
fn a_grey_batch_is_rounded_down_but_has_a_device() {
    for (devices, percent, expected) in [(10, 10, 1), (10, 19, 1), (10, 20, 2), (10, 1, 1), (3, 67, 2), (3, 100, 3)] {
        let mut fleet = Fleet::verified(devices);
        fleet.upgrade(0, Plan { scope: Scope::Grey(percent), ..Plan::all() }).unwrap();
        assert_eq!(fleet.service.tick(0).len(), expected, "{percent} % of {devices}");
    }
    let mut fleet = Fleet::verified(1);
    for percent in [0, 101] {
        let plan = Plan { scope: Scope::Grey(percent), ..Plan::all() };
        assert_eq!(fleet.upgrade(0, plan), Err(Refusal::GreyPercentage));
    }
    let strategy = Strategy::Dynamic { only_new: false };
    let plan = Plan { scope: Scope::Grey(50), strategy, ..Plan::all() };
    assert_eq!(fleet.upgrade(0, plan), Err(Refusal::GreyDynamic));
}

#[test]
fn a_targeted_batch_has_the_chosen_devices() {
    let mut fleet = Fleet::verified(3);
    fleet.report(0, "c", "2.0");
    let scope = Scope::Targeted(["b", "c", "x"].map(str::to_owned).into());
    fleet.upgrade(0, Plan { scope: scope.clone(), ..Plan::all() }).unwrap();
    assert_eq!(fleet.told(0), "b", "c has another version");
    fleet.upgrade(0, Plan { scope, strategy: Strategy::Dynamic { only_new: false }, ..Plan::all() }).unwrap();
    fleet.report(1, "c", "1.0");
    fleet.report(1, "y", "1.0");
    assert_eq!(fleet.told(1), "c");
    let scope = Scope::Targeted(BTreeSet::new());
    assert_eq!(fleet.upgrade(1, Plan { scope, ..Plan::all() }), Err(Refusal::NoDevice));
}

#[test]
fn a_static_batch_may_be_scheduled() {
    let plan = |start, end| Plan { schedule: Some(Schedule { start, end }), ..Plan::all() };
    let mut fleet = Fleet::verified(2);
    let wrong = [
        (plan(5 * MINUTE - 1, None), Refusal::Start),
        (plan(7 * DAY + 1, None), Refusal::Start),
        (plan(HOUR, Some(2 * HOUR - 1)), Refusal::End),
        (plan(HOUR, Some(HOUR + 30 * DAY + 1)), Refusal::End),
        (Plan { strategy: Strategy::Dynamic { only_new: false }, ..plan(HOUR, None) }, Refusal::ScheduledDynamic),
    ];
    for (plan, refusal) in wrong {
        assert_eq!(fleet.upgrade(0, plan), Err(refusal));
    }
    fleet.service.offline("b");
    fleet.upgrade(0, plan(HOUR, Some(2 * HOUR))).unwrap();
    assert_eq!(fleet.state(0, "a"), State::ToBePushed(Wait::Scheduled(HOUR)));
    assert_eq!(fleet.told(HOUR - 1), "");
    assert_eq!(fleet.service.next(0), Some(HOUR));
    assert_eq!(fleet.told(HOUR), "a");
    assert_eq!(fleet.state(HOUR, "b"), State::ToBePushed(Wait::Offline));
    fleet.progress(HOUR, "a", 10);
    // What has not ended by then is cancelled.
    fleet.told(2 * HOUR);
    assert_eq!(fleet.state(2 * HOUR, "b"), State::Cancelled);
    assert_eq!(fleet.state(2 * HOUR, "a"), State::Cancelled);
}

#[test]
fn no_more_devices_are_told_in_a_minute_than_the_rate() {
    let mut fleet = Fleet::verified(25);
    for rate in [9, 1001] {
        assert_eq!(fleet.upgrade(0, Plan { rate, ..Plan::all() }), Err(Refusal::Rate));
    }
    fleet.upgrade(0, Plan { rate: 10, ..Plan::all() }).unwrap();
    assert_eq!(fleet.service.tick(0).len(), 10);
    assert_eq!(fleet.state(0, "y"), State::ToBePushed(Wait::Rate));
    assert_eq!(fleet.service.next(0), Some(MINUTE));
    assert_eq!(fleet.service.tick(MINUTE - 1).len(), 0);
    assert_eq!(fleet.service.tick(MINUTE).len(), 10);
    assert_eq!(fleet.service.tick(2 * MINUTE).len(), 5);
}

#[test]
fn a_device_that_is_away_is_told_when_it_comes_back() {
    let mut fleet = Fleet::verified(1);
    fleet.service.offline("a");
    fleet.upgrade(0, Plan::all()).unwrap();
    assert_eq!(fleet.told(HOUR), "");
    assert_eq!(fleet.state(HOUR, "a"), State::ToBePushed(Wait::Offline));
    fleet.report(HOUR, "a", "1.0");
    assert_eq!(fleet.told(HOUR), "a");
    // It was told, but went away before it said anything.
    fleet.service.offline("a");
    fleet.report(2 * HOUR, "a", "1.0");
    assert_eq!(fleet.state(2 * HOUR, "a"), State::Pushed);
    assert_eq!(fleet.told(2 * HOUR + 5 * SECOND), "a");
    // It asks by itself.
    fleet.service.offline("a");
    fleet.report(3 * HOUR, "a", "1.0");
    assert_eq!(fleet.service.get("a", "default"), Some(fleet.firmware));
    assert_eq!(fleet.told(3 * HOUR + 5 * SECOND), "");
}

#[test]
fn a_device_that_asks_is_told_of_its_upgrade() {
    let mut fleet = Fleet::verified(2);
    assert_eq!(fleet.service.get("a", "default"), None);
    let start = HOUR;
    fleet.upgrade(0, Plan { schedule: Some(Schedule { start, end: None }), ..Plan::all() }).unwrap();
    assert_eq!(fleet.service.get("a", "default"), None, "not yet");
    fleet.service.tick(HOUR);
    assert_eq!(fleet.service.get("a", "default"), Some(fleet.firmware));
    assert_eq!(fleet.service.get("a", "radio"), None);
    fleet.progress(HOUR, "a", 50);
    assert_eq!(fleet.service.get("a", "default"), Some(fleet.firmware));
    fleet.finish(HOUR, "a");
    assert_eq!(fleet.service.get("a", "default"), None);
}

#[test]
fn success_takes_the_version_and_one_hundred_percent() {
    let mut fleet = Fleet::verified(2);
    fleet.upgrade(0, Plan::all()).unwrap();
    assert_eq!(fleet.told(0), "a b");
    assert_eq!(fleet.state(0, "a"), State::Pushed);
    fleet.progress(1, "a", 0);
    assert_eq!(fleet.state(1, "a"), State::Upgrading);
    fleet.progress(2, "a", 100);
    assert_eq!(fleet.state(2, "a"), State::Upgrading);
    fleet.report(3, "a", "3.0");
    assert_eq!(fleet.state(3, "a"), State::Succeeded);
    fleet.report(3, "b", "3.0");
    assert_eq!(fleet.state(3, "b"), State::Pushed);
    fleet.progress(4, "b", 100);
    assert_eq!(fleet.state(4, "b"), State::Succeeded);
    assert_eq!(fleet.service.next(4), None);
}

#[test]
fn another_version_is_a_failure() {
    let other = || State::Failed(Cause::OtherVersion("9.9".to_owned()));
    let mut fleet = Fleet::verified(4);
    fleet.service.offline("a");
    fleet.upgrade(0, Plan::all()).unwrap();
    fleet.told(0);
    // Before it is told, and when it was, the device may still have the old version.
    fleet.report(1, "b", "1.0");
    assert_eq!(fleet.state(1, "b"), State::Pushed);
    fleet.report(1, "a", "9.9");
    fleet.report(1, "b", "9.9");
    assert_eq!((fleet.state(1, "a"), fleet.state(1, "b")), (other(), other()));
    // When it upgrades, only the new one is right.
    fleet.progress(2, "c", 1);
    fleet.report(2, "c", "1.0");
    assert_eq!(fleet.state(2, "c"), State::Failed(Cause::OtherVersion("1.0".to_owned())));
    fleet.progress(2, "d", 1);
    fleet.service.version(2, "d", "radio", "9.9");
    assert_eq!(fleet.state(2, "d"), State::Upgrading, "the version of another module");
}

#[test]
fn failures_are_tried_again_and_show_the_same_state() {
    for (after, pause) in [
        (RetryAfter::AtOnce, 0),
        (RetryAfter::TenMinutes, 10 * MINUTE),
        (RetryAfter::HalfAnHour, 30 * MINUTE),
        (RetryAfter::Hour, HOUR),
        (RetryAfter::Day, DAY),
    ] {
        for most in [1, 2, 5] {
            let mut fleet = Fleet::verified(1);
            fleet.upgrade(0, Plan { retry: retry(after, most), ..Plan::all() }).unwrap();
            let mut now = 0;
            for _ in 0..most {
                assert_eq!(fleet.told(now), "a");
                fleet.progress(now, "a", 30);
                fleet.progress(now, "a", -2);
                assert_eq!(fleet.state(now, "a"), State::Upgrading);
                if pause > 0 {
                    assert_eq!(fleet.told(now + pause - 1), "");
                }
                now += pause;
            }
            assert_eq!(fleet.told(now), "a");
            fleet.progress(now, "a", -2);
            assert_eq!(fleet.state(now, "a"), State::Failed(Cause::Reported(-2)));
            assert_eq!(fleet.told(now + 2 * DAY), "");
        }
    }
    let mut fleet = Fleet::verified(1);
    for most in [0, 3, 4, 6] {
        let plan = Plan { retry: retry(RetryAfter::AtOnce, most), ..Plan::all() };
        assert_eq!(fleet.upgrade(0, plan), Err(Refusal::Retries));
    }
}

#[test]
fn each_code_is_a_failure_in_each_state_and_may_be_tried_again() {
    for code in [-1, -2, -3, -4] {
        let mut fleet = Fleet::verified(1);
        fleet.upgrade(0, Plan { retry: retry(RetryAfter::AtOnce, 1), ..Plan::all() }).unwrap();
        fleet.told(0);
        fleet.progress(0, "a", code);
        assert_eq!(fleet.state(0, "a"), State::Pushed, "tried again, and shown as it was");
        // What it says before it is told again is of the attempt that has failed.
        fleet.progress(0, "a", code);
        fleet.report(0, "a", "1.0");
        assert_eq!(fleet.told(0), "a");
        fleet.finish(0, "a");
        assert_eq!(fleet.state(0, "a"), State::Succeeded);
    }
}

#[test]
fn a_wrong_version_is_tried_again_in_each_state() {
    let mut fleet = Fleet::verified(3);
    fleet.service.offline("a");
    fleet.upgrade(0, Plan { retry: retry(RetryAfter::TenMinutes, 1), ..Plan::all() }).unwrap();
    fleet.told(0);
    fleet.progress(0, "c", 1);
    for (device, state) in [
        ("a", State::ToBePushed(Wait::Rate)),
        ("b", State::Pushed),
        ("c", State::Upgrading),
    ] {
        fleet.report(0, device, "9.9");
        assert_eq!(fleet.state(0, device), state);
    }
    assert_eq!(fleet.told(10 * MINUTE - 1), "");
    assert_eq!(fleet.told(10 * MINUTE), "a b c");
}

#[test]
fn a_time_out_counts_from_the_first_progress_and_is_not_tried_again() {
    let mut fleet = Fleet::verified(2);
    for timeout_minutes in [0, 1441] {
        assert_eq!(fleet.upgrade(0, Plan { timeout_minutes, ..Plan::all() }), Err(Refusal::TimeOut));
    }
    let plan = Plan { timeout_minutes: 1, retry: retry(RetryAfter::AtOnce, 5), ..Plan::all() };
    fleet.upgrade(0, plan).unwrap();
    fleet.told(0);
    fleet.progress(HOUR, "a", 5);
    fleet.progress(HOUR + 30 * SECOND, "a", 50);
    assert_eq!(fleet.service.next(HOUR), Some(HOUR + MINUTE));
    fleet.told(HOUR + MINUTE - 1);
    assert_eq!(fleet.state(HOUR + MINUTE - 1, "a"), State::Upgrading);
    assert_eq!(fleet.told(HOUR + MINUTE), "");
    assert_eq!(fleet.state(HOUR + MINUTE, "a"), State::Failed(Cause::TimeOut));
    fleet.told(DAY);
    assert_eq!(fleet.state(DAY, "b"), State::Pushed, "it has reported nothing");
}

#[test]
fn a_device_has_one_upgrade_at_a_time() {
    let mut fleet = Fleet::verified(4);
    let scope = |names: &[&str]| Scope::Targeted(names.iter().map(|&name| name.to_owned()).collect());
    fleet.service.offline("a");
    fleet.upgrade(0, Plan { scope: scope(&["a", "b", "c"]), ..Plan::all() }).unwrap();
    fleet.told(0);
    fleet.progress(0, "c", 10);
    let second = fleet.upgrade(1, Plan::all()).unwrap();
    let of_second = |fleet: &Fleet| -> Vec<String> {
        let tasks = fleet.service.tasks().iter().filter(|task| task.batch == second);
        tasks.map(|task| task.device.clone()).collect()
    };
    assert_eq!(of_second(&fleet), ["d"], "those of the first batch keep their task");
    let third = fleet.upgrade(2, Plan { replaces: true, ..Plan::all() }).unwrap();
    let replaced: Vec<_> =
        fleet.service.tasks().iter().filter(|task| task.batch == third).map(|task| task.device.as_str()).collect();
    assert_eq!(replaced, ["a", "b", "d"], "c has begun");
    let cancelled = fleet.service.tasks().iter().filter(|task| fleet.service.state(2, task) == State::Cancelled);
    assert_eq!(cancelled.count(), 3);
    assert_eq!(fleet.state(2, "c"), State::Upgrading);
}

#[test]
fn a_firmware_has_one_dynamic_batch() {
    let dynamic = || Plan { strategy: Strategy::Dynamic { only_new: false }, ..Plan::all() };
    let mut fleet = Fleet::verified(1);
    let first = fleet.upgrade(0, dynamic()).unwrap();
    assert_eq!(fleet.upgrade(0, dynamic()), Err(Refusal::SecondDynamic));
    assert!(fleet.upgrade(0, Plan { replaces: true, ..Plan::all() }).is_ok(), "a static one beside it");
    fleet.service.cancel(0, first, false);
    assert!(fleet.upgrade(0, dynamic()).is_ok());
    // Another firmware may have one for the same version.
    let other = fleet.service.create_firmware(&full()).unwrap();
    fleet.report(0, "test2", "1.0");
    let versions = vec!["1.0".to_owned()];
    fleet.service.cancel(0, first, true);
    fleet.progress(0, "test2", 0);
    let mut others = Fleet::verified(0);
    std::mem::swap(&mut fleet, &mut others);
    let other_fleet = &mut others.service;
    assert!(matches!(other_fleet.upgrade(0, other, Plan { versions, ..dynamic() }), Err(Refusal::NotVerified)));
}

#[test]
fn source_versions_are_chosen_for_full_firmware_only() {
    let mut fleet = Fleet::verified(2);
    let versions = |version: &str| Plan { versions: vec![version.to_owned()], ..Plan::all() };
    assert_eq!(fleet.upgrade(0, versions("1.0")), Err(Refusal::SourceVersions));
    let full = fleet.service.create_firmware(&full()).unwrap();
    fleet.report(0, "old", "0.5");
    fleet.service.verify(0, full, &["0.5"], &["old"], 60).unwrap();
    fleet.told(0);
    fleet.finish(0, "old");
    assert_eq!(fleet.service.upgrade(0, full, Plan::all()), Err(Refusal::SourceVersions));
    assert_eq!(fleet.service.upgrade(0, full, versions("3.0")), Err(Refusal::SourceVersions));
    fleet.report(0, "older", "0.4");
    fleet.service.upgrade(0, full, versions("0.4")).unwrap();
    assert_eq!(fleet.told(0), "older");
}

#[test]
fn cancelling_a_static_batch_ends_what_is_scheduled_or_all() {
    let mut fleet = Fleet::verified(3);
    let schedule = Some(Schedule { start: HOUR, end: None });
    let batch = fleet.upgrade(0, Plan { schedule, rate: 10, ..Plan::all() }).unwrap();
    fleet.service.cancel(1, batch, false);
    assert_eq!(fleet.state(1, "a"), State::Cancelled);
    let batch = fleet.upgrade(1, Plan::all()).unwrap();
    fleet.service.offline("c");
    fleet.told(1);
    fleet.progress(1, "a", 10);
    fleet.service.cancel(2, batch, false);
    assert_eq!((fleet.state(2, "a"), fleet.state(2, "b")), (State::Upgrading, State::Pushed));
    fleet.service.cancel(3, batch, true);
    for device in ["a", "b", "c"] {
        assert_eq!(fleet.state(3, device), State::Cancelled);
        // Nothing is tried again, and what the device says is too late.
        fleet.finish(4, device);
        assert_eq!(fleet.state(4, device), State::Cancelled);
    }
}

#[test]
fn cancelling_a_dynamic_batch_ends_the_strategy_or_all() {
    for running in [false, true] {
        let mut fleet = Fleet::verified(1);
        let plan = Plan { strategy: Strategy::Dynamic { only_new: false }, ..Plan::all() };
        let batch = fleet.upgrade(0, plan).unwrap();
        fleet.told(0);
        fleet.service.cancel(1, batch, running);
        fleet.report(2, "late", "1.0");
        assert!(!fleet.has_task("late"));
        assert_eq!(fleet.state(2, "a"), if running { State::Cancelled } else { State::Pushed });
    }
}

/// 5,000 devices of which some are away, fail or fall silent: each minute of a day, in about a second.
#[test]
fn a_day_passes_in_a_second() {
    let mut fleet = Fleet::verified(0);
    let names: Vec<String> = (0..5000).map(|number| format!("d{number:04}")).collect();
    for name in &names {
        fleet.report(0, name, "1.0");
    }
    for name in names.iter().step_by(50) {
        fleet.service.offline(name);
    }
    let plan = Plan { rate: 100, retry: retry(RetryAfter::Hour, 1), timeout_minutes: 30, ..Plan::all() };
    fleet.upgrade(0, plan).unwrap();
    let begun = std::time::Instant::now();
    for now in (0..24 * 60).map(|minute| minute * MINUTE) {
        for push in fleet.service.tick(now) {
            let number: usize = push.device[1..].parse().unwrap();
            fleet.progress(now, &push.device, 0);
            match number % 100 {
                1 => fleet.progress(now, &push.device, -2),
                2 => {}
                _ => fleet.finish(now, &push.device),
            }
        }
        if now == 12 * HOUR {
            names.iter().step_by(50).for_each(|name| fleet.report(now, name, "1.0"));
        }
    }
    let count = |state: &State| {
        let tasks = fleet.service.tasks().iter().filter(|task| task.device != "test");
        tasks.filter(|task| fleet.service.state(DAY, task) == *state).count()
    };
    assert_eq!(count(&State::Failed(Cause::Reported(-2))), 50);
    assert_eq!(count(&State::Failed(Cause::TimeOut)), 50);
    assert_eq!(count(&State::Succeeded), 4900);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
