//! Lines of texts of records: what divides them, what is a comment, and what a file without any order of bytes is.

/// What editors put before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The same before a text in UTF-16.
const WIDE_MARKS: [[u8; 2]; 2] = [[0xFF, 0xFE], [0xFE, 0xFF]];
/// A file of fewer bytes is not called a text.
const SHORTEST_TEXT: usize = 16;
/// What CP/M and DOS end a text with.
const END_OF_TEXT: u8 = 0x1A;
/// Bytes of a text in UTF-16 that are looked at.
const LOOKED_AT: usize = 64 << 10;

/// How lines of comments begin, as tools write them.
const COMMENTS: [&[u8]; 9] = [b";", b"#", b"//", b"/*", b"*", b"--", b"%", b"!", b"'"];

/// A line that is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// A remark for people.
    Comment,
    /// A record that is damaged so that it does not begin as one.
    Damaged,
    /// Bytes that no text has.
    Binary,
}

/// The lines of a text that are not blank, without blanks around, with their numbers from 1. They end with CR, LF or both.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let filler = |byte: &u8| byte.is_ascii_whitespace() || [END_OF_TEXT, 0].contains(byte);
    let end = text.iter().rposition(|byte| !filler(byte)).map_or(0, |last| last + 1);
    let lines = text[..end].split(|&byte| byte == b'\n');
    let lines = lines.flat_map(|line| line.strip_suffix(b"\r").unwrap_or(line).split(|&byte| byte == b'\r'));
    (1..).zip(lines.map(<[u8]>::trim_ascii)).filter(|(_, line)| !line.is_empty())
}

/// A line up to the first blank: a record, before a remark in the same line.
pub(super) fn first_word(line: &[u8]) -> &[u8] {
    line.split(u8::is_ascii_whitespace).next().unwrap_or_default()
}

/// The hexadecimal digits that bytes begin with.
fn digits(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| !byte.is_ascii_hexdigit());
    &bytes[..end.unwrap_or(bytes.len())]
}

/// What a line is that does not begin as a record. `is_whole` tells of bytes whether they are a record apart from the
/// checksum, if `begin` comes before them.
pub(super) fn other(line: &[u8], begin: u8, is_whole: impl Fn(&[u8]) -> bool) -> Other {
    if !line.iter().all(|&byte| is_text_byte(byte)) {
        return Other::Binary;
    }
    let is_whole = |at: usize| line.get(at..).is_some_and(|rest| is_whole(digits(rest)));
    // A record whose first byte was lost, or became another one.
    if is_whole(0) || is_whole(1) {
        return Other::Damaged;
    }
    if COMMENTS.iter().any(|comment| line.starts_with(comment)) {
        return Other::Comment;
    }
    let mut inside = line.iter().enumerate().filter(|(_, byte)| **byte == begin);
    // The second half of a broken line, or a record that a mail program or a log put something before.
    let half = line.len() >= 10 && line.iter().all(u8::is_ascii_hexdigit);
    if half || inside.any(|(at, _)| is_whole(at + 1)) { Other::Damaged } else { Other::Comment }
}

/// Whether a file is a text of ASCII, UTF-8, or another code that ASCII is a part of.
pub(super) fn is_text(file: &[u8]) -> bool {
    let end = file.iter().rposition(|&byte| byte != END_OF_TEXT).map_or(0, |last| last + 1);
    end > 0 && file[..end].iter().all(|&byte| is_text_byte(byte))
}

/// Whether a file is a text for certain: it has lines, or begins as HTML and JSON do, which servers send without them. Serial
/// numbers, filling and tables of small numbers may have no other bytes than a text.
pub(super) fn is_certain_text(file: &[u8]) -> bool {
    let has_lines =
        |text: &[u8]| text.len() >= SHORTEST_TEXT && text.iter().any(|byte| b"\r\n".contains(byte));
    let is_page = file.len() >= SHORTEST_TEXT && matches!(file[0], b'<' | b'{');
    let is_one = is_text(file) && std::str::from_utf8(file).is_ok() && (is_page || has_lines(file));
    is_one || narrowed(file).is_some_and(|text| WIDE_MARKS.contains(&[file[0], file[1]]) || has_lines(&text))
}

/// The beginning of a text in UTF-16 with ASCII characters only, as ASCII.
pub(super) fn narrowed(file: &[u8]) -> Option<Vec<u8>> {
    let (mut units, rest) = file[..file.len().min(LOOKED_AT)].as_chunks::<2>();
    let low = match units.first()? {
        [0xFF, 0xFE] => 0,
        [0xFE, 0xFF] => 1,
        [0, _] => 1,
        [_, 0] => 0,
        _ => return None,
    };
    if WIDE_MARKS.contains(&units[0]) {
        units = &units[1..];
    }
    let is_ascii = |unit: &[u8; 2]| unit[1 - low] == 0 && unit[low].is_ascii() && is_text_byte(unit[low]);
    // Two bytes alone are no text.
    let is_one = units.len() >= 4 && rest.is_empty() && units.iter().all(is_ascii);
    is_one.then(|| units.iter().map(|unit| unit[low]).collect())
}

const fn is_text_byte(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' '..=b'~' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_count_but_are_not_there() {
        let found: Vec<_> = lines(b"\r\n a \r\n\n\tb\rc\r\r\nd\x1A\0\x1A\r\n").collect();
        assert_eq!(found, [(2, &b"a"[..]), (4, b"b"), (5, b"c"), (7, b"d")]);
        assert_eq!(lines(b"\xEF\xBB\xBFa\xEF\xBB\xBF").next(), Some((1, &b"a\xEF\xBB\xBF"[..])));
        assert_eq!(lines(b"").count() + lines(b"\x1A").count() + lines(b"\r\r\n").count(), 0);
    }

    #[test]
    fn comments_are_told_from_damaged_records() {
        let is_whole = |digits: &[u8]| digits == b"0123456789";
        let line = |line: &str| other(line.as_bytes(), b':', is_whole);
        for text in [
            "; device = mk3",
            "# 1",
            "// :0123456789",
            ";:0123456789",
            "Build 202401011230",
            "SHA:0123",
            "\u{e9}",
        ] {
            assert_eq!(line(text), Other::Comment, "{text}");
        }
        for text in [";0123456789", "0123456789 ; x", "> :0123456789", "\":0123456789 \"", "ABCDEF012345"] {
            assert_eq!(line(text), Other::Damaged, "{text}");
        }
        assert_eq!(line("; \0"), Other::Binary);
    }

    #[test]
    fn texts_have_no_control_characters() {
        assert!(
            is_text(b"a\r\n\tb\x0C\xFF\x1A\x1A") && !is_text(b"") && !is_text(b"\x1A") && !is_text(b"a\0")
        );
        assert!(is_certain_text("é: a line of text\n".as_bytes()));
        for table in [&b"abc"[..], b"abc\n", &[b'A'; 5000], b"\xE9: a line of text\n"] {
            assert!(!is_certain_text(table));
        }
        let wide = |text: &str, of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<_>>();
        for text in [
            wide("\u{FEFF}:000", u16::to_le_bytes),
            wide("\u{FEFF}:000", u16::to_be_bytes),
            wide(":000", u16::to_le_bytes),
        ] {
            assert_eq!(narrowed(&text).as_deref(), Some(&b":000"[..]));
            assert_eq!(is_certain_text(&text), !text.starts_with(b":"));
        }
        let table: Vec<u8> = (0x20..0x7Fu16).flat_map(u16::to_be_bytes).collect();
        assert!(!is_certain_text(&table) && is_certain_text(&wide("a line of a text\n", u16::to_be_bytes)));
        assert_eq!(narrowed(&wide(":\u{1}00", u16::to_le_bytes)), None);
        assert_eq!(narrowed(b"a\0"), None);
    }
}
