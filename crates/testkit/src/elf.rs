//! A writer of ELF files with sections, of both classes and byte orders, written independently of the reader.

/// A whole file; tests change what they are about.
#[derive(Clone, Debug)]
pub struct LinkedElf {
    /// `e_machine`: 40 is ARM.
    pub machine: u16,
    /// Whether numbers have 64 bits.
    pub wide: bool,
    /// Whether numbers are big-endian.
    pub big_endian: bool,
    /// The program headers, in their order.
    pub segments: Vec<Segment>,
    /// The section headers, without the first and the last one.
    pub sections: Vec<Section>,
}

/// A segment and its bytes.
#[derive(Clone, Debug)]
pub struct Segment {
    /// `p_type`: 1 is loaded.
    pub kind: u32,
    /// `p_flags`.
    pub flags: u32,
    /// Where it is flashed and where it runs.
    pub addresses: [u64; 2],
    /// What it has in the file.
    pub bytes: Vec<u8>,
    /// Bytes of memory behind those.
    pub zeros: u64,
    /// Whether it begins with the file's headers, before the bytes.
    pub with_headers: bool,
}

/// A section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// `sh_type`: 1 has bytes, 8 has none.
    pub kind: u32,
    /// `sh_flags`: 2 is allocated.
    pub flags: u64,
    /// `sh_addr`.
    pub address: u64,
    /// Where its bytes are.
    pub place: Place,
}

/// Where a section's bytes are.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a segment, from an offset on, so many.
    Segment(usize, u64, u64),
    /// In no segment.
    Own(Vec<u8>),
}

/// How numbers are written.
#[derive(Clone, Copy)]
struct Form {
    wide: bool,
    big_endian: bool,
}

impl LinkedElf {
    /// Firmware for ARM without segments.
    pub const fn new() -> Self {
        Self { machine: 40, wide: false, big_endian: false, segments: Vec::new(), sections: Vec::new() }
    }

    /// With a loaded segment that is flashed where it runs, and sections in it: names, offsets and sizes.
    #[must_use]
    pub fn load(mut self, address: u64, bytes: &[u8], sections: &[(&str, u64, u64)]) -> Self {
        let index = self.segments.len();
        for &(name, offset, size) in sections {
            let place = Place::Segment(index, offset, size);
            self.sections.push(Section {
                name: name.into(),
                kind: 1,
                flags: 2,
                address: address + offset,
                place,
            });
        }
        self.segments.push(Segment::new(1, address, bytes));
        self
    }

    /// With an allocated section in no segment.
    #[must_use]
    pub fn section(mut self, name: &str, address: u64, bytes: &[u8]) -> Self {
        let place = Place::Own(bytes.to_vec());
        self.sections.push(Section { name: name.into(), kind: 1, flags: 2, address, place });
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let form = Form { wide: self.wide, big_endian: self.big_endian };
        let (head, program, section) = if self.wide { (64, 56, 64) } else { (52, 32, 40) };
        let mut file = vec![0; head + program * self.segments.len()];
        let mut starts = Vec::new();
        for segment in &self.segments {
            file.resize(file.len().next_multiple_of(64), 0);
            starts.push(file.len() as u64);
            file.extend(&segment.bytes);
        }
        let (mut names, mut rows) = (b"\0".to_vec(), vec![0; section]);
        let last = Section {
            name: ".shstrtab".into(),
            kind: 3,
            flags: 0,
            address: 0,
            place: Place::Own(Vec::new()),
        };
        for it in self.sections.iter().chain([&last]) {
            let name = names.len() as u32;
            names.extend([it.name.as_bytes(), b"\0"].concat());
            let (offset, size) = match &it.place {
                Place::Segment(index, offset, size) => (starts[*index] + offset, *size),
                Place::Own(bytes) => {
                    let bytes = if it.kind == 3 { &names } else { bytes };
                    file.extend(bytes);
                    ((file.len() - bytes.len()) as u64, bytes.len() as u64)
                }
            };
            rows.extend(
                [form.word(name), form.word(it.kind), form.long(it.flags), form.long(it.address)].concat(),
            );
            rows.extend([form.long(offset), form.long(size), form.word(0), form.word(0)].concat());
            rows.extend([form.long(1), form.long(0)].concat());
        }
        file.resize(file.len().next_multiple_of(8), 0);
        let table = file.len() as u64;
        file.extend(&rows);
        let count = rows.len() / section;
        file[..head].copy_from_slice(&self.head(form, table, [head, program, section, count]));
        for (index, (segment, &start)) in self.segments.iter().zip(&starts).enumerate() {
            let at = head + program * index;
            file[at..at + program].copy_from_slice(&segment.header(form, start));
        }
        file
    }

    fn head(&self, form: Form, table: u64, [head, program, section, count]: [usize; 4]) -> Vec<u8> {
        let mut bytes = b"\x7FELF".to_vec();
        bytes.extend([1 + u8::from(self.wide), 1 + u8::from(self.big_endian), 1]);
        bytes.resize(16, 0);
        bytes.extend([form.half(2), form.half(self.machine)].concat());
        bytes.extend(
            [form.word(1), form.long(0x101), form.long(head as u64), form.long(table), form.word(0)].concat(),
        );
        let halves = [head, program, self.segments.len(), section, count, count - 1];
        bytes.extend(halves.iter().flat_map(|&half| form.half(half as u16)));
        bytes
    }
}

impl Default for LinkedElf {
    fn default() -> Self {
        Self::new()
    }
}

impl Segment {
    /// A segment that is flashed where it runs.
    pub fn new(kind: u32, address: u64, bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Self { kind, flags: 5, addresses: [address; 2], bytes, zeros: 0, with_headers: false }
    }

    fn header(&self, form: Form, start: u64) -> Vec<u8> {
        let before = if self.with_headers { start } else { 0 };
        let [physical, running] = self.addresses.map(|address| form.long(address - before));
        let size = self.bytes.len() as u64 + before;
        let (kind, flags) = (form.word(self.kind), form.word(self.flags));
        let (offset, size, memory) =
            (form.long(start - before), form.long(size), form.long(size + self.zeros));
        if form.wide {
            [kind, flags, offset, running, physical, size, memory, form.long(4)].concat()
        } else {
            [kind, offset, running, physical, size, memory, flags, form.long(4)].concat()
        }
    }
}

impl Form {
    fn ordered(self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    fn half(self, number: u16) -> Vec<u8> {
        self.ordered(number.to_le_bytes().to_vec())
    }

    fn word(self, number: u32) -> Vec<u8> {
        self.ordered(number.to_le_bytes().to_vec())
    }

    /// 64 bits, or 32 in small files.
    fn long(self, number: u64) -> Vec<u8> {
        let bytes = number.to_le_bytes();
        self.ordered(bytes[..if self.wide { 8 } else { 4 }].to_vec())
    }
}
