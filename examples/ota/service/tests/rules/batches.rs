//! Which devices are in a batch, and when they are told.

use std::collections::BTreeSet;

use service::{DAY, HOUR, MINUTE, Plan, Refusal, Schedule, Scope, State, Strategy, Wait};

use crate::fleet::{Fleet, full};

/// A batch that also takes devices that come later.
fn dynamic(only_new: bool) -> Plan {
    Plan { strategy: Strategy::Dynamic { only_new }, ..Plan::all() }
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
    fleet.upgrade(0, dynamic(false)).unwrap();
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
    fleet.upgrade(0, dynamic(true)).unwrap();
    assert_eq!(fleet.told(0), "");
    fleet.report(1, "b", "1.0");
    fleet.report(1, "new", "1.0");
    assert_eq!(fleet.told(1), "b new");
}

#[test]
fn a_grey_batch_is_rounded_down_but_has_a_device() {
    for (devices, percent, expected) in
        [(10, 10, 1), (10, 19, 1), (10, 20, 2), (10, 1, 1), (3, 67, 2), (3, 100, 3)]
    {
        let mut fleet = Fleet::verified(devices);
        fleet.upgrade(0, Plan { scope: Scope::Grey(percent), ..Plan::all() }).unwrap();
        assert_eq!(fleet.service.tick(0).len(), expected, "{percent} % of {devices}");
    }
    let mut fleet = Fleet::verified(1);
    for percent in [0, 101] {
        let plan = Plan { scope: Scope::Grey(percent), ..Plan::all() };
        assert_eq!(fleet.upgrade(0, plan), Err(Refusal::GreyPercentage));
    }
    let plan = Plan { scope: Scope::Grey(50), ..dynamic(false) };
    assert_eq!(fleet.upgrade(0, plan), Err(Refusal::GreyDynamic));
}

#[test]
fn a_targeted_batch_has_the_chosen_devices() {
    let mut fleet = Fleet::verified(3);
    fleet.report(0, "c", "2.0");
    let scope = Scope::Targeted(["b", "c", "x"].map(str::to_owned).into());
    fleet.upgrade(0, Plan { scope: scope.clone(), ..Plan::all() }).unwrap();
    assert_eq!(fleet.told(0), "b", "c has another version");
    fleet.upgrade(0, Plan { scope, ..dynamic(false) }).unwrap();
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
        (Plan { schedule: plan(HOUR, None).schedule, ..dynamic(false) }, Refusal::ScheduledDynamic),
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
    let replaced: Vec<_> = fleet
        .service
        .tasks()
        .iter()
        .filter(|task| task.batch == third)
        .map(|task| task.device.as_str())
        .collect();
    assert_eq!(replaced, ["a", "b", "d"], "c has begun");
    let cancelled =
        fleet.service.tasks().iter().filter(|task| fleet.service.state(2, task) == State::Cancelled);
    assert_eq!(cancelled.count(), 3);
    assert_eq!(fleet.state(2, "c"), State::Upgrading);
}

#[test]
fn a_firmware_has_one_dynamic_batch() {
    let mut fleet = Fleet::verified(1);
    let first = fleet.upgrade(0, dynamic(false)).unwrap();
    assert_eq!(fleet.upgrade(0, dynamic(false)), Err(Refusal::SecondDynamic));
    assert!(fleet.upgrade(0, Plan { replaces: true, ..Plan::all() }).is_ok(), "a static one beside it");
    fleet.service.cancel(0, first, false);
    assert!(fleet.upgrade(0, dynamic(false)).is_ok());
    // Another firmware may have one for the same version.
    let other = fleet.service.create_firmware(&full()).unwrap();
    fleet.report(0, "test2", "0.9");
    fleet.service.verify(0, other, &["0.9"], &["test2"], 60).unwrap();
    fleet.told(0);
    fleet.finish(0, "test2");
    let versions = vec!["1.0".to_owned()];
    fleet.service.upgrade(0, other, Plan { versions, ..dynamic(false) }).unwrap();
    // A device that comes to both is upgraded by the newer one.
    fleet.report(1, "new", "1.0");
    let push = fleet.service.tick(1).into_iter().find(|push| push.device == "new").unwrap();
    assert_eq!(push.firmware, other);
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
        let batch = fleet.upgrade(0, dynamic(false)).unwrap();
        fleet.told(0);
        fleet.service.cancel(1, batch, running);
        fleet.report(2, "late", "1.0");
        assert!(!fleet.has_task("late"));
        assert_eq!(fleet.state(2, "a"), if running { State::Cancelled } else { State::Pushed });
    }
}
