//! How the report writes numbers.

/// A number with commas between thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time with two or three significant digits.
pub(crate) fn seconds(seconds: f64) -> String {
    if seconds >= 99.5 {
        format!("{seconds:.0} s")
    } else if seconds >= 9.95 {
        format!("{seconds:.1} s")
    } else if seconds >= 0.995 {
        format!("{seconds:.2} s")
    } else if seconds >= 0.0095 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{:.1} ms", seconds * 1e3)
    }
}

/// An amount of memory in the unit that fits it.
pub(crate) fn memory(bytes: f64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, shift)) = units.into_iter().find(|(_, shift)| bytes >= f64::from(1u32 << shift)) else {
        return format!("{bytes:.0} B");
    };
    let value = bytes / f64::from(1u32 << shift);
    if value < 9.95 && value.fract() >= 0.05 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

/// A fraction in percent, with two significant digits at least.
pub(crate) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent >= 9.95 {
        format!("{percent:.1} %")
    } else if percent >= 0.0995 {
        format!("{percent:.2} %")
    } else {
        format!("{percent:.3} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0042, 0.25, 1.5, 12.34, 600.0].map(seconds),
            ["4.2 ms", "250 ms", "1.50 s", "12.3 s", "600 s"]
        );
        assert_eq!([300.0, 16384.0, 1.5 * 1048576.0].map(memory), ["300 B", "16 KiB", "1.5 MiB"]);
        assert_eq!([0.5, 0.0202, 0.0001].map(percent), ["50.0 %", "2.02 %", "0.010 %"]);
    }
}
