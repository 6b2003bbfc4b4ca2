//! Images of all input formats: `flatten`, and every command that takes an image.

use testkit::archives::gzip;
use testkit::builds;
use testkit::elf::LinkedElf;

use crate::common::{Desk, sha256, versions};

/// Intel HEX of an image from address 0x8000 on.
fn hex(image: &[u8]) -> Vec<u8> {
    builds::hex(&[(0x8000, image)]).into_bytes()
}

/// A signed image of MCUboot.
fn signed(program: &[u8], version: [u8; 3]) -> Vec<u8> {
    builds::mcuboot_of(version, program, 0)
}

/// A folder with two versions, each plain, as HEX, and signed.
fn desk() -> Desk {
    let (old, new) = versions();
    Desk::with(&[
        ("old", &old),
        ("new", &new),
        ("old.hex", &hex(&old)),
        ("new.hex", &hex(&new)),
        ("v1", &signed(&old, [1, 0, 0])),
        ("v2", &signed(&new, [2, 1, 0])),
    ])
}

#[test]
fn packages_of_flattened_images_are_those_of_what_is_flashed() {
    let desk = desk();
    desk.ok("diff old new -o plain");
    let said = desk.ok("diff old.hex new.hex -o patch --json");
    assert!(desk.read("plain") == desk.read("patch"));
    assert!(said.stderr.contains("old.hex: Intel HEX, 60000 bytes from 0x00008000"), "{said:?}");
    let input = &said.json()["target_input"];
    assert_eq!((input["format"].as_str(), input["base_address"].as_u64()), (Some("hex"), Some(0x8000)));
    assert_eq!(input["file_sha256"], sha256(&desk.read("new.hex")).as_str());
    for old in ["old", "old.hex"] {
        desk.ok(&format!("patch {old} patch -o restored"));
        assert!(desk.read("restored") == desk.read("new"), "{old}");
        desk.ok(&format!("verify {old} patch"));
        desk.ok(&format!("info patch --base {old}"));
    }
    assert_eq!(desk.json("info patch --base old.hex")["base_input"]["format"], "hex");
    let plain = desk.json("diff old new -o plain");
    assert!(plain.get("base_input").is_none() && plain.get("target_input").is_none());
    desk.ok("diff old.hex new.hex -o classic --format bsdiff");
    desk.ok("patch old.hex classic -o restored");
    assert!(desk.read("restored") == desk.read("new"));
}

#[test]
fn a_file_that_is_the_base_is_taken_as_it_is() {
    let desk = desk();
    desk.ok("diff old.hex new.hex -o patch --input-format raw --level 1");
    desk.ok("patch old.hex patch -o restored");
    assert!(desk.read("restored") == desk.read("new.hex"));
}

#[test]
fn images_state_their_version_unless_an_option_does() {
    let desk = desk();
    let version = |options: &str| {
        let said = desk.ok(&format!("diff v1 v2 -o patch --json {options}"));
        (said.json()["to_version"].as_str().unwrap().to_owned(), said.stderr)
    };
    assert_eq!(version("--level 1").0, "2.1.0");
    let (stated, said) = version("--level 1 --to-version 3.0");
    assert!(stated == "3.0" && said.contains("warning: v2 states version 2.1.0; 3.0 is used"));
    assert!(!version("--level 1 --to-version v2.1.0").1.contains("warning"));
    // A version that never changes says nothing.
    desk.write("v2", &signed(&desk.read("new"), [1, 0, 0]));
    let same = desk.json("diff v1 v2 -o patch --level 1");
    assert!(same["to_version"].is_null(), "{same}");
}

#[test]
fn a_broken_image_stops_everything_unless_it_is_taken_as_it_is() {
    let desk = desk();
    let mut broken = desk.read("v2");
    broken[1000] ^= 1;
    desk.write("broken", &broken);
    let part = "broken: MCUboot image: the SHA-256 is wrong";
    desk.run("diff v1 broken -o patch").failed(1, &[part, "--input-format raw takes the file as it is"]);
    desk.run("pack -o out --to broken --to-version 2 --from v1").failed(1, &[part]);
    // A release file can say it as well; options come first.
    let release = "to = \"broken\"\nto-version = \"2\"\ninput-format = \"raw\"\n[from]\n\"1\" = \"v1\"\n";
    desk.write("release.toml", release.as_bytes());
    desk.run("pack . -o out --input-format auto").failed(1, &[part]);
    assert!(!desk.path("patch").exists() && !desk.path("out").exists());
    desk.ok("pack . -o raw --level 1");
    desk.ok("diff v1 broken -o patch --input-format raw --level 1");
    desk.ok("patch v1 patch -o restored");
    assert!(desk.read("restored") == broken);
}

#[test]
fn gaps_are_filled_as_asked_for() {
    let desk = Desk::new();
    desk.write("a.hex", b":01000000619E\n:040010006262626264\n:00000001FF\n");
    desk.ok("flatten a.hex -o a.bin --fill 0");
    assert_eq!(desk.read("a.bin"), [&b"a"[..], &[0; 15], b"bbbb"].concat());
    let shown = desk.json("flatten a.hex");
    assert_eq!((shown["image_size"].as_u64(), shown["fill"].as_u64()), (Some(20), Some(255)));
    assert_eq!(
        (shown["gaps"][0]["address"].as_u64(), shown["gaps"][0]["size"].as_u64()),
        (Some(1), Some(15))
    );
    desk.run("flatten a.hex --max-gap 14").failed(1, &["0x00000001", "0x00000010", "--range", "--max-gap"]);
    desk.ok("flatten a.hex --range 0x11..0x13 -o a.bin");
    assert_eq!(desk.read("a.bin"), b"bb");
    desk.run("flatten a.hex --range 1..2").failed(1, &["there is nothing to flash in it"]);
    assert_eq!(desk.run("flatten a.hex --range 2..1").code, 2);
    desk.run("flatten a.hex -o a.hex").failed(2, &["same file"]);
    let shown = desk.ok("flatten a.hex").stdout;
    assert!(shown.contains("gap            0x00000001 to 0x0000000f, 15 bytes, filled with 0xff"), "{shown}");
    desk.write("plain", b"plain");
    assert_eq!(desk.json("flatten plain")["format"], "raw");
}

#[test]
fn releases_record_what_was_flattened_and_are_replayed() {
    let desk = desk();
    let pack = "pack -o out --to new.hex --to-version 3 --from 1=old.hex --from 1.5=old --level 1";
    desk.ok(pack);
    let manifest = desk.json("manifest out");
    assert_eq!(manifest["target"]["sha256"], sha256(&desk.read("new")).as_str());
    assert_eq!(manifest["target"]["input"]["file_sha256"], sha256(&desk.read("new.hex")).as_str());
    assert_eq!(manifest["sources"][0]["input"]["format"], "hex");
    assert!(manifest["sources"][1].get("input").is_none());
    // The image is the same, so the package is.
    assert_eq!(manifest["packages"].as_array().unwrap().len(), 2);
    let before = desk.read("out/manifest.json");
    desk.ok(&format!("{pack} --fresh --threads 1"));
    assert!(desk.read("out/manifest.json") == before);
    desk.ok("verify out --from 1=old.hex --from 1.5=old.hex");
    desk.ok("patch old.hex out/1-to-3.bin -o restored");
    assert!(desk.read("restored") == desk.read("new"));
}

#[test]
fn releases_take_versions_from_images() {
    let desk = desk();
    desk.ok("pack -o out --to v2 --from v1 --level 1");
    let manifest = desk.json("manifest out");
    assert_eq!(
        (manifest["version"].as_str(), manifest["sources"][0]["version"].as_str()),
        (Some("2.1.0"), Some("1.0.0"))
    );
    assert_eq!(manifest["sources"][0]["input"]["checked"][0], "SHA-256");
    desk.ok("verify out --from v1");
    let said = desk.ok("pack -o other --to v2 --to-version 2.1.0 --from 0.9=v1 --level 1");
    assert!(said.stderr.contains("warning: v1 states version 1.0.0; 0.9 is used"), "{said:?}");
    desk.run("pack -o other --to new --from v1").failed(2, &["the new image's version is not given"]);
}

#[test]
fn annotated_texts_are_flattened_and_damaged_ones_refused() {
    let desk = desk();
    let text = String::from_utf8(desk.read("new.hex")).unwrap();
    desk.write("comment.hex", format!("\u{feff}; device = mk3\n{text}\u{1a}").as_bytes());
    let said = desk.ok("diff old.hex comment.hex -o patch --level 1");
    assert!(
        said.stderr.contains("comment.hex: 1 line is no record and was passed over, the first is line 1")
    );
    desk.ok("patch old patch -o restored");
    assert!(desk.read("restored") == desk.read("new"));
    desk.write("damaged", text.replacen("\r\n:", "\r\n;", 1).as_bytes());
    let parts = [
        "damaged: Intel HEX, line 2: a record begins with a colon",
        "--input-format raw takes the file as it is",
    ];
    desk.run("diff old.hex damaged -o patch").failed(1, &parts);
    desk.run("pack -o out --to damaged --to-version 2 --from 1=old.hex").failed(1, &parts);
    desk.run("flatten damaged").failed(1, &parts);
    desk.ok("flatten damaged --input-format raw -o same");
    assert!(desk.read("same") == desk.read("damaged"));
}

#[test]
fn a_name_that_says_a_format_is_taken_at_its_word() {
    let desk = desk();
    for name in ["new.S19", "new.elf", "new.Uf2", "new.ihex"] {
        desk.write(name, &desk.read("new"));
        let parts = [name, "its name says", "but it is none", "--input-format raw takes it as it is"];
        desk.run(&format!("diff old {name} -o patch")).failed(1, &parts);
        desk.run(&format!("pack -o out --to new --to-version 2 --from 1={name}")).failed(1, &parts);
        desk.run(&format!("flatten {name}")).failed(1, &parts);
    }
    // The base of a package is what its digest says.
    desk.ok("diff new.elf old -o patch --input-format raw --level 1");
    for command in ["verify new.elf patch", "info patch --base new.S19", "patch new.Uf2 patch -o restored"] {
        desk.ok(command);
    }
    desk.write("wrong.hex", b"# no HEX\n");
    desk.run("patch wrong.hex patch -o restored").failed(1, &["wrong.hex: its name says Intel HEX"]);
}

#[test]
fn a_file_that_is_empty_or_packed_is_said_to_be_so() {
    let desk = desk();
    let packed = gzip(&desk.read("new.hex"));
    for name in ["empty.hex", "empty.S19", "empty.uf2", "empty.elf"] {
        desk.write(name, b"");
        let parts = [name, "its name says", "the file is empty", "build it again"];
        desk.run(&format!("diff old.hex {name} -o patch")).failed(1, &parts);
    }
    for name in ["packed.hex", "packed.srec", "packed.uf2", "packed.elf"] {
        desk.write(name, &packed);
        let parts = [name, "its name says", "it is a gzip file: unpack it first, or give --payload"];
        desk.run(&format!("diff old.hex {name} -o patch")).failed(1, &parts);
        desk.ok(&format!("flatten --payload {name} -o flat"));
        assert!(desk.read("flat") == desk.read("new"), "{name}");
    }
    desk.write("packed", &packed);
    for format in ["hex", "srec", "elf", "uf2", "mcuboot", "esp"] {
        let part = "it is a gzip file: unpack it first, or give --payload";
        desk.run(&format!("flatten packed --input-format {format}")).failed(1, &["packed: ", part]);
    }
}

#[test]
fn elf_that_is_no_whole_program_is_refused() {
    let desk = desk();
    let mut object = LinkedElf::new().section(".text", 0, &[7; 64]).bytes();
    object[16] = 1;
    desk.write("main.o", &object);
    let parts =
        ["main.o: ELF: it is an object file, not linked", "--input-format raw takes the file as it is"];
    desk.run("diff old main.o -o patch").failed(1, &parts);
    desk.ok("flatten main.o --input-format raw -o same");
    assert!(desk.read("same") == object);
    let mut module = LinkedElf::new().section(".modinfo", 0, b"license=MIT\0").bytes();
    module[16] = 1;
    desk.write("driver.ko", &module);
    let shown = desk.json("flatten driver.ko -o same");
    assert_eq!((shown["format"].as_str(), shown["resembles"].as_str()), (Some("raw"), None));
    assert!(shown["notes"][0].as_str().unwrap().contains("a module that a kernel loads"), "{shown}");
    assert!(desk.read("same") == module);
}

#[test]
fn a_text_beside_firmware_is_a_wrong_file() {
    let desk = desk();
    desk.write("page", b"<html><body>404: not found</body></html>\n");
    desk.write("other-page", b"<html><body>500: no answer</body></html>\n");
    for (base, target) in [("old", "page"), ("page", "new"), ("old.hex", "page")] {
        let parts = ["page: is a text, and", "--input-format raw takes files as they are"];
        desk.run(&format!("diff {base} {target} -o patch")).failed(1, &parts);
        desk.run(&format!("pack -o out --to {target} --to-version 2 --from 1={base}")).failed(1, &parts);
    }
    assert!(!desk.path("patch").exists() && !desk.path("out").exists());
    let said = desk.ok("diff page other-page -o patch --level 1").stderr;
    assert!(said.contains("warning: page: a text, read as plain bytes"), "{said}");
    let said = desk.ok("diff old page -o patch --level 1 --input-format raw").stderr;
    assert!(!said.contains("text"), "{said}");
}

#[test]
fn different_formats_get_a_warning() {
    let desk = desk();
    let said = desk.ok("diff old new.hex -o patch --json --level 1");
    let warning =
        "the base's file is plain bytes, the target's is Intel HEX: check that both hold the same memory";
    assert!(said.stderr.contains(&format!("warning: {warning}")), "{said:?}");
    let note = &said.json()["notes"][0];
    assert_eq!((note["name"].as_str(), note["text"].as_str()), (Some("formats"), Some(warning)));
    let said =
        desk.ok("pack -o out --to new.hex --to-version 2 --from 1=old --from 1.5=old.hex --json --level 1");
    let events = said.lines();
    let notes: Vec<_> = events.iter().filter(|event| event["event"] == "note").collect();
    assert!(notes.len() == 1 && notes[0]["name"] == "formats" && notes[0]["warning"] == true, "{notes:?}");
    assert!(notes[0]["text"].as_str().unwrap().starts_with("1: the base's file is plain bytes"), "{notes:?}");
    assert!(!desk.ok("diff old.hex new.hex -o patch --level 1").stderr.contains("warning"));
}

#[test]
fn large_microcontrollers_need_no_options() {
    let (old, _) = versions();
    let desk = Desk::new();
    // Two banks of 1 MB, each with code at its start, and data in the last sector.
    let pieces =
        [(0x0800_0000, &old[..9000]), (0x0810_0000, &old[9000..20_000]), (0x081E_0000, &old[20_000..30_000])];
    desk.write("h7.hex", builds::hex(&pieces).as_bytes());
    let said = desk.json("flatten h7.hex");
    assert_eq!(said["image_size"].as_u64(), Some(0x1E_0000 + 10_000));
    assert!(said["notes"][0].as_str().unwrap().contains("if there is another memory behind it"), "{said}");
    desk.write("far.hex", builds::hex(&[(0, b"flash"), (0x0100_0000, b"network core")]).as_bytes());
    desk.run("flatten far.hex").failed(1, &["0x00000005", "0x01000000", "--range START..END", "--max-gap"]);
    for (range, bytes) in [("0x1000000..", &b"network core"[..]), ("..0x1000000", b"flash"), ("1..3", b"la")]
    {
        desk.ok(&format!("flatten far.hex -o part --range {range}"));
        assert_eq!(desk.read("part"), bytes, "{range}");
    }
    desk.run("flatten far.hex --range 3..3").failed(2, &["with START below END, which is exclusive"]);
    // Many short pieces far apart do not become a large image.
    let pieces: Vec<(u32, &[u8])> = (0..200).map(|index| (index << 20, &b"x"[..])).collect();
    desk.write("many.hex", builds::hex(&pieces).as_bytes());
    desk.run("flatten many.hex")
        .failed(1, &["the gaps between ranges have more than 67108864 bytes together"]);
}

#[test]
fn families_and_elf_are_explained() {
    let desk = Desk::new();
    desk.write("a.uf2", &builds::uf2(&[(0x1000_0000, b"data")], Some(0xE48B_FF56)));
    let parts = ["no blocks of family 0x00000001; there are those of 0xe48bff56", "give no --uf2-family"];
    desk.run("flatten a.uf2 --uf2-family 1").failed(1, &parts);
    let esp =
        LinkedElf { machine: 94, ..LinkedElf::new().load(0x400D_0020, &[7; 64], &[(".flash.text", 0, 64)]) };
    desk.write("esp.elf", &esp.bytes());
    desk.run("flatten esp.elf").failed(1, &["esptool elf2image", "give the .bin file", "--input-format elf"]);
    let remote =
        LinkedElf::new().load(0x1000_0000, &[7; 64], &[(".text", 0, 48), (".resource_table", 48, 16)]);
    desk.write("remote.elf", &remote.bytes());
    let shown = desk.json("flatten remote.elf -o same");
    assert_eq!((shown["format"].as_str(), shown["resembles"].as_str()), (Some("raw"), Some("elf")));
    assert!(shown["notes"][0].as_str().unwrap().contains("remoteproc loads the file itself"), "{shown}");
    assert!(desk.read("same") == desk.read("remote.elf"));
}
