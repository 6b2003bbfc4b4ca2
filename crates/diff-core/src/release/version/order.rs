//! The order of versions: the precedence of Semantic Versioning 2.0, with a leading `v` ignored (`docs/pipeline.md`).

use std::cmp::Ordering;

/// A version, taken apart.
///
/// A text that does not begin with a number, such as `main-3f2a`, is a *name*: it has no place among numbered versions,
/// no pre-release and no build metadata.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version<'a> {
    is_name: bool,
    /// The numbers with dots between them, of any number; of a name, all of it.
    core: &'a str,
    pre_release: Option<&'a str>,
    build: Option<&'a str>,
}

impl<'a> Version<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        if !rest.starts_with(|first: char| first.is_ascii_digit()) {
            return Self { is_name: true, core: text, pre_release: None, build: None };
        }
        let (rest, build) = split(rest, '+');
        let (core, pre_release) = split(rest, '-');
        Self { is_name: false, core, pre_release, build }
    }

    /// The first identifier of the pre-release: `beta` of 2.0.0-beta.1.
    pub(crate) fn channel(self) -> Option<&'a str> {
        self.pre_release.map(|identifiers| split(identifiers, '.').0)
    }

    /// Names before numbered versions; these by their numbers, where missing ones are 0; a pre-release before its release.
    /// Build metadata does not count.
    pub(crate) fn precedence(self, other: Self) -> Ordering {
        let (left, right) = (self.core, other.core);
        match (self.is_name, other.is_name) {
            (true, true) => natural(left, right),
            (false, false) => numbers(left, right)
                .then_with(|| self.pre_release.is_none().cmp(&other.pre_release.is_none()))
                .then_with(|| identifiers(self.pre_release, other.pre_release)),
            _ => other.is_name.cmp(&self.is_name),
        }
    }

    /// Whether both are one version, however they are written: v1.0 and 1.0.0 are, 1.0+5 and 1.0+6 are not.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self.precedence(other) == Ordering::Equal && self.build == other.build
    }
}

/// A total order: versions of equal precedence are in the order of their build metadata, then of their bytes. Spellings of
/// one version, such as 1.0 and 1.00, are neighbours.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (one, other) = (Version::of(a), Version::of(b));
    one.precedence(other).then_with(|| one.build.cmp(&other.build)).then_with(|| a.cmp(b))
}

/// Whether both are one version, however they are written: `v1.0` and `1.0.0` are.
#[must_use]
pub fn is_same(a: &str, b: &str) -> bool {
    Version::of(a).is_same(Version::of(b))
}

fn split(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn numbers(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let ordering = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => natural(one.unwrap_or("0"), other.unwrap_or("0")),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

/// The identifiers of pre-releases, as in section 11.4 of Semantic Versioning.
fn identifiers(a: Option<&str>, b: Option<&str>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return Ordering::Equal };
    let is_number = |text: &str| !text.is_empty() && digits(text.as_bytes()) == text.len();
    let pairs = a.split('.').zip(b.split('.')).map(|(one, other)| match (is_number(one), is_number(other)) {
        (true, true) => by_value(one.as_bytes(), other.as_bytes()),
        (false, false) => one.cmp(other),
        (one, other) => other.cmp(&one),
    });
    let lengths = a.split('.').count().cmp(&b.split('.').count());
    pairs.fold(Ordering::Equal, Ordering::then).then(lengths)
}

/// Runs of digits as numbers, everything else as bytes; a text before one that begins with it.
fn natural(a: &str, b: &str) -> Ordering {
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
    left.len().cmp(&right.len())
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

    fn precedence(a: &str, b: &str) -> Ordering {
        Version::of(a).precedence(Version::of(b))
    }

    /// The examples of Semantic Versioning 2.0.0, section 11, and what firmware adds to them.
    #[test]
    fn versions_have_the_precedence_of_semantic_versioning() {
        let sorted = "main-3f2a r9 r10 \
                      1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 \
                      1.0.1 1.2 1.9 1.10 1.10.0.1 2.0-5-gabc 2.0.0 2.0.0a 2.0.1-rc10 2.0.1-rc9 2.1.0 2.1.1 10";
        let sorted: Vec<&str> = sorted.split(' ').collect();
        for (index, version) in sorted.iter().enumerate() {
            for (other_index, other) in sorted.iter().enumerate() {
                assert_eq!(precedence(version, other), index.cmp(&other_index), "{version} and {other}");
            }
        }
    }

    #[test]
    fn one_version_has_several_spellings() {
        for (one, other) in
            [("2", "v2.0.0"), ("2.0.0", "02.00.00"), ("V1.9.0", "1.9"), ("1-rc.01", "1.0-rc.1")]
        {
            assert!(
                precedence(one, other) == Ordering::Equal && Version::of(one).is_same(Version::of(other))
            );
            assert_ne!(compare(one, other), Ordering::Equal, "{one} and {other}");
        }
        assert_eq!(precedence("1.0+5", "1.0.0+6"), Ordering::Equal);
        let mut spellings = ["1.0.0+5", "1.0+6", "1.0+5"];
        spellings.sort_by(|a, b| compare(a, b));
        assert_eq!(spellings, ["1.0+5", "1.0.0+5", "1.0+6"]);
        assert!(!Version::of("1.0+5").is_same(Version::of("1.0+6")));
        assert!(!Version::of("vmain").is_same(Version::of("main")));
    }

    #[test]
    fn the_channel_is_the_first_identifier_of_the_pre_release() {
        let channels =
            [("2.0-beta.1", Some("beta")), ("v2-rc1+5", Some("rc1")), ("2.0+5-beta", None), ("main-a", None)];
        for (version, channel) in channels {
            assert_eq!(Version::of(version).channel(), channel, "{version}");
        }
    }

    #[test]
    fn numbers_may_be_longer_than_any_integer() {
        assert_eq!(compare("99999999999999999999998", "99999999999999999999999"), Ordering::Less);
        assert_eq!(compare("9", "10000000000000000000000"), Ordering::Less);
    }

    proptest! {
        #[test]
        fn it_is_a_total_order(a in "v?[01.a+-]{0,6}", b in "v?[01.a+-]{0,6}", c in "v?[01.a+-]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            for order in [compare, precedence] {
                prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
                if order(&a, &b) != Ordering::Greater && order(&b, &c) != Ordering::Greater {
                    prop_assert_ne!(order(&a, &c), Ordering::Greater);
                }
            }
        }

        /// The rules of section 11 in the words of the standard, for versions that it allows.
        #[test]
        fn semantic_versions_are_as_the_standard_says(a in SEMANTIC, b in SEMANTIC) {
            prop_assert_eq!(precedence(&a, &b), standard(&a, &b), "{} and {}", a, b);
        }
    }

    const SEMANTIC: &str =
        r"[0-3]\.(0|1|10)\.[0-2](-(alpha|beta|rc|rc9|rc10|0|2|11|a-b)(\.(0|2|11|x|x2))?)?(\+[0-9a-z]{1,3})?";

    fn standard(a: &str, b: &str) -> Ordering {
        #[derive(PartialEq, Eq, PartialOrd, Ord)]
        enum Identifier {
            Number(u32),
            Text(String),
        }
        #[derive(PartialEq, Eq, PartialOrd, Ord)]
        enum Release {
            Before(Vec<Identifier>),
            Itself,
        }
        let key = |text: &str| {
            let text = text.split('+').next().unwrap().to_owned();
            let (core, pre) = text.split_once('-').map_or((&*text, None), |(core, pre)| (core, Some(pre)));
            let identifier = |text: &str| {
                text.parse().map_or_else(|_| Identifier::Text(text.to_owned()), Identifier::Number)
            };
            let release =
                pre.map_or(Release::Itself, |pre| Release::Before(pre.split('.').map(identifier).collect()));
            (core.split('.').map(|part| part.parse::<u32>().unwrap()).collect::<Vec<_>>(), release)
        };
        key(a).cmp(&key(b))
    }
}
