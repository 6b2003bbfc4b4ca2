//! The map of `smidgen info`: which parts of the new image cost how much of the package.

use std::path::Path;

use smidgen_diff::input::{self, Format, Reading};
use smidgen_diff::inspect::{Piece, Trace, trace};
use smidgen_diff::symbols::{self, Symbols, SymbolsError};
use smidgen_patch::Error;

use crate::arguments::InfoArguments;
use crate::io::classic::Classic;
use crate::io::{Image, Input, Output, Smidgen, containers};
use crate::report::json::{Object, base_address};
use crate::report::map::{Facts, Map};
use crate::report::tables::Table;
use crate::report::{Console, Failure, Reason, is_standard_stream, sha256};

/// Why costs are estimates.
const OF_ZSTD: &str = "Costs are estimates: the codec zstd compresses blocks of about 128 KB. The cost of each is divided \
    among the bytes in it that are new or corrected.";
const OF_CLASSIC: &str = "Costs are estimates: BSDIFF40 compresses corrections and new bytes each as a whole. What they cost is \
    divided among them evenly. It has no digests: of another base, the map shows another image.";

/// A package that was decoded for its map.
pub(super) struct Mapped {
    pub(super) trace: Trace,
    map: Map,
    symbols: Option<(Input, Symbols)>,
    /// What the page says of the files.
    facts: Facts,
}

impl Mapped {
    pub(super) fn new(
        package: &Smidgen,
        base: &Image,
        symbols: Option<&Path>,
        console: &Console,
    ) -> Result<Self, Failure> {
        package.check_base(base)?;
        let bytes = package.plain();
        let failed = |error| package.explain(error, base);
        let container = containers::open(bytes);
        let size = container.map_or(package.header.target_size, |container| container.record.target_size);
        let decode = |receive: &mut dyn FnMut(&Piece)| trace(base, bytes, receive).map_err(failed);
        let address = base_address(&package.header);
        let mut mapped = Self::of(size, decode, symbols, Some(address), console)?;
        if !mapped.trace.is_expanded && sha256(&mapped.trace.target) != package.header.target_digest {
            return Err(failed(Error::TargetDigest));
        }
        mapped.take_facts(&package.file, base);
        // Expanded files have no addresses, and segments of ESP-IDF go to several memories.
        if !mapped.trace.is_expanded && !is_esp(&mapped.trace.target) {
            mapped.facts.base_address = address;
        }
        let extensions = package.extensions();
        let texts =
            [("product", extensions.product), ("module", extensions.module), ("version", extensions.version)];
        for (name, text) in texts {
            mapped.facts.rows.extend(text.map(|text| (name, text.as_str().to_owned())));
        }
        let header = &package.header;
        mapped.facts.rows.push(("codec", format!("{}, {} bytes of RAM", header.codec.name(), header.ram)));
        if mapped.trace.is_estimated {
            mapped.facts.notes.push(OF_ZSTD.to_owned());
        }
        Ok(mapped)
    }

    pub(super) fn of_classic(
        package: &Classic,
        base: &Image,
        symbols: Option<&Path>,
        console: &Console,
    ) -> Result<Self, Failure> {
        let decode = |receive: &mut dyn FnMut(&Piece)| package.trace(base, receive);
        let mut mapped = Self::of(package.sizes.target as u32, decode, symbols, None, console)?;
        mapped.take_facts(&package.file, base);
        mapped.facts.rows.push(("format", "BSDIFF40".to_owned()));
        mapped.facts.notes.push(OF_CLASSIC.to_owned());
        Ok(mapped)
    }

    /// Decodes a package twice, if symbols are given: only the new image says where they are.
    fn of(
        size: u32,
        decode: impl Fn(&mut dyn FnMut(&Piece)) -> Result<Trace, Failure>,
        symbols: Option<&Path>,
        base_address: Option<u64>,
        console: &Console,
    ) -> Result<Self, Failure> {
        let symbols = match symbols {
            Some(path) => {
                let file = Input::image(path)?;
                let symbols = names(&file, &decode(&mut |_| {})?.target, base_address)?;
                if symbols.differs {
                    console.say(format_args!("warning: {}", differs(&file)));
                }
                Some((file, symbols))
            }
            None => None,
        };
        let mut map = Map::new(size, symbols.as_ref().map(|(_, symbols)| symbols));
        let trace = decode(&mut |piece| map.add(piece))?;
        Ok(Self { trace, map: map.finish(), symbols, facts: Facts::default() })
    }

    /// Says of the files what is the same for all packages.
    fn take_facts(&mut self, package: &Input, base: &Image) {
        self.facts = Facts {
            package: file_name(package),
            base: file_name(&base.file),
            size: package.len() as u64,
            base_size: base.len() as u64,
            target_size: self.trace.target.len() as u64,
            ..Facts::default()
        };
        if let Some((file, symbols)) = &self.symbols {
            let count = symbols.symbols.len();
            self.facts.symbols = Some(format!("{}, {count} of them in the image", file_name(file)));
            self.facts.notes.extend(symbols.differs.then(|| differs(file)));
        }
    }

    pub(super) fn json(&self) -> Object {
        self.map.json(&self.trace)
    }

    /// The dearest places, if they have names.
    pub(super) fn describe(&self, table: &mut Table) {
        if self.symbols.is_some() {
            self.map.describe(table);
        }
    }

    /// Writes the page.
    pub(super) fn write(
        &self,
        path: &Path,
        package: &Input,
        base: &Image,
        arguments: &InfoArguments,
        console: &Console,
    ) -> Result<(), Failure> {
        if is_standard_stream(path) {
            return Err(Failure::usage("the page cannot go to standard output, which has the table")
                .note("name a file (one called \"-\" is \"./-\")"));
        }
        let symbols = self.symbols.as_ref().map(|(file, _)| file);
        let inputs: Vec<&Input> = [package, &base.file].into_iter().chain(symbols).collect();
        let output = Output::create(path, &inputs, &arguments.decryption.files(), console)?;
        output.finish_with(self.map.page(&self.trace, &self.facts).as_bytes())
    }
}

fn names(file: &Input, target: &[u8], base_address: Option<u64>) -> Result<Symbols, Failure> {
    symbols::read(file, target, base_address).map_err(|error| {
        let failure = Failure::new(Reason::Image, error.to_string()).about(file.path());
        match error {
            SymbolsError::Format => failure.note("give the ELF file of the new image, or what ld -Map wrote"),
            SymbolsError::OtherMap(_) => failure.note(
                "give the ELF file that it was written with (.axf, .elf or .out), before it is stripped",
            ),
            SymbolsError::NoSymbols => failure.note("give the ELF file before it is stripped"),
            SymbolsError::OtherImage => failure.note("give the file of the build that the new image is of"),
            _ => failure.note("build it again"),
        }
    })
}

fn differs(file: &Input) -> String {
    format!(
        "{} differs from the new image: it may be of another build, and names in the wrong places",
        file_name(file)
    )
}

fn is_esp(target: &[u8]) -> bool {
    let record = input::read(target, &Reading::default()).ok().and_then(|flat| flat.record);
    record.is_some_and(|record| record.format == Format::Esp)
}

/// The name of a file without its folders, which may be nobody else's business.
fn file_name(file: &Input) -> String {
    file.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
}
