//! Which tools and pairs a report is about.

use std::fs;
use std::path::Path;

use super::arguments::ReportArguments;
use super::corpus::{self, Pair};
use super::tool::Tool;
use super::tools;

/// The tools that these names or beginnings of names mean; all if there are none.
pub(crate) fn chosen_tools(names: &[String]) -> Result<Vec<Tool>, String> {
    let all = tools::all();
    if let Some(name) = names.iter().find(|name| !all.iter().any(|tool| tool.name.starts_with(name.as_str())))
    {
        let known: Vec<&str> = all.iter().map(|tool| tool.name).collect();
        return Err(format!("\"{name}\": no such tool; there are {}", known.join(", ")));
    }
    // A whole name means that tool alone: "bsdiff" is not "bsdiff-crate".
    let means = |name: &String, tool: &Tool| {
        let whole = all.iter().any(|other| other.name == name);
        if whole { tool.name == name } else { tool.name.starts_with(name.as_str()) }
    };
    let chosen = |tool: &&Tool| names.is_empty() || names.iter().any(|name| means(name, tool));
    Ok(all.iter().filter(chosen).copied().collect())
}

/// The pairs of the corpus that are wanted; an error is for the user to read.
pub(crate) fn chosen_pairs(arguments: &ReportArguments) -> Result<Vec<Pair>, String> {
    let folder = arguments.corpus.as_deref().unwrap_or(Path::new("."));
    // In full, as a tool would take a path that begins with a dash for an option.
    let pairs = fs::canonicalize(folder).and_then(|folder| corpus::pairs(&folder));
    let mut pairs = pairs.map_err(|error| format!("{}: {error}", folder.display()))?;
    if pairs.is_empty() {
        return Err(format!("{}: no directory in it has a file old* and a file new*", folder.display()));
    }
    let wanted = |pair: &Pair| {
        let size = pair.old_size.max(pair.new_size);
        let named = arguments.pairs.is_empty() || arguments.pairs.iter().any(|text| pair.name.contains(text));
        named && arguments.max_size.is_none_or(|limit| size <= limit)
    };
    pairs.retain(wanted);
    if pairs.is_empty() { Err("no pair is left: see --pairs and --max-size".to_owned()) } else { Ok(pairs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_means_one_tool_and_a_beginning_many() {
        let names = |text: &str| -> Vec<&str> {
            let tools = chosen_tools(&[text.to_owned()]).unwrap();
            tools.iter().map(|tool| tool.name).collect()
        };
        assert_eq!(names("bsdiff"), ["bsdiff"]);
        assert!(names("smidgen").len() > 3);
        assert!(chosen_tools(&["gdiff".to_owned()]).is_err());
    }
}
