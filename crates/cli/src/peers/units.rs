//! How reports write numbers.

/// A time.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    if seconds < 0.995 { significant(seconds * 1e3, "ms") } else { significant(seconds, "s") }
}

/// An amount of memory in the unit that fits it.
#[must_use]
pub fn memory(bytes: f64) -> String {
    let mut value = bytes;
    for unit in ["B", "KiB", "MiB"] {
        if value < 1024.0 {
            return significant(value, unit);
        }
        value /= 1024.0;
    }
    significant(value, "GiB")
}

/// A fraction in percent.
#[must_use]
pub fn percent(fraction: f64) -> String {
    significant(fraction * 100.0, "%")
}

/// A number with commas between thousands.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or(""));
    groups.collect::<Vec<_>>().join(",")
}

/// Three significant digits, or all before the point; zeros at the end say nothing.
fn significant(value: f64, unit: &str) -> String {
    let digits = (2 - value.max(1e-3).log10().floor() as i32).clamp(0, 5) as usize;
    let text = format!("{value:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(
            [0.0042, 0.25, 1.5, 12.34, 600.0].map(seconds),
            ["4.2 ms", "250 ms", "1.5 s", "12.3 s", "600 s"]
        );
        assert_eq!([300.0, 16384.0, 1.5 * 1048576.0].map(memory), ["300 B", "16 KiB", "1.5 MiB"]);
        assert_eq!([0.5, 0.02, 0.0001].map(percent), ["50 %", "2 %", "0.01 %"]);
        assert_eq!([0, 999, 1_234_567].map(thousands), ["0", "999", "1,234,567"]);
    }
}
