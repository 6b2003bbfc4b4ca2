//! Maps as lld writes them with `-Map`: a table, whose last column is indented for parts and further for symbols.

use super::{Map, Output, hex, word};

/// The headings of the table.
const HEADING: [&[u8]; 7] = [b"VMA", b"LMA", b"Size", b"Align", b"Out", b"In", b"Symbol"];
/// Blanks before what is in the columns `In` and `Symbol`.
const PART: usize = 8;
const SYMBOL: usize = 16;

/// A line: where its contents run and are flashed, their size, the blanks before the name, and the name.
struct Line<'a> {
    address: u64,
    load: u64,
    size: u64,
    indent: usize,
    name: &'a [u8],
}

/// The map of these lines; nothing if they are none of lld.
pub(super) fn read<'a>(mut lines: impl Iterator<Item = &'a [u8]>) -> Option<Map<'a>> {
    lines.find(|line| line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).eq(HEADING))?;
    let mut map = Map::default();
    // Functions of Thumb have odd addresses. In each part, what follows such a mark of the assembler is Thumb.
    let mut is_thumb = false;
    for Line { address, load, size, indent, name } in lines.filter_map(line) {
        match (indent, part(name)) {
            // Assignments of the script are listed like what they stand between.
            (0, _) if !name.contains(&b' ') => map.output(Output { name, address, size, load }),
            (PART, Some((path, section))) => {
                is_thumb = false;
                map.part(section, path, address, size);
            }
            (SYMBOL, _) if name.starts_with(b"$") => is_thumb = name.starts_with(b"$t"),
            (SYMBOL, _) => map.symbol(address & !u64::from(is_thumb), without_hash(name)),
            _ => {}
        }
    }
    Some(map)
}

fn line(line: &[u8]) -> Option<Line<'_>> {
    let (address, rest) = word(line);
    let (load, rest) = word(rest);
    let (size, rest) = word(rest);
    let align = rest.iter().position(|&byte| byte == b' ')?;
    let name = rest[align + 1..].trim_ascii_start();
    let indent = rest.len() - align - 1 - name.len();
    Some(Line { address: hex(address)?, load: hex(load)?, size: hex(size)?, indent, name })
}

/// The path of an object file and the name of its section, as in `lib.a(main.o):(.text.main)`.
fn part(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = name.strip_suffix(b")")?;
    let at = name.windows(2).rposition(|window| window == b":(")?;
    Some((&name[..at], &name[at + 2..]))
}

/// Names are demangled, but of Rust's the hash is left.
fn without_hash(name: &[u8]) -> &[u8] {
    let Some((path, hash)) = name.len().checked_sub(19).map(|at| name.split_at(at)) else { return name };
    match hash.strip_prefix(b"::h") {
        Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => path,
        _ => name,
    }
}
