//! Text and numbers in HTML.

use std::fmt::Display;

use smidgen_diff::Escaped;

/// Text of strangers: no character of it is taken for HTML, or moves or reorders others.
pub(super) fn text(text: impl Display) -> String {
    let mut escaped = String::new();
    for character in Escaped(text).to_string().chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}

/// A number with a comma between thousands.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes of package, to a tenth.
pub(super) fn cost(cost: f64) -> String {
    let tenths = (cost.abs() * 10.0).round() as u64;
    let sign = if cost < 0.0 && tenths > 0 { "−" } else { "" };
    format!("{sign}{}.{}", number(tenths / 10), tenths % 10)
}

/// A part of a whole, in percent. Only all is 100, and only nothing 0.
pub(super) fn percent(part: f64, whole: f64) -> String {
    let permille = (1000.0 * part / whole).round();
    match permille {
        _ if whole <= 0.0 => "–".to_owned(),
        1000.0 if part < whole => "> 99.9 %".to_owned(),
        0.0 if part > 0.0 => "< 0.1 %".to_owned(),
        permille => format!("{:.1} %", permille.abs() / 10.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_html() {
        assert_eq!(
            text("</title><b a='\"'>&\u{202e}\n"),
            r"&lt;/title&gt;&lt;b a=&#39;&quot;&#39;&gt;&amp;\u202e\n"
        );
    }

    #[test]
    fn percentages_are_not_rounded_to_all_or_nothing() {
        let of = |part, whole| percent(part, whole);
        assert_eq!(
            [of(0.0, 5.0), of(5.0, 5.0), of(1.0, 3.0), of(0.0, 0.0)],
            ["0.0 %", "100.0 %", "33.3 %", "–"]
        );
        assert_eq!([of(99_999.0, 100_000.0), of(1.0, 100_000.0)], ["> 99.9 %", "< 0.1 %"]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.04, -0.01, -1.26, 1234.56].map(cost), ["0.0", "0.0", "0.0", "−1.3", "1,234.6"]);
    }
}
