//! The crate's folders are floors, each of which imports from those below only.

#[test]
fn each_floor_imports_from_below_only() {
    testkit::floors::check(
        env!("CARGO_MANIFEST_DIR"),
        "lib.rs",
        &[
            &["bytes", "escaped", "settings"],
            &["digest"],
            &["images", "limits"],
            &["search"],
            &["bsdiff40"],
            &["refs"],
            &["image"],
            &["input"],
            &["api"],
            &["encode"],
            &["restore"],
            &["proof"],
            &["cover"],
            &["engine"],
            &["container"],
            &["diff", "inspect"],
            &["release"],
        ],
    );
}
