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
            &["archive"],
            &["search"],
            &["bsdiff40"],
            &["refs"],
            &["image"],
            &["input"],
            &["symbols"],
            &["api"],
            &["encode"],
            &["restore"],
            &["board"],
            &["proof"],
            &["cover"],
            &["engine"],
            &["container"],
            &["diff", "inspect"],
            &["simulate"],
            &["release"],
        ],
    );
}
