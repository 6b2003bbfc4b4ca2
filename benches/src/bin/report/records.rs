//! The results as comma-separated values and as JSON: a record for each pair and tool, in plain units.

use serde_json::{Value, json};

use smidgen::peers::Measured;

use crate::results::Results;

/// The file of comma-separated values, as RFC 4180 has them.
pub fn csv(results: &Results) -> String {
    let records = records(results);
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let head = records.first().map(|record| record.iter().map(|(name, _)| (*name).to_owned()).collect());
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) if text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let rows = records.iter().map(|record| line(record.iter().map(|(_, value)| cell(value)).collect()));
    head.map(line).into_iter().chain(rows).collect()
}

/// Everything as one object, in lines.
pub fn json(results: &Results) -> String {
    let records: Vec<Value> =
        records(results).into_iter().map(|record| record.into_iter().collect()).collect();
    let facts: serde_json::Map<String, Value> =
        results.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    format!("{:#}\n", json!({ "facts": facts, "results": records }))
}

type Record = Vec<(&'static str, Value)>;

fn records(results: &Results) -> Vec<Record> {
    let mut records = Vec::new();
    for ((pair, digests), outcomes) in results.pairs.iter().zip(&results.digests).zip(&results.outcomes) {
        for (installed, outcome) in results.tools.iter().zip(outcomes) {
            let (tool, version) = (&installed.tool, &installed.version);
            let measured = outcome.as_ref().ok();
            let of = |value: fn(&Measured) -> Value| measured.map_or(Value::Null, value);
            let (class, name) = pair.class_and_name();
            records.push(vec![
                ("class", json!(class)),
                ("pair", json!(name)),
                ("old_bytes", json!(pair.old_size)),
                ("new_bytes", json!(pair.new_size)),
                ("old_sha256", json!(digests[0])),
                ("new_sha256", json!(digests[1])),
                ("tool", json!(tool.name)),
                ("version", json!(version)),
                ("setting", json!(tool.about)),
                ("patch_bytes", of(|measured| json!(measured.size))),
                ("make_seconds", of(|measured| rounded(measured.make.wall))),
                ("make_cpu_seconds", of(|measured| rounded(measured.make.processor))),
                ("make_peak_bytes", of(|measured| json!(measured.make.peak))),
                ("restore_seconds", of(|measured| rounded(measured.restore.wall))),
                ("restore_cpu_seconds", of(|measured| rounded(measured.restore.processor))),
                ("restore_peak_bytes", of(|measured| json!(measured.restore.peak))),
                ("ram_bytes", of(|measured| json!(measured.memory()))),
                ("ram_kind", json!(tool.memory.kind().0)),
                ("needs_os", of(|measured| json!(measured.container.is_some()))),
                ("failed", json!(outcome.as_ref().err())),
            ]);
        }
    }
    records
}

/// Seconds to the ten-thousandth.
fn rounded(seconds: f64) -> Value {
    json!((seconds * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::samples;

    #[test]
    fn every_record_has_every_field_and_failures_their_reason() {
        let results = samples::results();
        let file = csv(&results);
        let count = 3 * results.tools.len();
        assert_eq!(file.lines().count(), 1 + count);
        let (failed, good): (Vec<&str>, Vec<&str>) = file.lines().partition(|line| line.contains("it said"));
        assert!(failed[0].ends_with("\"making: it said \"\"<no>\"\", twice\""), "{failed:?}");
        assert!(
            good.iter()
                .all(|line| line.split(',').count() == good[0].split(',').count() || line.contains('"'))
        );
        let value: Value = serde_json::from_str(&json(&results)).unwrap();
        let records = value["results"].as_array().unwrap();
        let failed: Vec<&Value> = records.iter().filter(|record| record["failed"].is_string()).collect();
        assert_eq!((records.len(), failed.len()), (count, 1));
        assert_eq!((&failed[0]["pair"], &failed[0]["patch_bytes"]), (&json!("two"), &Value::Null));
    }
}
