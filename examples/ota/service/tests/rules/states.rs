//! What becomes of a device by what it says, or does not say; and a day of a large fleet in a second.

use service::{Cause, DAY, HOUR, MINUTE, Plan, Refusal, RetryAfter, SECOND, Schedule, State, Wait};

use crate::fleet::{Fleet, retry};

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
    for (device, state) in
        [("a", State::ToBePushed(Wait::Rate)), ("b", State::Pushed), ("c", State::Upgrading)]
    {
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
/// 5,000 devices of which some are away, fail or fall silent: each minute of a day, in about a second.
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
