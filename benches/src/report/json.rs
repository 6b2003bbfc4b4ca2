//! The results as one JSON object, for programs.

use serde_json::{Value, json};

use super::measure::Cost;
use super::results::{Outcome, Results};

/// Everything, in lines.
pub(crate) fn whole(results: &Results) -> String {
    let conditions = &results.conditions;
    let value = json!({
        "conditions": {
            "system": conditions.system,
            "cores": conditions.cores,
            "jobs": conditions.jobs,
            "threads": conditions.threads,
            "repeat": conditions.repeat,
        },
        "tools": results.tools.iter().map(|probed| json!({
            "name": probed.tool.name,
            "version": probed.version,
            "setting": probed.tool.about,
            "ram": probed.tool.memory.kind(),
        })).collect::<Vec<_>>(),
        "results": results.rows.iter().map(|(pair, tool, outcome)| row(results, *pair, *tool, outcome)).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn row(results: &Results, pair: usize, tool: usize, outcome: &Outcome) -> Value {
    let (pair, tool) = (&results.pairs[pair], &results.tools[tool].tool);
    let mut row = json!({
        "class": pair.class(),
        "pair": pair.short_name(),
        "old_bytes": pair.old_size,
        "new_bytes": pair.new_size,
        "tool": tool.name,
    });
    match outcome {
        Outcome::Restored(measured) => {
            row["patch_bytes"] = json!(measured.size);
            row["make"] = cost(&measured.make);
            row["restore"] = cost(&measured.restore);
            row["ram_bytes"] = json!(measured.memory);
        }
        Outcome::Failed(why) => row["failed"] = json!(why),
    }
    row
}

fn cost(cost: &Cost) -> Value {
    json!({ "seconds": cost.wall, "cpu_seconds": cost.processor, "peak_bytes": cost.peak })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::results::samples;

    #[test]
    fn failures_are_told() {
        let value: Value = serde_json::from_str(&whole(&samples::results())).unwrap();
        let failed: Vec<&Value> =
            value["results"].as_array().unwrap().iter().filter(|row| row["failed"].is_string()).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0]["pair"], "two");
    }
}
