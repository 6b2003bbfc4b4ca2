//! Maps as GNU ld writes them with `-Map`.

use super::{Map, Output, hex, word};

/// What begins the list of sections.
const HEADING: &[u8] = b"Linker script and memory map";

/// Reads lines one by one. Names that are too long stand in a line of their own.
#[derive(Default)]
struct Parser<'a> {
    map: Map<'a>,
    /// The name in the line before, and whether it is that of an output section.
    pending: Option<(&'a [u8], bool)>,
}

/// The map of these lines; nothing if they are none of GNU ld.
pub(super) fn read<'a>(mut lines: impl Iterator<Item = &'a [u8]>) -> Option<Map<'a>> {
    lines.find(|line| *line == HEADING)?;
    let mut parser = Parser::default();
    lines.for_each(|line| parser.line(line));
    Some(parser.map)
}

impl<'a> Parser<'a> {
    fn line(&mut self, line: &'a [u8]) {
        let indent = line.iter().take_while(|&&byte| byte == b' ').count();
        let rest = &line[indent..];
        let (first, after) = word(rest);
        let pending = self.pending.take();
        if first.is_empty() {
            return;
        }
        if indent > 1 {
            let Some(address) = number(first) else { return };
            return match (number(word(after).0), pending) {
                (Some(size), Some((name, is_output))) => {
                    self.section(name, is_output, address, size, word(after).1);
                }
                _ => self.symbol(address, after),
            };
        }
        let is_output = indent == 0;
        let (address, behind) = word(after);
        let (size, behind) = word(behind);
        match (number(address), number(size)) {
            (Some(address), Some(size)) => self.section(first, is_output, address, size, behind),
            _ if after.is_empty() => self.pending = Some((first, is_output)),
            _ => {}
        }
    }

    fn section(&mut self, name: &'a [u8], is_output: bool, address: u64, size: u64, rest: &'a [u8]) {
        if is_output {
            let load = rest.strip_prefix(b"load address ").and_then(number).unwrap_or(address);
            return self.map.output(Output { name, address, size, load });
        }
        // `*fill*` and patterns of the script are no parts.
        let is_part = !name.starts_with(b"*") && !rest.is_empty();
        self.map.part(name, rest, address, if is_part { size } else { 0 });
    }

    fn symbol(&mut self, address: u64, name: &'a [u8]) {
        // Assignments of the script are listed like symbols.
        if !name.windows(3).any(|window| window == b" = ") && !name.starts_with(b"PROVIDE") {
            self.map.symbol(address, name);
        }
    }
}

fn number(word: &[u8]) -> Option<u64> {
    hex(word.strip_prefix(b"0x")?)
}
