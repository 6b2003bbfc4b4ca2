//! The keys of files of options, by the tables of settings: each once, with values that are checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess};

use crate::escaped::Escaped;
use crate::settings::{Setting, Settings, ValueError};

/// Names of settings and their values as text, all of them checked; several values only where there may be many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<&'static str, Vec<String>>);

/// A key of a file.
pub(super) struct Key {
    name: &'static str,
    /// The rule for its values; absent if it is no setting.
    rule: Option<Rule>,
}

/// A rule for the values of a setting.
struct Rule {
    name: &'static str,
    is_switch: bool,
    /// No number is taken for it, as that loses zeros: 3.10 is 3.1.
    is_version: bool,
    /// Files may have a list in place of its commas.
    is_list: bool,
    many: bool,
    path: bool,
    check: Check,
}

/// What text is in.
pub(super) const QUOTED: &str = "in quotation marks, as in \"3.0\"";

type Check = Box<dyn Fn(&str) -> Result<(), ValueError>>;

impl Values {
    /// Sets what they say about `target`.
    pub(super) fn apply<T: Settings>(&self, target: &mut T) {
        for setting in T::SETTINGS {
            for value in self.of(setting.name) {
                // Values were checked when they were read.
                let _ = (setting.set)(target, value);
            }
        }
    }

    /// The values of a setting.
    pub(super) fn of(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Changes every path among them.
    pub(super) fn map_paths(&mut self, keys: &[Key], change: impl Fn(&str) -> String) {
        let is_path = |key: &&Key| key.rule.as_ref().is_some_and(|rule| rule.path);
        for key in keys.iter().filter(is_path) {
            self.0.get_mut(key.name).into_iter().flatten().for_each(|path| *path = change(path));
        }
    }
}

impl Key {
    /// A key that is no setting.
    pub(super) const fn other(name: &'static str) -> Self {
        Self { name, rule: None }
    }

    /// The settings of a table.
    pub(super) fn of<T: Settings>() -> impl Iterator<Item = Self> {
        T::SETTINGS.iter().map(|setting| Self { name: setting.name, rule: Some(Rule::of(setting)) })
    }
}

impl Rule {
    fn of<T: Settings>(setting: &'static Setting<T>) -> Self {
        let &Setting { name, value, many, path, .. } = setting;
        let (is_version, is_list) =
            (value == Some("VERSION"), value.is_some_and(|name| name.ends_with(",...")));
        let check = Box::new(|text: &str| setting.check(text));
        Self { name, is_switch: value.is_none(), is_version, is_list, many, path, check }
    }
}

/// Reads all keys of a file or table; `other` reads the value of one that is no setting.
pub(super) fn read_keys<'de, A: MapAccess<'de>>(
    map: &mut A,
    keys: fn() -> Vec<Key>,
    mut other: impl FnMut(&'static str, &mut A) -> Result<(), A::Error>,
) -> Result<Values, A::Error> {
    let (mut values, mut seen) = (Values::default(), Vec::new());
    while let Some(Key { name, rule }) = map.next_key_seed(Among(keys()))? {
        if seen.contains(&name) {
            return Err(A::Error::duplicate_field(name));
        }
        seen.push(name);
        match rule {
            Some(rule) => values.0.extend(map.next_value_seed(rule)?.map(|texts| (name, texts))),
            None => other(name, map)?,
        }
    }
    Ok(values)
}

/// Reads one of these keys.
struct Among(Vec<Key>);

impl<'de> DeserializeSeed<'de> for Among {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Key, D::Error> {
        let text = String::deserialize(deserializer)?;
        match self.0.iter().position(|key| key.name == text) {
            Some(index) => Ok(self.0.swap_remove(index)),
            None => {
                let names = self.0.iter().map(|key| key.name).collect::<Vec<_>>().join(", ");
                let text = Escaped(text);
                Err(D::Error::custom(format!("unknown key `{text}`, expected one of {names}")))
            }
        }
    }
}

/// Reads the value of a setting as text, and checks it; `null` is no value.
impl<'de> DeserializeSeed<'de> for Rule {
    type Value = Option<Vec<String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Switch(bool),
            Number(u64),
            Fraction(f64),
            Text(String),
            Range([u64; 2]),
            Texts(Vec<String>),
            Other(IgnoredAny),
        }

        let name = self.name;
        let wrong = |error: String| D::Error::custom(format!("{name}: {}", error.trim_end()));
        // Others say what they take.
        let takes_any = (self.check)("3.0").is_ok();
        let texts = match Option::deserialize(deserializer).map_err(|error| wrong(error.to_string()))? {
            None => return Ok(None),
            Some(Written::Switch(switch)) if self.is_switch => vec![switch.to_string()],
            Some(Written::Number(number)) if !self.is_version => vec![number.to_string()],
            Some(Written::Fraction(number)) if !takes_any => vec![number.to_string()],
            Some(Written::Text(text)) => vec![text],
            Some(Written::Range([start, end])) if !takes_any => vec![format!("{start:#x}..{end:#x}")],
            Some(Written::Texts(texts)) if self.many => texts,
            Some(Written::Texts(texts)) if self.is_list && !texts.is_empty() => vec![texts.join(",")],
            Some(Written::Switch(_) | Written::Range(_) | Written::Texts(_) | Written::Other(_))
                if !self.is_version =>
            {
                let expected = if self.is_switch {
                    "true or false"
                } else if self.many || self.is_list {
                    "text or a list of texts"
                } else {
                    "text or a number"
                };
                return Err(wrong(format!("expected {expected}")));
            }
            Some(_) => return Err(wrong(format!("expected text: put it {QUOTED}"))),
        };
        texts.iter().try_for_each(|text| (self.check)(text)).map_err(|error| wrong(error.to_string()))?;
        Ok(Some(texts))
    }
}
