//! The members of an archive, and the choice of one.

use std::collections::HashMap;

use super::PayloadError;
use crate::escaped::Escaped;

/// The most members that are read: more than any firmware has, and not more memory than an image.
const LIMIT: usize = 1 << 20;
/// Names that errors list.
const LISTED: usize = 8;

/// What an archive has under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member<T> {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Where its contents are.
    pub(super) contents: T,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    /// Something else, with an article.
    Other(String),
}

/// The member that is named, or the only file. Of several with one name the last counts: tar and zip append newer ones.
pub(super) fn choose<T>(
    mut members: Vec<Member<T>>,
    wanted: Option<&str>,
) -> Result<Member<T>, PayloadError> {
    let mut newest = HashMap::new();
    for (index, member) in members.iter().enumerate() {
        newest.insert(plain(&member.name), index);
    }
    let chosen = match wanted {
        Some(wanted) => newest.get(&plain(wanted)).copied(),
        None => None,
    };
    let mut files: Vec<usize> =
        newest.into_values().filter(|&index| members[index].kind == Kind::File).collect();
    files.sort_unstable();
    let listed = || {
        let names = files.iter().take(LISTED).map(|&index| Escaped(&members[index].name).to_string());
        let more = (files.len() > LISTED).then(|| "...".to_owned());
        names.chain(more).collect::<Vec<_>>().join(", ")
    };
    let index = match (wanted, chosen, &files[..]) {
        (Some(_), Some(index), _) | (None, _, &[index]) => index,
        (_, _, []) => return Err(PayloadError::NoFiles),
        (Some(name), None, _) => {
            return Err(PayloadError::NoEntry { name: name.to_owned(), entries: listed() });
        }
        (None, ..) => return Err(PayloadError::WhichEntry { count: files.len(), entries: listed() }),
    };
    let member = members.swap_remove(index);
    match member.kind {
        Kind::File => Ok(member),
        Kind::Other(what) => Err(PayloadError::NoFile { name: member.name, what }),
    }
}

/// Refuses more members than are read.
pub(super) fn check_count(count: usize) -> Result<(), PayloadError> {
    if count > LIMIT { Err(PayloadError::TooManyEntries { limit: LIMIT }) } else { Ok(()) }
}

/// A name as it is extracted: without `./` and doubled slashes, below the folder that it is extracted to.
pub(super) fn plain(name: &str) -> String {
    name.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/")
}

/// The text of a name, of which no two are the same: one that is not UTF-8 is taken for Latin-1.
pub(super) fn text(name: &[u8]) -> String {
    str::from_utf8(name).map_or_else(|_| name.iter().copied().map(char::from).collect(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], wanted: Option<&str>) -> Result<usize, PayloadError> {
        let member = |(contents, &name): (usize, &&str)| {
            let kind = if name.ends_with('/') { Kind::Other("a folder".to_owned()) } else { Kind::File };
            Member { name: name.to_owned(), kind, contents }
        };
        choose(names.iter().enumerate().map(member).collect(), wanted).map(|member| member.contents)
    }

    #[test]
    fn files_are_named_or_alone() {
        let error = chosen(&["a", "b"], None).unwrap_err().to_string();
        assert!(error.contains("2 files") && error.contains("a, b"), "{error}");
        assert_eq!(chosen(&["./dir/a", "b"], Some("dir/a")), Ok(0));
        assert_eq!(chosen(&["dir/", "a"], None), Ok(1));
        assert_eq!(chosen(&["dir/"], None), Err(PayloadError::NoFiles));
        assert_eq!(chosen(&[], Some("x")), Err(PayloadError::NoFiles));
        let error = chosen(&["a"], Some("c\x1b")).unwrap_err().to_string();
        assert!(error.contains("no entry \"c\\u001b\"; there are: a"), "{error}");
        let error = chosen(&["a", "dir/"], Some("dir")).unwrap_err().to_string();
        assert!(error.contains("\"dir/\" is a folder, and no file"), "{error}");
    }

    #[test]
    fn the_last_of_a_name_counts_however_it_is_written() {
        for other in ["a/b", "./a/b", "/a/b", "a//b", "a/./b", ".//a/b"] {
            assert_eq!(chosen(&["a/b", "c", other], Some("a/b")), Ok(2), "{other}");
            assert_eq!(chosen(&["a/b", other], None), Ok(1), "{other}");
            assert_eq!(chosen(&["x", "a/b"], Some(other)), Ok(1), "{other}");
        }
        assert_eq!(
            chosen(&["a", "a/"], Some("a")).unwrap_err().to_string(),
            "the entry \"a/\" is a folder, and no file"
        );
        assert_eq!(chosen(&["a/../b", "b"], Some("b")), Ok(1));
    }

    #[test]
    fn lists_are_short() {
        let names: Vec<String> = (0..100).map(|number| format!("{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let error = chosen(&names, None).unwrap_err().to_string();
        assert!(error.ends_with("one of them: 0, 1, 2, 3, 4, 5, 6, 7, ..."), "{error}");
    }

    #[test]
    fn names_in_other_encodings_stay_different() {
        assert_eq!(text("für".as_bytes()), "für");
        assert_eq!(text(b"f\xFCr"), "für");
        assert_ne!(text(b"\x81"), text(b"\x82"));
    }
}
