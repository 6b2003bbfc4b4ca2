//! Each folder of the program imports from those below only.

#[test]
fn each_floor_imports_from_below_only() {
    testkit::floors::check(
        env!("CARGO_MANIFEST_DIR"),
        "main.rs",
        &[&["peers"], &["report", "lib"], &["io"], &["arguments"], &["commands"]],
    );
}
