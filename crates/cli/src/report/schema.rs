//! The schemas of what `--json` prints (`docs/json.md`), each whole in one document.

use serde_json::{Map, Value};
use smidgen_diff::release::MANIFEST_SCHEMA;

/// What several commands have in common.
const COMMON: &str = include_str!("../../schemas/common-1.json");

/// Name and source of each schema; the manifest's is where its code is.
const SOURCES: [(&str, &str); 13] = [
    ("catalogue", include_str!("../../schemas/catalogue-1.json")),
    ("compare", include_str!("../../schemas/compare-1.json")),
    ("diff", include_str!("../../schemas/diff-1.json")),
    ("error", include_str!("../../schemas/error-1.json")),
    ("flatten", include_str!("../../schemas/flatten-1.json")),
    ("info", include_str!("../../schemas/info-1.json")),
    ("keygen", include_str!("../../schemas/keygen-1.json")),
    ("manifest", MANIFEST_SCHEMA),
    ("pack", include_str!("../../schemas/pack-1.json")),
    ("patch", include_str!("../../schemas/patch-1.json")),
    ("sign", include_str!("../../schemas/sign-1.json")),
    ("simulate", include_str!("../../schemas/simulate-1.json")),
    ("verify", include_str!("../../schemas/verify-1.json")),
];

/// The names of all schemas: commands, and `error`.
pub(crate) fn names() -> Vec<&'static str> {
    SOURCES.iter().map(|(name, _)| *name).collect()
}

/// The schema of this name, with the documents that it refers to under `$defs`; null if there is none.
pub(crate) fn schema(name: &str) -> Value {
    let source = SOURCES.iter().find(|(own, _)| *own == name);
    let mut document = source.map_or(Value::Null, |(_, source)| parsed(source));
    let mut others = Map::new();
    for source in [COMMON, MANIFEST_SCHEMA] {
        let other = parsed(source);
        let id = other["$id"].as_str().unwrap_or_default().to_owned();
        let file = id.rsplit('/').next().unwrap_or_default();
        if document.to_string().contains(&format!("\"{file}")) {
            others.insert(file.trim_end_matches(".json").to_owned(), other);
        }
    }
    if let Some(document) = document.as_object_mut().filter(|_| !others.is_empty()) {
        document.insert("$defs".to_owned(), others.into());
    }
    document
}

/// Our own text, which is JSON.
fn parsed(source: &str) -> Value {
    serde_json::from_str(source).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_json_and_has_what_it_refers_to() {
        for name in names() {
            let schema = schema(name);
            assert!(schema["$id"].as_str().is_some_and(|id| id.contains(&format!("/{name}-"))), "{name}");
            let embedded = schema["$defs"].as_object().into_iter().flat_map(|all| all.keys());
            let embedded: Vec<&String> = embedded.collect();
            let text = schema.to_string();
            for reference in text.split("\"$ref\":\"").skip(1) {
                let file = reference.split(['#', '"']).next().unwrap_or_default();
                let known = file.is_empty() || embedded.iter().any(|name| format!("{name}.json") == file);
                assert!(known, "{name} refers to {file}");
            }
        }
        assert_eq!(schema("none"), Value::Null);
    }
}
