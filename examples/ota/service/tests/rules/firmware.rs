//! What may be uploaded, and what must be verified before it is delivered.

use serde_json::json;
use service::{Cause, Plan, Refusal, Service, State};

use crate::fleet::{Fleet, call, full};

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
    service.create_firmware(&call("0")).unwrap();
    assert_eq!(service.create_firmware(&call("0")), Err(Refusal::NameTaken));
    (1..500).for_each(|number| assert!(service.create_firmware(&call(&number.to_string())).is_ok()));
    assert_eq!(service.create_firmware(&call("500")), Err(Refusal::TooManyFirmwares));
}

#[test]
fn no_batch_before_the_test_devices_are_upgraded() {
    let mut fleet = Fleet::new(4);
    assert_eq!(fleet.upgrade(0, Plan::all()), Err(Refusal::NotVerified));
    let verify =
        |fleet: &mut Fleet, devices: &[&str]| fleet.service.verify(0, fleet.firmware, &[], devices, 60);
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
