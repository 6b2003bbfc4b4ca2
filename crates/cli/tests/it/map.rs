//! `info --html` and `--symbols`: the map of a new image.

use serde_json::Value;
use testkit::Program;
use testkit::builds::Elf;
use testkit::names::{linker_map, lld_map, with_symbols};

use crate::common::Desk;

const START: u32 = testkit::BASE_ADDRESS;
/// A name that a browser must not obey.
const HOSTILE: &str = "</title><script>alert(1)</script><img src=x onerror='alert(\"2\")'>&\u{202e}";

/// A folder with `old`, `new`, the package `patch` and the file `new.elf` with symbols.
fn desk() -> Desk {
    let old = Program::new(60, 1);
    let (old, new) = (old.link(), old.revised(6, 2).link());
    let half = new.len() as u32 / 2;
    let names = [("first_half", START, half), (HOSTILE, START + half, half / 2)];
    let elf =
        with_symbols(&Elf::firmware(&[(START, &new)]).bytes(), &[(".text", START, new.len() as u32)], &names);
    let [map, lld] =
        [linker_map, lld_map].map(|write| write(START, new.len() as u32, &[("first_half", START, half)]));
    let desk = Desk::with(&[
        ("old", &old),
        ("new", &new),
        ("new.elf", &elf),
        ("new.map", map.as_bytes()),
        ("lld.map", lld.as_bytes()),
    ]);
    desk.ok("diff old new -o patch --ram 16K");
    desk
}

fn page(desk: &Desk, arguments: &str) -> String {
    desk.ok(format!("info patch --base old --html page.html {arguments}").trim_end());
    String::from_utf8(desk.read("page.html")).unwrap()
}

/// What follows `start` up to `end`, wherever that is.
fn all_between<'a>(page: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    page.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

fn is_self_contained(page: &str) -> bool {
    let elsewhere = ["http:", "https:", "//", "src=", "url(", "@import", "<link", "<iframe"];
    // A comment of the script.
    let page = page.replace("// Without it", "");
    let none = elsewhere.iter().all(|text| !page.replace(" src=x", "").contains(text));
    none && all_between(&page, "href=", ">").iter().all(|link| link.starts_with("\"#c"))
}

#[test]
fn a_page_shows_every_cell_and_refers_to_nothing() {
    let desk = desk();
    let page = page(&desk, "");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(is_self_contained(&page));
    let size = desk.read("new").len();
    assert_eq!(all_between(&page, "<rect id=", "</rect>").len(), size.div_ceil(64));
    // The origins of each cell are all of its bytes.
    let mut bytes = 0;
    for title in all_between(&page, "<title>0x", "</title>") {
        let origins = title.split(": ").nth(1).unwrap().split(';').next().unwrap();
        bytes += origins
            .split(", ")
            .map(|it| it.split(' ').next().unwrap().parse::<usize>().unwrap())
            .sum::<usize>();
    }
    assert_eq!(bytes, size);
    for text in
        ["same", "moved", "predicted", "changed", "repeat", "new", "prefers-color-scheme", "@media print"]
    {
        assert!(page.contains(text), "{text}");
    }
    let package = desk.read("patch").len();
    assert!(page.contains(&format!("<th scope=row>Package<td>{package}.0<td>100.0 %")), "{package}");
}

#[test]
fn the_same_page_every_time() {
    let desk = desk();
    assert_eq!(page(&desk, "--symbols new.elf"), page(&desk, "--symbols new.elf"));
}

#[test]
fn names_of_strangers_stay_text() {
    let desk = desk();
    desk.write("<b>'&.smdg", &desk.read("patch"));
    desk.run_with(&["info", "<b>'&.smdg", "--base", "old", "--html", "page.html", "--symbols", "new.elf"])
        .succeeded();
    let page = String::from_utf8(desk.read("page.html")).unwrap();
    assert!(is_self_contained(&page));
    assert_eq!(all_between(&page, "<script", ">").len(), 1);
    assert!(!page.contains("<img") && !page.contains("<b>'") && !page.contains('\u{202e}'));
    assert!(
        page.contains("first_half")
            && page.contains("&lt;img src=x onerror=&#39;alert(&quot;2&quot;)&#39;&gt;&amp;\\u202e")
    );
    let outcome = desk.ok("info patch --base old --symbols new.elf");
    assert!(outcome.stdout.lines().all(|line| line.chars().count() < 200), "{outcome:#?}");
    assert!(outcome.stdout.contains("Dearest places") && !outcome.stdout.contains('\u{202e}'));
}

#[test]
fn costs_add_up_to_the_package() {
    let desk = desk();
    for symbols in ["new.elf", "new.map", "lld.map"] {
        let found = desk.json(&format!("info patch --base old --symbols {symbols}"));
        let sum = |name: &str| {
            found["origins"].as_object().unwrap().values().map(|it| it[name].as_f64().unwrap()).sum::<f64>()
        };
        assert_eq!(sum("bytes"), desk.read("new").len() as f64);
        let body = found["body_size"].as_f64().unwrap();
        assert!((sum("cost") - body).abs() < 8.0, "{found:#}");
        let dearest = found["dearest"].as_array().unwrap();
        let all: f64 = dearest.iter().map(|it| it["cost"].as_f64().unwrap()).sum();
        assert!((all - sum("cost")).abs() < 0.2, "{found:#}");
        let half = dearest.iter().find(|it| it["name"] == "first_half").unwrap();
        assert_eq!((&half["offset"], &half["address"]), (&Value::from(0), &Value::from(START)));
        assert_eq!(found["costs_are_estimated"], false);
    }
}

#[test]
fn packages_of_all_kinds_have_a_map() {
    let desk = desk();
    desk.ok("diff old new -o patch --codec zstd");
    assert!(page(&desk, "--symbols new.elf").contains("Costs are estimates"));
    let slot = desk.read("new").len().next_multiple_of(256) + 4096;
    desk.ok(&format!("diff old new -o patch --in-place --slot {slot} --page 256 --scratch 4K"));
    page(&desk, "");
    // A full package, and one of nothing.
    desk.write("old", b"");
    desk.ok("diff old new -o patch");
    assert!(page(&desk, "").contains("<title>0x0"));
    let (old, new) = (testkit::archives::text(1), testkit::archives::changed(testkit::archives::text(1)));
    desk.write("old", &testkit::archives::gzip(&old));
    desk.write("new", &testkit::archives::gzip(&new));
    desk.ok("diff old new -o patch");
    assert!(page(&desk, "").contains("compressed streams"));
}

#[test]
fn a_classic_package_has_a_map_by_its_entries() {
    let desk = desk();
    desk.ok("diff old new -o patch --format bsdiff");
    let page = page(&desk, "--symbols new.elf");
    assert!(page.contains("BSDIFF40 compresses") && page.contains("first_half"));
    let package = desk.read("patch").len();
    assert!(page.contains(&format!("<th scope=row>Package<td>{package}.0<td>100.0 %")), "{package}");
    let found = desk.json("info patch --base old --symbols new.elf");
    let sum = |name: &str| {
        found["origins"].as_object().unwrap().values().map(|it| it[name].as_f64().unwrap()).sum::<f64>()
    };
    let blocks = ["control_size", "diff_size", "extra_size"].map(|name| found[name].as_f64().unwrap());
    assert_eq!(sum("bytes"), desk.read("new").len() as f64);
    assert!((sum("cost") - blocks.iter().sum::<f64>()).abs() < 30.0, "{found:#}");
    assert_eq!(found["costs_are_estimated"], true);
    assert!(found["origins"]["moved"]["bytes"].as_u64() > found["origins"]["new"]["bytes"].as_u64());
    let outcome = desk.ok("info patch --base old --symbols new.elf");
    assert!(outcome.stdout.contains("Dearest places"), "{outcome:#?}");
}

#[test]
fn encrypted_packages_need_their_key() {
    let desk = Desk::with_keys();
    desk.ok("diff old new -o patch --seal-to device.pub");
    desk.run("info patch --base old --html page.html").failed(3, &["--decrypt"]);
    desk.ok("info patch --base old --html page.html --decrypt device.pem");
}

#[test]
fn what_cannot_be_shown_is_refused_and_leaves_no_page() {
    let desk = desk();
    desk.write("text", b"not a map");
    desk.write("armlink.map", b"Component: Arm Compiler for Embedded 6.16 Tool: armlink [5dfeaa00]\n");
    desk.write("stripped", &Elf::firmware(&[(START, &desk.read("new"))]).bytes());
    desk.write(
        "other",
        &with_symbols(
            &Elf::firmware(&[(START, &crate::common::noise(9000))]).bytes(),
            &[],
            &[("x", START, 9)],
        ),
    );
    for (arguments, code, part) in [
        ("patch --html page.html", 2, "--base"),
        ("patch --symbols new.elf", 2, "--base"),
        ("patch --base new --html page.html", 4, "E11"),
        ("patch --base old --html page.html --symbols missing", 1, "cannot read"),
        ("patch --base old --html page.html --symbols text", 1, "neither an ELF file nor a linker map"),
        ("patch --base old --html page.html --symbols armlink.map", 1, "give the ELF file"),
        ("patch --base old --html page.html --symbols stripped", 1, "no symbols"),
        ("patch --base old --html page.html --symbols other", 1, "none of its parts is in the new image"),
        ("patch --base old --html new.elf --symbols new.elf", 2, "the same file"),
        ("patch --base old --html -", 2, "standard output"),
    ] {
        desk.run(&format!("info {arguments}")).failed(code, &[part]);
    }
    assert!(!desk.names().contains(&"page.html".to_owned()));
}

#[test]
fn a_package_that_restores_something_else_has_no_map() {
    let desk = desk();
    let mut package = desk.read("patch");
    *package.last_mut().unwrap() ^= 0x55;
    desk.write("patch", &package);
    let outcome = desk.run("info patch --base old --html page.html");
    assert_eq!(outcome.code, 3, "{outcome:#?}");
}
