//! `smidgen simulate`: what it prints, its options, and its refusals.

use crate::common::Desk;

/// A folder with `old`, `new`, the package `patch`, and a profile of a device that it fits.
fn desk() -> Desk {
    let desk = Desk::with_package();
    desk.write(
        "device.toml",
        b"ram = \"16K\"\nos = false\npage = \"4K\"\nwrite-size = 4\nslot = \"1M\"\ncore = \"cortex-m0+\"\nclock = \"80MHz\"\ncycles-per-instruction = \"1.2\"\nerase-time = \"20ms\"\n",
    );
    desk
}

#[test]
fn wear_time_and_losses_are_told() {
    let desk = desk();
    let text = desk.ok("simulate old patch --device device.toml --cuts 6").stdout;
    for part in [
        "update         ab",
        "every update ended with the new image",
        "wear of the flash",
        "slot",
        "journal",
        "write-time 41",
        "about ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("clock") && !text.contains("core"), "{text}");
    let json = desk.json("simulate old patch --device device.toml --cuts 6 --again 2");
    assert_eq!((json["update"].as_str(), json["lost"].as_u64()), (Some("ab"), Some(0)));
    assert!((15..=18).contains(&json["losses"].as_u64().unwrap()), "{json:#}");
    let areas = json["areas"].as_array().unwrap();
    let erases: u64 =
        areas.iter().flat_map(|area| area["erases"].as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(json["total_erases"], erases);
    assert_eq!(json["time"]["erase"].as_f64().unwrap(), (erases * 20) as f64 / 1000.0);
    assert_eq!(json["time"]["assumed"].as_array().unwrap().len(), 1);
    assert_eq!(desk.names(), ["device.toml", "new", "old", "patch"]);
}

#[test]
fn options_override_the_profile() {
    let desk = desk();
    let json = desk
        .json("simulate old patch --device device.toml --cuts none --page 1K --write-size 16 --hash-engine");
    assert_eq!((json["page"].as_u64(), json["write_size"].as_u64()), (Some(1024), Some(16)));
    assert_eq!((json["losses"].as_u64(), json["time"]["hash"].as_f64()), (Some(0), Some(0.0)));
    assert!(desk.ok("simulate old patch --page 4K --cuts none").stdout.contains("not cut"));
    let json = desk.json("simulate old patch --page 4K --cut-at 5:21,2");
    assert_eq!((json["losses"].as_u64(), json["lost"].as_u64()), (Some(2), Some(0)));
}

#[test]
fn an_in_place_package_is_updated_in_place() {
    let desk = desk();
    desk.ok("diff old new -o placed --in-place --slot 1M --page 4K --scratch 16K");
    let json = desk.json("simulate old placed --page 4K --cuts 5");
    assert_eq!((json["update"].as_str(), json["areas"].as_array().unwrap().len()), (Some("in-place"), 4));
    let json = desk.json("simulate old placed --page 4K --cuts 5 --update ab");
    assert_eq!(json["update"], "ab");
}

#[test]
fn an_encrypted_package_takes_its_key() {
    let desk = Desk::with_keys();
    desk.ok("diff old new -o sealed --encrypt shared.pem --product p --encryption-passphrase-file phrase");
    let key = "--decrypt shared.pem --passphrase-file phrase";
    desk.ok(&format!("simulate old sealed --page 4K --cuts 3 --product p {key}"));
    desk.run(&format!("simulate old sealed --page 4K --cuts 3 --product q {key}")).failed(3, &["product"]);
    desk.run("simulate old sealed --page 4K").failed(3, &["--decrypt"]);
}

#[test]
fn refusals_say_what_to_do() {
    let desk = desk();
    let flash = "--page 4K --cuts 3";
    desk.run("simulate old patch").failed(2, &["erase page", "page"]);
    desk.run("simulate old patch --page 4K --write-size 3").failed(2, &["multiple of write-size"]);
    desk.run("simulate old patch --page 4K --cuts some").failed(2, &["\"all\", \"none\" or a number"]);
    let operations = desk.json("simulate old patch --page 4K --cuts none")["operations"].as_u64().unwrap();
    desk.ok(&format!("simulate old patch --page 4K --cut-at {}", operations - 1));
    desk.run(&format!("simulate old patch --page 4K --cut-at {operations}"))
        .failed(2, &[&format!("the update has {operations} operations"), "--cut-at"]);
    desk.run("simulate old patch --page 4K --clock fast").failed(2, &["64MHz"]);
    desk.run("simulate old patch --page 4K --core z80").failed(2, &["cortex-m0+"]);
    desk.run("simulate old patch --page 4K --cycles-per-instruction 0").failed(2, &["such as 1.5"]);
    desk.run("simulate old patch --device missing.toml").failed(1, &["missing.toml"]);
    desk.run(&format!("simulate new patch {flash}")).failed(4, &["not the base image"]);
    desk.run(&format!("simulate old patch {flash} --slot 4K")).failed(3, &["cannot restore", "slot"]);
    desk.run(&format!("simulate old patch {flash} --ram 1K")).failed(3, &["cannot restore", "--ram"]);
    desk.run(&format!("simulate old new {flash}")).failed(3, &["not a package"]);
    desk.ok("diff old new -o classic --format bsdiff");
    desk.run(&format!("simulate old classic {flash}")).failed(3, &["BSDIFF40", "smidgen diff"]);
}
