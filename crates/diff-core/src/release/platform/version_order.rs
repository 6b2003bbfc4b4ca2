//! The order of versions: numbers in them by their value, so that 1.10 comes after 1.9, and 2.0-rc1 before 2.0.

use std::cmp::Ordering;

/// Compares versions piece by piece: runs of digits as numbers, everything else as bytes.
///
/// What follows the first hyphen is a pre-release, as in Semantic Versioning: 2.0-rc1 comes before 2.0, and both before
/// 2.0.1. Otherwise a version comes before one that begins with it: 2.0 before 2.0.0.
///
/// It is a total order: versions of equal value, such as 1.0 and 1.00, are in the order of their bytes.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let (Some(&x), Some(&y)) = (left.first(), right.first()) {
        let both = x.is_ascii_digit() && y.is_ascii_digit();
        let (first, second) = if both { (digits(left), digits(right)) } else { (1, 1) };
        let ordering = if both { by_value(&left[..first], &right[..second]) } else { x.cmp(&y) };
        if ordering != Ordering::Equal {
            return ordering;
        }
        (left, right) = (&left[first..], &right[second..]);
    }
    // One of them is at its end.
    let ended = left.len().cmp(&right.len());
    let (longer, rest) = if ended == Ordering::Less { (b, right) } else { (a, left) };
    let before = &longer[..longer.len() - rest.len()];
    let is_pre_release = rest.first() == Some(&b'-') && !before.contains('-');
    if is_pre_release { ended.reverse() } else { ended }.then_with(|| a.cmp(b))
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Numbers of any length.
fn by_value(a: &[u8], b: &[u8]) -> Ordering {
    let zeros = |digits: &[u8]| digits.iter().take_while(|&&digit| digit == b'0').count();
    let (a, b) = (&a[zeros(a)..], &b[zeros(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_count_by_value() {
        let sorted = ",1.0,1.00,1.0.1,1.2,1.9,1.10,2-beta1,2-beta2,2-beta10,2,2.0-rc1,2.0-rc1-2,2.0-rc1.1,2.0-rc2,2.0,\
                      2.0.0-alpha,2.0.0,2.0.1,10,a2,a10";
        for (index, version) in sorted.split(',').enumerate() {
            for (other_index, other) in sorted.split(',').enumerate() {
                assert_eq!(compare(version, other), index.cmp(&other_index), "{version} and {other}");
            }
        }
    }

    /// The example of Semantic Versioning 2.0.0, section 11.
    #[test]
    fn pre_releases_come_before_their_release() {
        let sorted = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 \
                      2.0.0 2.1.0 2.1.1";
        assert!(sorted.split(' ').is_sorted_by(|a, b| compare(a, b) == Ordering::Less));
    }

    #[test]
    fn numbers_may_be_longer_than_any_integer() {
        assert_eq!(compare("99999999999999999999998", "99999999999999999999999"), Ordering::Less);
        assert_eq!(compare("9", "10000000000000000000000"), Ordering::Less);
    }

    proptest! {
        #[test]
        fn it_is_a_total_order(a in "[01.a-]{0,6}", b in "[01.a-]{0,6}", c in "[01.a-]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b) == Ordering::Less && compare(&b, &c) == Ordering::Less {
                prop_assert_eq!(compare(&a, &c), Ordering::Less);
            }
        }
    }
}
