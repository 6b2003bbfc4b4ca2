//! Texts of records, Intel HEX and S-records: how they are told from other files, and read line by line.

use super::digits::at_line;
use super::flat::Contents;
use super::lines::{Other, first_word, is_text, lines, narrowed, other};
use super::{Format, InputError, hex, srec};

/// Bytes at the beginning of a file that is no text in which records are sought.
const LOOKED_AT: usize = 64 << 10;
/// The longest line that is looked at: records have 255 bytes of data at most.
const LONGEST: usize = 600;
/// Digits of the shortest record of both formats.
const SHORTEST: usize = 9;

/// A format that consists of such lines.
pub(super) trait Records: Default {
    const FORMAT: Format;
    /// What a record begins with.
    const BEGIN: u8;
    /// What is said of a line that is a damaged record.
    const DAMAGED: &'static str;

    /// Whether a line is meant as a record, right or wrong.
    fn is_meant(line: &[u8]) -> bool;
    /// Whether a line is a record without any fault.
    fn is_record(line: &[u8]) -> bool;
    /// Whether what follows [`Self::BEGIN`] is a record but for its checksum.
    fn is_whole(rest: &[u8]) -> bool;
    /// Reads a line that is meant as a record, by way of a buffer for its bytes.
    fn take(&mut self, line: &[u8], bytes: &mut Vec<u8>) -> Result<(), String>;
    /// What the records hold, if they are complete.
    fn finish(self) -> Result<Contents<'static>, String>;
}

/// The format of a text of records, even if it is damaged: a text is never meant to be flashed.
pub(super) fn format_of(file: &[u8]) -> Option<Format> {
    let first = lines(&file[..file.len().min(LOOKED_AT)]).next();
    let first = first.and_then(|(_, line)| record_of(line));
    first.or_else(
        || if is_text(file) { in_text(file) } else { most_lines(&file[..file.len().min(LOOKED_AT)]) },
    )
}

/// The format of a text in UTF-16, which no tool reads.
pub(super) fn wide_format_of(file: &[u8]) -> Option<Format> {
    narrowed(file).and_then(|text| format_of(&text))
}

/// The error for a text in UTF-16.
pub(super) fn is_wide(format: Format) -> InputError {
    let reason = "the text is in UTF-16: save it as ASCII or UTF-8".to_owned();
    InputError::Structure { format, reason }
}

/// Reads a whole file.
pub(super) fn read<R: Records>(file: &[u8]) -> Result<Contents<'static>, InputError> {
    if narrowed(file).is_some() {
        return Err(is_wide(R::FORMAT));
    }
    let (mut reader, mut last, mut bytes) = (R::default(), 1, Vec::new());
    let (mut has_records, mut comments, mut first_comment) = (false, 0, 0);
    for (number, line) in lines(file) {
        last = number;
        let wrong = at_line(R::FORMAT, number);
        let is_record = R::is_meant(line);
        let remark = if is_record { line[first_word(line).len()..].trim_ascii() } else { line };
        if is_record {
            has_records = true;
            reader.take(line, &mut bytes).map_err(&wrong)?;
        }
        match other(remark, R::BEGIN, R::is_whole) {
            Other::Comment => {}
            Other::Damaged => return Err(wrong(R::DAMAGED.to_owned())),
            Other::Binary => return Err(wrong("there are bytes that no text has".to_owned())),
        }
        if !is_record {
            comments += 1;
            first_comment = if comments == 1 { number } else { first_comment };
        }
    }
    if !has_records {
        let reason = "not one of its lines is a record".to_owned();
        return Err(InputError::Structure { format: R::FORMAT, reason });
    }
    let mut contents = reader.finish().map_err(at_line(R::FORMAT, last))?;
    if comments > 0 {
        let are = if comments == 1 { "line is no record and was" } else { "lines are no records and were" };
        contents.notes.push(format!("{comments} {are} passed over, the first is line {first_comment}"));
    }
    Ok(contents)
}

/// Checks that a file which is of this format only by its contents is not a text with an example of it: more than half of
/// its lines are records, apart from those that begin as only remarks in such files do.
pub(super) fn check_share(format: Format, file: &[u8]) -> Result<(), InputError> {
    let is_meant = match format {
        Format::Hex => hex::Reader::is_meant,
        Format::Srec => srec::Reader::is_meant,
        _ => return Ok(()),
    };
    let (mut all, mut meant) = (0usize, 0usize);
    for (_, line) in lines(file).filter(|(_, line)| !line.starts_with(b";")) {
        all += 1;
        meant += usize::from(is_meant(line));
    }
    if 2 * meant > all {
        return Ok(());
    }
    let reason = format!(
        "{meant} of {all} lines are records: it may be a text with an example; if it is firmware, --input-format {} reads \
         it all the same",
        format.name()
    );
    Err(InputError::Structure { format, reason })
}

fn record_of(line: &[u8]) -> Option<Format> {
    if line.len() > LONGEST {
        return None;
    }
    let hex = hex::Reader::is_record(line).then_some(Format::Hex);
    hex.or_else(|| srec::Reader::is_record(line).then_some(Format::Srec))
}

/// One record among other lines of a text is enough: records have lengths and checksums.
fn in_text(file: &[u8]) -> Option<Format> {
    lines(file).find_map(|(_, line)| record_of(line)).or_else(|| most_lines(file))
}

/// The format that half of the lines are meant as, at least.
fn most_lines(file: &[u8]) -> Option<Format> {
    let (mut all, mut found) = (0, [(Format::Hex, 0), (Format::Srec, 0)]);
    for (_, line) in lines(file) {
        all += 1;
        found[0].1 += usize::from(resembles::<hex::Reader>(line));
        found[1].1 += usize::from(resembles::<srec::Reader>(line));
    }
    let most = found.into_iter().find(|(_, count)| 2 * count >= all && *count > 0);
    most.map(|(format, _)| format)
}

/// Whether a line looks like a record that may be damaged, or that quotes or the like stand before.
fn resembles<R: Records>(line: &[u8]) -> bool {
    let start = line.iter().position(|byte| *byte == R::BEGIN || byte.is_ascii_alphanumeric());
    let found = start.and_then(|start| line[start..].strip_prefix(&[R::BEGIN]));
    let Some(rest) = found else { return false };
    rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count() >= SHORTEST
}
