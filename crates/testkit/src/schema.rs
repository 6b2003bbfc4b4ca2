//! Checks JSON against schemas: the part of JSON Schema (draft 2020-12) that ours use, and stricter than the standard.
//!
//! A keyword that is not known here is an error, so that no rule is silently left out; and so is a member that the schema
//! does not name, even where the schema admits more, so that no member is undocumented.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::Value;

/// A schema and those that are embedded in it.
#[derive(Debug)]
pub struct Schema {
    /// The documents, by their `$id`.
    documents: BTreeMap<String, Value>,
    start: String,
    /// The members that were found in checked values, as `document: place`.
    seen: RefCell<BTreeSet<String>>,
}

/// Where the check is: the document and the place in it, for references and messages.
#[derive(Clone, Copy)]
struct Rule<'s> {
    document: &'s str,
    place: &'s str,
    rule: &'s Value,
}

/// The names of members that a rule has something to say about, or what is wrong.
type Checked<'s> = Result<BTreeSet<&'s str>, String>;

/// Keywords without a rule.
const NOTES: [&str; 5] = ["$schema", "$id", "$defs", "title", "description"];

impl Schema {
    /// A schema document, with a `$id`.
    ///
    /// # Panics
    /// If it is not one.
    pub fn new(document: &Value) -> Self {
        let id = |document: &Value| document["$id"].as_str().map(str::to_owned);
        let start = id(document).expect("a schema has a $id");
        let embedded = document["$defs"].as_object().into_iter().flat_map(|all| all.values());
        let embedded = embedded.filter_map(|document| Some((id(document)?, document.clone())));
        let documents = embedded.chain([(start.clone(), document.clone())]).collect();
        Self { documents, start, seen: RefCell::default() }
    }

    /// Checks a value.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let rule = Rule { document: &self.start, place: "", rule: &self.documents[&self.start] };
        self.whole(value, rule, "value")
    }

    /// A value with all its members, none of which may be unknown.
    fn whole(&self, value: &Value, rule: Rule, at: &str) -> Result<(), String> {
        let known = self.rules(value, rule, at)?;
        let members = value.as_object().into_iter().flatten();
        match members.map(|(name, _)| name).find(|name| !known.contains(name.as_str())) {
            Some(name) => Err(format!("{at} has a member {name:?} that {} does not name", rule.document)),
            None => Ok(()),
        }
    }

    fn rules<'s>(&'s self, value: &Value, rule: Rule<'s>, at: &str) -> Checked<'s> {
        let mut known = BTreeSet::new();
        let keywords = rule.rule.as_object().ok_or_else(|| format!("{}: not a schema", rule.place))?;
        for (keyword, operand) in keywords {
            let inner = Rule { rule: operand, ..rule };
            known.append(&mut self.rule(value, keyword, inner, at)?);
        }
        Ok(known)
    }

    fn rule<'s>(&'s self, value: &Value, keyword: &str, rule: Rule<'s>, at: &str) -> Checked<'s> {
        let operand = rule.rule;
        let must = |is: bool| {
            if is { Ok(BTreeSet::new()) } else { Err(format!("{at}: {value} breaks {keyword}: {operand}")) }
        };
        let count = |length: Option<usize>| length.zip(operand.as_u64()).map(|(n, bound)| (n as u64, bound));
        let number = || value.as_f64().zip(operand.as_f64());
        let characters = value.as_str().map(|text| text.chars().count());
        match keyword {
            name if NOTES.contains(&name) => must(true),
            "$ref" => self.rules(value, self.referred(rule)?, at),
            "const" => must(value == operand),
            "enum" => must(operand.as_array().is_some_and(|all| all.contains(value))),
            "type" => must(is_of_type(value, operand)),
            "minimum" => must(number().is_none_or(|(n, bound)| n >= bound)),
            "maximum" => must(number().is_none_or(|(n, bound)| n <= bound)),
            "minLength" => must(count(characters).is_none_or(|(n, bound)| n >= bound)),
            "maxLength" => must(count(characters).is_none_or(|(n, bound)| n <= bound)),
            "maxItems" => must(count(value.as_array().map(Vec::len)).is_none_or(|(n, bound)| n <= bound)),
            "minItems" => must(count(value.as_array().map(Vec::len)).is_none_or(|(n, bound)| n >= bound)),
            "pattern" => {
                let pattern = Regex::new(operand.as_str().unwrap_or_default()).map_err(|e| e.to_string())?;
                must(value.as_str().is_none_or(|text| pattern.is_match(text)))
            }
            "required" => {
                let names: Vec<&str> =
                    operand.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                must(value.as_object().is_none_or(|all| names.iter().all(|name| all.contains_key(*name))))
            }
            "items" => {
                let mut items = value.as_array().into_iter().flatten().enumerate();
                items.try_for_each(|(n, item)| {
                    self.whole(
                        item,
                        Rule { place: &format!("{}[]", rule.place), ..rule },
                        &format!("{at}[{n}]"),
                    )
                })?;
                must(true)
            }
            "properties" => self.members(value, rule, at),
            // What is not named is an error anyway.
            "additionalProperties" => must(operand.is_boolean()),
            "allOf" => {
                let all = operand.as_array().into_iter().flatten();
                let all = all.map(|part| self.rules(value, Rule { rule: part, ..rule }, at));
                all.collect::<Result<Vec<_>, _>>().map(|all| all.into_iter().flatten().collect())
            }
            "oneOf" => {
                let all = operand.as_array().into_iter().flatten();
                let all = all.map(|part| self.rules(value, Rule { rule: part, ..rule }, at));
                let (good, bad): (Vec<_>, Vec<_>) = all.partition(Result::is_ok);
                match good.len() {
                    1 => good.into_iter().next().unwrap_or_else(|| must(false)),
                    0 => Err(format!("{at} is nothing of oneOf: {bad:?}")),
                    many => Err(format!("{at} is {many} of oneOf")),
                }
            }
            _ => Err(format!("{}: the keyword {keyword} is not known", rule.document)),
        }
    }

    fn members<'s>(&'s self, value: &Value, rule: Rule<'s>, at: &str) -> Checked<'s> {
        let mut known = BTreeSet::new();
        for (name, inner) in rule.rule.as_object().into_iter().flatten() {
            known.insert(name.as_str());
            let Some(member) = value.get(name) else { continue };
            let place = format!("{}.{name}", rule.place);
            self.whole(member, Rule { place: &place, rule: inner, ..rule }, &format!("{at}.{name}"))?;
            self.seen.borrow_mut().insert(format!("{}: {place}", rule.document));
        }
        Ok(known)
    }

    fn referred<'s>(&'s self, rule: Rule<'s>) -> Result<Rule<'s>, String> {
        let reference = rule.rule.as_str().unwrap_or_default();
        let missing = || format!("{}: {reference} leads nowhere", rule.document);
        let (document, place) = reference.split_once('#').unwrap_or((reference, ""));
        let folder = rule.document.rfind('/').map_or("", |end| &rule.document[..=end]);
        let document = match document {
            "" => rule.document.to_owned(),
            whole if whole.contains("://") => whole.to_owned(),
            beside => format!("{folder}{beside}"),
        };
        let (document, root) = self.documents.get_key_value(&document).ok_or_else(missing)?;
        let rule = root.pointer(place).ok_or_else(missing)?;
        let place = place.strip_prefix("/$defs/").unwrap_or_default();
        // Only names are of interest in what is referred to.
        Ok(Rule { document, place: &reference[reference.len() - place.len()..], rule })
    }
}

/// The members that these schemas name and that no checked value had.
pub fn unseen<'s>(schemas: impl IntoIterator<Item = &'s Schema>) -> Vec<String> {
    let (mut named, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for schema in schemas {
        schema.documents.iter().for_each(|(id, document)| list(document, id, "", &mut named));
        seen.append(&mut schema.seen.borrow_mut());
    }
    named.difference(&seen).cloned().collect()
}

fn is_of_type(value: &Value, operand: &Value) -> bool {
    let is = |name: &Value| match (name.as_str().unwrap_or_default(), value) {
        ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("string", Value::String(_)) => true,
        ("array", Value::Array(_)) | ("object", Value::Object(_)) | ("number", Value::Number(_)) => true,
        ("integer", Value::Number(number)) => !number.is_f64(),
        _ => false,
    };
    operand.as_array().map_or_else(|| is(operand), |all| all.iter().any(is))
}

/// All members that a schema names, as [`Schema`] notes those that it has seen.
fn list(rule: &Value, document: &str, place: &str, named: &mut BTreeSet<String>) {
    for (keyword, operand) in rule.as_object().into_iter().flatten() {
        match keyword.as_str() {
            "properties" => {
                for (name, inner) in operand.as_object().into_iter().flatten() {
                    let place = format!("{place}.{name}");
                    list(inner, document, &place, named);
                    named.insert(format!("{document}: {place}"));
                }
            }
            "items" => list(operand, document, &format!("{place}[]"), named),
            "allOf" | "oneOf" => {
                operand.as_array().into_iter().flatten().for_each(|part| list(part, document, place, named));
            }
            "$defs" => {
                let parts = operand.as_object().into_iter().flatten();
                // Embedded documents are listed by themselves.
                let own = parts.filter(|(_, part)| part.get("$id").is_none());
                own.for_each(|(name, part)| list(part, document, name, named));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        Schema::new(&json!({
            "$id": "https://example.com/a.json",
            "type": "object",
            "required": ["n"],
            "properties": {
                "n": { "type": "integer", "minimum": 0, "maximum": 9 },
                "text": { "$ref": "https://example.com/b.json#/$defs/text" },
                "other": { "$ref": "b.json#/$defs/text" },
                "list": { "type": "array", "items": { "oneOf": [{ "const": 1 }, { "$ref": "#/$defs/pair" }] } },
                "never": { "type": "null" }
            },
            "$defs": {
                "pair": { "type": "object", "properties": { "a": { "type": ["number", "null"] } } },
                "b": { "$id": "https://example.com/b.json", "$defs": { "text": { "type": "string", "pattern": "^[ab]+$" } } }
            }
        }))
    }

    #[test]
    fn good_values_pass_and_leave_what_they_did_not_have() {
        let schema = schema();
        schema
            .check(&json!({ "n": 3, "text": "ab", "other": "b", "list": [1, { "a": 0.5 }, { "a": null }] }))
            .unwrap();
        assert_eq!(unseen([&schema]), ["https://example.com/a.json: .never"]);
    }

    #[test]
    fn each_fault_is_found() {
        for (value, said) in [
            (json!([]), "type"),
            (json!({}), "required"),
            (json!({ "n": 10 }), "maximum"),
            (json!({ "n": 0.5 }), "type"),
            (json!({ "n": 1, "text": "c" }), "pattern"),
            (json!({ "n": 1, "more": 1 }), "a member \"more\" that"),
            (json!({ "n": 1, "list": [2] }), "nothing of oneOf"),
            (json!({ "n": 1, "list": [{ "b": 1 }] }), "a member \"b\" that"),
        ] {
            let fault = schema().check(&value).unwrap_err();
            assert!(fault.contains(said), "{value}: {fault}");
        }
    }

    #[test]
    fn a_rule_that_is_not_known_is_a_fault() {
        let id = "https://example.com/a.json";
        for rule in [json!({ "$id": id, "contains": {} }), json!({ "$id": id, "$ref": "#/$defs/none" })] {
            assert!(Schema::new(&rule).check(&json!(1)).is_err());
        }
    }
}
