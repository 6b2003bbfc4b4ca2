//! The results as comma-separated values: a line for each pair and tool, in plain units.

use super::results::{Measured, Outcome, Results};

const HEAD: &str = "class,pair,old_bytes,new_bytes,tool,version,status,patch_bytes,make_seconds,make_cpu_seconds,\
                    make_peak_bytes,restore_seconds,restore_cpu_seconds,restore_peak_bytes,ram_bytes,ram_kind,reason";

/// The whole file.
pub(crate) fn file(results: &Results) -> String {
    let mut text = format!("{HEAD}\n");
    for (pair, tool, outcome) in &results.rows {
        let (pair, probed) = (&results.pairs[*pair], &results.tools[*tool]);
        let mut fields = vec![pair.class().to_owned(), pair.short_name().to_owned()];
        fields.extend([pair.old_size, pair.new_size].map(|size| size.to_string()));
        fields.extend([probed.tool.name.to_owned(), probed.version.clone().unwrap_or_default()]);
        match outcome {
            Outcome::Restored(measured) => {
                fields.push("restored".to_owned());
                fields.extend(numbers(measured));
                fields.extend([probed.tool.memory.kind().to_owned(), String::new()]);
            }
            Outcome::Failed(why) => {
                fields.push("failed".to_owned());
                fields.extend(vec![String::new(); 9]);
                fields.push(why.clone());
            }
        }
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        text += &fields.join(",");
        text.push('\n');
    }
    text
}

fn numbers(measured: &Measured) -> [String; 8] {
    let Measured { size, make, restore, memory } = measured;
    let seconds = |seconds: f64| format!("{seconds:.4}");
    [
        size.to_string(),
        seconds(make.wall),
        seconds(make.processor),
        make.peak.to_string(),
        seconds(restore.wall),
        seconds(restore.processor),
        restore.peak.to_string(),
        memory.to_string(),
    ]
}

/// A field as RFC 4180 wants it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::results::samples;

    #[test]
    fn every_line_has_as_many_fields_as_the_head() {
        let file = file(&samples::results());
        let count = HEAD.split(',').count();
        for line in file.lines() {
            assert_eq!(line.split(',').count(), count, "{line}");
        }
        assert_eq!(file.lines().count(), 1 + samples::results().rows.len());
    }

    #[test]
    fn what_would_break_a_line_is_quoted() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
