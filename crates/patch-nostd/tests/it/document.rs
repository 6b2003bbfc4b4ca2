//! What `docs/format.md` says in tables is what the decoder does: fields, limits, memory, kinds, extensions.
//!
//! Headers are built here from the document's own tables, so that a row that is changed, moved or left out fails.

use smidgen_patch::header::{HEADER_LIMIT, IMAGE_LIMIT, MAX_WINDOWS, PREFIX_LENGTH, VERSION};
#[cfg(feature = "all-architectures")]
use smidgen_patch::header::{MAX_KINDS, PageKind};
#[cfg(feature = "all-architectures")]
use smidgen_patch::internals::wire::PAGE_LOG;
use smidgen_patch::internals::wire::{MAGIC, MOST_SIGNATURES, TEXT_LIMIT, crc32};
use smidgen_patch::{Error, ErrorClass, Header};
use testkit::FORMAT;

/// Number and name of codecs, as section 3.1 begins with them.
const CM: &str = "0 (`cm`)";
#[cfg(feature = "lite")]
const LITE: &str = "2 (`lite`)";

const PLATFORM: &str = include_str!("../../../../docs/platform.md");

/// The text of a section, without its subsections.
fn section(number: &str) -> &'static str {
    let mark = |line: &str| line.trim_start_matches('#').trim_start().starts_with(&format!("{number} "));
    let mut sections = FORMAT.split("\n#").skip(1);
    sections.find(|text| mark(text)).unwrap_or_else(|| panic!("section {number}"))
}

/// The cells of all rows of the section's tables, without the heads.
fn rows(number: &str) -> Vec<Vec<&'static str>> {
    rows_of(section(number))
}

/// The same of a part of the text.
fn rows_of(text: &'static str) -> Vec<Vec<&'static str>> {
    let table = text.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &'static str| line.trim_matches('|').split(" | ").map(str::trim).collect();
    let heads = |row: &Vec<&str>| {
        !["Field", "Tag", "Part", "Number", "Bit", "f", "Role k", "Cells", "Counters"].contains(&row[0])
    };
    table.filter(|line| !line.starts_with("| ---")).map(cells).filter(heads).collect()
}

/// The row that begins with this name.
fn row(number: &str, name: &str) -> Vec<&'static str> {
    rows(number).into_iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{number}: {name}"))
}

/// The rows of the parameters of the codec with this number and name.
fn parameters(codec: &str) -> Vec<Vec<&'static str>> {
    let parts = section("3.1").split("For codec ").skip(1);
    rows_of(parts.into_iter().find(|part| part.starts_with(codec)).unwrap_or_else(|| panic!("{codec}")))
}

/// A number as the document writes it: `1,000,000,000`, `2^14`, `0xFFFFFF`.
fn number(text: &str) -> u32 {
    let text = text.replace(',', "");
    if let Some((base, exponent)) = text.split_once('^') {
        return number(base).pow(number(exponent));
    }
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{text} is no number"))
}

/// The range that a text begins with, `low to high`, which may stand behind other words.
fn range(text: &str) -> (u32, u32) {
    let words: Vec<_> = text.split([' ', ':', ';']).collect();
    let to = words.iter().position(|word| *word == "to").unwrap_or_else(|| panic!("no range: {text}"));
    (number(words[to - 1]), number(words[to + 1].trim_end_matches(',')))
}

fn varint(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7F {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// What section 3.2 states under this name, of codec `cm` or `lite`.
fn fixed_ram(name: &str) -> u32 {
    let (_, rest) = section("3.2").split_once(&format!("`{name}` is ")).unwrap();
    number(rest.split(['.', ':']).next().unwrap())
}

/// What section 3.2 has a table of this name take for each entry.
fn ram_of_each(name: &str) -> u32 {
    let (before, _) = section("3.2").split_once(&format!(" * {name}")).unwrap();
    number(before.rsplit(' ').next().unwrap())
}

/// A header with what a test changes.
#[derive(Clone)]
struct Fields {
    flags: u8,
    base_size: u32,
    target_size: u32,
    /// Number and name, as section 3.1 has them.
    codec_name: &'static str,
    codec: [u32; 3],
    speeds: u8,
    rates: u8,
    block_log: u8,
    windows: Vec<(u32, u32)>,
    window_count: u8,
    kinds: Vec<u8>,
    extensions: Vec<u8>,
    signatures: Vec<u8>,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            flags: 0,
            base_size: 100,
            target_size: 200,
            codec_name: CM,
            codec: [7, 0, 0],
            speeds: 0x46,
            rates: 0x48,
            block_log: 5,
            windows: Vec::new(),
            window_count: 0,
            kinds: vec![0],
            extensions: Vec::new(),
            signatures: Vec::new(),
        }
    }
}

impl Fields {
    fn ram(&self) -> u32 {
        let [slots, landmarks, learned] = self.codec;
        let (fixed, slots) =
            if self.codec_name == CM { (fixed_ram("FIXED_RAM"), slots) } else { (fixed_ram("LITE_RAM"), 0) };
        let tables = landmarks
            .wrapping_mul(ram_of_each("landmarks"))
            .wrapping_add(learned.wrapping_mul(ram_of_each("learned")))
            .wrapping_add(slots.wrapping_mul(ram_of_each("slots")));
        fixed.wrapping_add(tables).max(HEADER_LIMIT as u32)
    }

    /// The bytes of a field with this name in the document; every field has bytes that no other one has.
    fn field(&self, name: &str) -> Vec<u8> {
        match name {
            "magic" => MAGIC.to_vec(),
            "version" => vec![VERSION],
            "codec" => vec![number(&self.codec_name[..1]) as u8],
            "flags" => vec![self.flags],
            "header length" => vec![0; 2],
            "base size" => varint(self.base_size),
            "target size" => varint(self.target_size),
            "base digest" if self.base_size == 0 => Vec::new(),
            "base digest" => vec![0xB1; 16],
            "target digest" => vec![0xB2; 32],
            "target MD5" if self.flags & 1 == 0 => Vec::new(),
            "target MD5" => vec![0xB3; 16],
            "RAM" => varint(self.ram()),
            "codec parameters" => {
                parameters(self.codec_name).into_iter().flat_map(|row| self.field(row[0])).collect()
            }
            "speeds" => vec![self.speeds],
            "slots" => varint(self.codec[0]),
            "landmarks" => varint(self.codec[1]),
            "learned" => varint(self.codec[2]),
            "rates" => vec![self.rates],
            "block log" => vec![self.block_log],
            "base address" => varint(0x0800_0000),
            "address high" => varint(0x55),
            "window count" => vec![self.window_count],
            "windows" => {
                let window = |&(start, length): &(u32, u32)| [varint(start), varint(length)].concat();
                self.windows.iter().flat_map(window).collect()
            }
            "kinds" => [vec![self.kinds.len() as u8], self.kinds.clone()].concat(),
            // A form of two bytes, whose operand is its eight low bits.
            "forms" if self.kinds.contains(&7) => vec![1, 1, 0, 0, 0xFF, 0, 0x12, 1, 0, 8],
            "forms" => Vec::new(),
            "body length" => varint(77),
            "body digest" if self.flags & 2 == 0 => Vec::new(),
            "body digest" => vec![0xB4; 32],
            "extensions" => [varint(self.extensions.len() as u32), self.extensions.clone()].concat(),
            "signatures" => self.signatures.clone(),
            "checksum" => Vec::new(),
            other => panic!("the document has an unknown field: {other}"),
        }
    }

    fn header(&self) -> Vec<u8> {
        let mut header: Vec<u8> = rows("2.2").into_iter().flat_map(|row| self.field(row[0])).collect();
        let length = header.len() + 4;
        header[7..9].copy_from_slice(&(length as u16).to_le_bytes());
        header.extend_from_slice(&crc32(&header).to_le_bytes());
        header
    }

    fn parse(&self) -> Result<Header, Error> {
        Header::parse(&self.header()).map(|(header, _)| header)
    }
}

/// Both ends of a range are accepted, and what is beside it is refused.
fn assert_limits((low, high): (u32, u32), change: impl Fn(&mut Fields, u32)) {
    let parse = |value| {
        let mut fields = Fields::default();
        change(&mut fields, value);
        fields.parse().map(|header| assert_eq!(header.requirements().workspace, fields.ram()))
    };
    for value in [low, high] {
        assert_eq!(parse(value), Ok(()), "{value}");
    }
    for value in [low.checked_sub(1), high.checked_add(1)].into_iter().flatten() {
        assert_eq!(parse(value), Err(Error::MalformedHeader), "{value}");
    }
}

#[test]
fn the_version_stands_in_title_table_and_history() {
    assert!(FORMAT.starts_with(&format!("# The Smidgen package format, version {VERSION}\n")));
    assert_eq!(row("2.2", "version")[3], VERSION.to_string());
    let last = rows("12").last().unwrap()[0];
    assert_eq!(last, VERSION.to_string());
    let magic: Vec<_> = MAGIC.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(row("2.2", "magic")[3], format!("`{}` (\"SMDG\")", magic.join(" ")));
}

#[test]
fn the_table_of_fields_is_what_a_header_is() {
    let fields = Fields { flags: 3, windows: vec![(1, 2)], window_count: 1, ..Fields::default() };
    let header = fields.parse().unwrap();
    assert_eq!((header.base_size, header.target_size), (100, 200));
    assert_eq!((header.base_digest, header.target_digest), ([0xB1; 16], [0xB2; 32]));
    assert_eq!((header.target_md5, header.body_digest), (Some([0xB3; 16]), Some([0xB4; 32])));
    assert_eq!((header.base_address, header.address_high), (0x0800_0000, 0x55));
    assert_eq!((header.windows[0].start, header.windows[0].length), (0x100, 0x200));
    assert_eq!((header.ram, header.body_length), (header.requirements().workspace, 77));
}

#[test]
fn the_first_nine_bytes_are_at_the_places_stated() {
    let header = Fields::default().header();
    for (offset, error) in
        [(0, Error::NotAPackage), (4, Error::UnsupportedVersion), (5, Error::UnsupportedCodec)]
    {
        let mut changed = header.clone();
        changed[offset] = 0x7F;
        assert_eq!(Header::parse(&changed).err(), Some(error), "{offset}");
    }
    let (low, high) = range(row("2.2", "header length")[3]);
    assert_eq!((low as usize, high as usize), (PREFIX_LENGTH + 4, HEADER_LIMIT));
    for length in [low - 1, high + 1] {
        let mut changed = header.clone();
        changed[7..9].copy_from_slice(&(length as u16).to_le_bytes());
        assert_eq!(Header::parse(&changed).err(), Some(Error::MalformedHeader), "{length}");
    }
}

#[test]
fn ranges_of_fields_are_those_stated() {
    for name in ["base size", "target size"] {
        assert_eq!(range(row("2.2", name)[3]).1, IMAGE_LIMIT);
    }
    assert_limits(range(row("2.2", "base size")[3]), |fields, value| fields.base_size = value);
    assert_limits((0, IMAGE_LIMIT), |fields, value| fields.target_size = value);
    let windows = range(row("2.2", "window count")[3]);
    assert_eq!(windows.1 as usize, MAX_WINDOWS);
    assert_limits(windows, |fields, value| {
        fields.window_count = value as u8;
        fields.windows = vec![(5, 6); value as usize];
    });
    let lengths = range(row("3.5", "length")[2]);
    assert_limits(lengths, |fields, value| {
        fields.window_count = 1;
        fields.windows = vec![(0, value)];
    });
    assert_limits(range(row("3.5", "start")[2]), |fields, value| {
        fields.window_count = 1;
        fields.windows = vec![(value, 1)];
    });
    let beyond = Fields { window_count: 1, windows: vec![(lengths.1, 2)], ..Fields::default() };
    assert_eq!(beyond.parse().err(), Some(Error::MalformedHeader));
}

#[test]
fn codec_parameters_are_those_stated() {
    for (i, name) in ["slots", "landmarks", "learned"].into_iter().enumerate() {
        assert_limits(range(row("3.1", name)[2]), |fields, value| fields.codec[i] = value);
    }
    assert_limits(range(row("3.1", "block log")[2]), |fields, value| fields.block_log = value as u8);
    let rates = row("3.1", "rates")[2];
    let (counter, mixer) = rates.split_once("; ").unwrap();
    let counter = counter.strip_prefix("high four bits: counter rate, ").unwrap();
    let mixer = mixer.strip_prefix("low four bits: mixer rate, ").unwrap();
    assert_limits(range(counter), |fields, value| fields.rates = (value as u8) << 4 | 1);
    let mixer = range(mixer);
    for rate in 0..16 {
        let fields = Fields { rates: 3 << 4 | rate, ..Fields::default() };
        assert_eq!(fields.parse().is_ok(), (mixer.0..=mixer.1).contains(&rate.into()), "{rate}");
    }
}

/// That the decoder asks for what the formula says, all tests of limits above compare.
#[test]
fn memory_is_the_sum_of_its_parts_and_control_cells_have_no_holes() {
    let parts: u32 = rows("3.2").iter().map(|row| number(row[1])).sum();
    assert_eq!(parts, fixed_ram("FIXED_RAM"));
    assert!(section("3.2").contains(&format!("cm:    ram = max({HEADER_LIMIT}, FIXED_RAM + ")));
    assert_eq!(Fields::default().parse().unwrap().ram, fixed_ram("FIXED_RAM") + 7 * ram_of_each("slots"));
    let numbers = section("5.5");
    let cells =
        number(numbers.split_once("*control cells* of their own: ").unwrap().1.split(' ').next().unwrap());
    assert!(
        row("3.2", &format!("control cells: {cells} of 2 bytes (section 5.5)"))[1] == (2 * cells).to_string()
    );
    let (_, first_flag) = numbers.split_once("control(f) = plain(").unwrap();
    let first_flag = number(first_flag.split(' ').next().unwrap());
    let last_flag = number(rows("5.5").last().unwrap()[0].split(", ").last().unwrap());
    // The first flag follows the numbers' cells, and after the last one there is less than four bytes' room.
    let roles = rows("5.5").iter().take_while(|row| row[0] != "0 to 7").count() - 3;
    assert_eq!((roles, first_flag), (10, 69 * 10));
    assert_eq!((first_flag + last_flag + 1).next_multiple_of(2), cells);
    assert!(
        section("4.4").contains(&format!("| `C[{cells}]`, control cells | the table of section 5.6 | 5.5 |"))
    );
}

#[cfg(feature = "lite")]
#[test]
fn parameters_and_memory_of_lite_are_those_stated() {
    let lite = || Fields { codec_name: LITE, ..Fields::default() };
    let limits = |name: &str| {
        let row = parameters(LITE).into_iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}"));
        row[2]
    };
    for (i, name) in [(1, "landmarks"), (2, "learned")] {
        assert_limits(range(limits(name)), |fields, value| {
            *fields = lite();
            fields.codec[i] = value;
        });
    }
    let (counter, block) = limits("speeds").split_once("; ").unwrap();
    let (counter, block) = (range(counter), range(block));
    for speeds in 0..=255u8 {
        let (high, low) = (u32::from(speeds >> 4), u32::from(speeds & 15));
        let is_known = (counter.0..=counter.1).contains(&high) && (block.0..=block.1).contains(&low);
        assert_eq!(Fields { speeds, ..lite() }.parse().is_ok(), is_known, "{speeds:#x}");
    }
    // The counters, and the buffers that `cm` has too.
    let counters = rows("5.7").last().unwrap()[0].rsplit("K[").next().unwrap().trim_end_matches("]`");
    let buffers: u32 =
        rows("3.2").iter().filter(|row| row[0].ends_with("buffer")).map(|row| number(row[1])).sum();
    assert_eq!(fixed_ram("LITE_RAM"), 2 * (number(counters) + 1) + buffers);
    assert_eq!(lite().parse().unwrap().ram, fixed_ram("LITE_RAM"));
}

/// No counter has two uses, and none is without one.
#[test]
fn the_counters_of_lite_follow_each_other() {
    let mut next = 0;
    for row in rows("5.7") {
        let ends: Vec<u32> = row[0]
            .split(" to ")
            .map(|end| number(end.trim_matches('`').trim_start_matches("K[").trim_end_matches(']')))
            .collect();
        assert_eq!(ends[0], next, "{}", row[1]);
        next = ends[1] + 1;
    }
    let table = section("5.8").split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(table.split_whitespace().map(str::len).sum::<usize>(), next as usize);
}

#[cfg(feature = "zstd")]
#[test]
fn the_windows_of_zstd_are_those_stated() {
    let (low, high) = range(row("3.1", "window log")[2]);
    for log in low - 1..=high + 1 {
        let window = 1u32 << log;
        let ram = (window + 3 * window.min(131_072) + 98304 + 32768).max(HEADER_LIMIT as u32);
        let mut header = Fields::default().header();
        header.truncate(header.len() - 4);
        header[5] = 1;
        let at = PREFIX_LENGTH + varint(100).len() + varint(200).len() + 16 + 32;
        let old = varint(Fields::default().ram()).len() + Fields::default().field("codec parameters").len();
        header.splice(at..at + old, [varint(ram), vec![log as u8]].concat());
        let length = header.len() as u16 + 4;
        header[7..9].copy_from_slice(&length.to_le_bytes());
        header.extend_from_slice(&crc32(&header).to_le_bytes());
        let parsed = Header::parse(&header).map(|(header, _)| header.requirements().heap);
        let stated = (low..=high).contains(&log);
        assert_eq!(parsed, if stated { Ok(ram) } else { Err(Error::MalformedHeader) }, "{log}");
    }
}

#[cfg(feature = "all-architectures")]
#[test]
fn kinds_of_pages_are_those_stated() {
    let count = range(row("3.4", "count")[2]);
    assert_eq!(count, (1, MAX_KINDS as u32));
    assert_eq!(1 << PAGE_LOG, 4096);
    assert!(section("1").contains("| page | 4096 bytes of the target image"));
    let mut alignments = [None; 256];
    for row in rows("3.4").into_iter().filter(|row| row.len() == 4) {
        let alignment = if row[0] == "0" { "1" } else { row[3] };
        for range in row[0].split(", ") {
            let (first, last) = range.split_once(" to ").unwrap_or((range, range));
            for kind in number(first)..=number(last) {
                alignments[kind as usize] = Some(match alignment {
                    "4, or 8 if wide" => 4 << (kind & 1),
                    one => number(one),
                });
            }
        }
    }
    for kind in 0..=255 {
        let known = PageKind::from_number(kind);
        assert_eq!(known.map(PageKind::alignment).ok(), alignments[usize::from(kind)], "{kind}");
        let expected = known.map(|_| ()).map_err(|_| Error::UnsupportedPageKind);
        assert_eq!(Fields { kinds: vec![kind], ..Fields::default() }.parse().map(|_| ()), expected);
    }
    let all: Vec<u8> = (0..=255).filter(|kind| alignments[usize::from(*kind)].is_some()).collect();
    for length in 0..=MAX_KINDS + 1 {
        let fields = Fields { kinds: all[..length].to_vec(), ..Fields::default() };
        assert_eq!(fields.parse().is_ok(), (1..=MAX_KINDS).contains(&length), "{length}");
    }
    assert_eq!(Fields { kinds: vec![0, 0], ..Fields::default() }.parse().err(), Some(Error::MalformedHeader));
}

/// A record of section 2.6.
fn record(tag: u8, value: &[u8]) -> Vec<u8> {
    [vec![tag], varint(value.len() as u32), value.to_vec()].concat()
}

#[test]
fn extensions_are_those_stated() {
    let parse = |extensions: Vec<u8>| Fields { flags: 2, extensions, ..Fields::default() }.parse().err();
    let tags: Vec<u32> = rows("2.6").iter().filter_map(|row| row[0].parse().ok()).collect();
    assert!(tags.iter().copied().eq(1..=tags.len() as u32), "{tags:?}");
    for tag in 0..=255 {
        // The number of section 15 is kept for it until it is there.
        let stated = tags.contains(&tag.into())
            && (tag != 7 || FORMAT.contains("\n## 15 "))
            && (tag != 8 || cfg!(feature = "lanes"));
        let unknown = parse(record(tag, &[])) == Some(Error::ReservedField);
        assert_eq!(unknown, !stated, "{tag}");
    }
    for (tag, name) in [(1, "product"), (2, "module"), (3, "version")] {
        let row = rows("2.6").into_iter().find(|row| row[1] == name).unwrap();
        let (low, high) = range(row[2]);
        assert_eq!((row[0], high as usize), (&*tag.to_string(), TEXT_LIMIT));
        for length in [low - 1, low, high, high + 1] {
            let expected = (!(low..=high).contains(&length)).then_some(Error::MalformedHeader);
            assert_eq!(parse(record(tag, &vec![b'a'; length as usize])), expected, "{name} {length}");
        }
    }
    let plan = |segment: u32, keep: u32| record(5, &[varint(segment), varint(4096), varint(keep)].concat());
    assert_eq!(parse([record(4, &varint(u32::MAX)), plan(8192, 8192)].concat()), None);
    for wrong in [plan(0, 0), plan(8192, 8193)] {
        assert_eq!(parse(wrong), Some(Error::MalformedHeader));
    }
}

/// Section 2.5: the length of a record, its tag, its value, the order of the tags.
#[test]
fn a_record_is_checked_in_the_order_stated() {
    let parse = |extensions: Vec<u8>| Fields { extensions, ..Fields::default() }.parse().err();
    assert_eq!(parse(vec![200, 64]), Some(Error::MalformedHeader), "goes beyond, and unknown");
    assert_eq!(parse([record(2, b" "), record(200, b"")].concat()), Some(Error::MalformedHeader));
    assert_eq!(
        parse([record(2, b"a"), record(200, b""), record(1, b"a")].concat()),
        Some(Error::ReservedField)
    );
    assert_eq!(parse([record(2, b"a"), record(1, b"a")].concat()), Some(Error::MalformedHeader));
}

/// Section 2.5: a signed header's signatures come before its fields.
#[test]
fn signatures_are_found_and_checked_before_the_fields() {
    let signed = |names: &[u8], count: u8| {
        let entries = names.iter().flat_map(|name| [*name; 72]);
        entries.chain([count]).collect::<Vec<u8>>()
    };
    let fields = |names: &[u8], count: u8| Fields {
        flags: 8 | 2,
        signatures: signed(names, count),
        ..Fields::default()
    };
    let (low, high) = range(row("2.7", "count")[2]);
    assert_eq!((low, high as usize), (1, MOST_SIGNATURES));
    for count in 0..=MOST_SIGNATURES as u8 + 1 {
        let names: Vec<u8> = (0..count).collect();
        let stated = (low..=high).contains(&count.into());
        let refused = fields(&names, count).parse().err();
        assert_eq!(refused, (!stated).then_some(Error::MalformedHeader), "{count}");
    }
    let unknown_kind = |fields: Fields| Fields { kinds: vec![255], ..fields }.parse().err();
    assert_eq!(unknown_kind(fields(&[1], 1)), Some(Error::UnsupportedPageKind));
    assert_eq!(unknown_kind(fields(&[1], 9)), Some(Error::MalformedHeader), "a wrong count comes first");
    assert_eq!(unknown_kind(fields(&[2, 1], 2)), Some(Error::MalformedHeader), "and so does a wrong order");
    let no_digest = Fields { flags: 8, ..fields(&[1], 1) };
    assert_eq!(unknown_kind(no_digest), Some(Error::MalformedHeader), "and a missing body digest");
    let reserved = Fields { flags: 0x18, ..fields(&[1], 9) };
    assert_eq!(reserved.parse().err(), Some(Error::ReservedField), "but not before the flags");
}

/// Section 2.5: the first nine bytes are checked as soon as they are there, the codec before its parameters are parsed.
#[test]
fn the_codec_is_checked_with_the_version() {
    let mut header = Fields::default().header();
    header[5] = 3;
    header[7] = 1;
    header[8] = 0;
    assert_eq!(Header::parse(&header).err(), Some(Error::UnsupportedCodec));
}

#[test]
fn the_document_has_all_numbers_and_names() {
    assert!(Error::ALL.is_sorted_by_key(|error| error.number()));
    for error in Error::ALL {
        let number = error.number();
        assert!(FORMAT.contains(&format!("\n| {number} | {error:?} | ")), "{error:?}");
    }
    let section = FORMAT.split("\n## 9 Errors").nth(1).unwrap().split("\n### ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).count();
    assert_eq!(rows, 2 + Error::ALL.len());
}

#[test]
fn the_documents_have_the_classes_and_the_platforms_codes() {
    let classes = [
        (-1, ErrorClass::Unsupported),
        (-2, ErrorClass::Delivery),
        (-3, ErrorClass::Verification),
        (-4, ErrorClass::Storage),
    ];
    let mut listed = 0;
    for (code, class) in classes {
        let errors = Error::ALL.iter().filter(|error| error.class() == class);
        let numbers: Vec<_> = errors.map(|error| error.number().to_string()).collect();
        listed += numbers.len();
        let line = FORMAT.lines().find(|line| line.starts_with(&format!("| {class:?} | "))).unwrap();
        assert!(line.ends_with(&format!(" | {} |", numbers.join(", "))), "{line}");
        let row = PLATFORM.lines().find(|line| line.starts_with(&format!("| {code} | "))).unwrap();
        assert!(row.ends_with(&format!(" | `ErrorClass::{class:?}` |")), "{row}");
    }
    assert_eq!(listed, Error::ALL.len());
}

/// CONTRIBUTING.md says of each section where it is tested.
#[test]
fn every_section_has_tests_that_are_there() {
    let root = testkit::fixtures().join("..");
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let table = text.split("<!-- tests: ").nth(1).unwrap().lines().skip(3);
    let rows: Vec<(&str, &str)> = table
        .filter_map(|line| line.trim_matches('|').split_once('|'))
        .map(|(number, files)| (number.trim(), files))
        .collect();
    let headings: Vec<&str> = FORMAT
        .split("\n#")
        .skip(1)
        .map(|text| text.trim_start_matches(['#', ' ']).split(' ').next().unwrap())
        .filter(|number| number.starts_with(|digit: char| digit.is_ascii_digit()))
        .collect();
    for heading in &headings {
        let chapter = heading.split('.').next().unwrap();
        assert!(rows.iter().any(|(number, _)| [heading, chapter].contains(number)), "section {heading}");
    }
    for (number, files) in rows {
        assert!(headings.contains(&number), "there is no section {number}");
        for file in files.split('`').skip(1).step_by(2) {
            assert!(root.join(file).exists(), "section {number}: {file}");
        }
    }
}
