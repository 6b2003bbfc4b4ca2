//! The map of `smidgen info`: which parts of the new image cost how much of the package.

use std::path::Path;

use smidgen_diff::input::{self, Format, Reading};
use smidgen_diff::inspect::{Trace, trace};
use smidgen_diff::symbols::{self, Symbols, SymbolsError};
use smidgen_patch::Error;

use crate::arguments::InfoArguments;
use crate::io::{Image, Input, Output, Smidgen, containers};
use crate::report::json::{Object, base_address};
use crate::report::map::{Facts, Map};
use crate::report::tables::Table;
use crate::report::{Console, Failure, Reason, is_standard_stream, sha256};

/// A package that was decoded for its map.
pub(super) struct Mapped {
    pub(super) trace: Trace,
    map: Map,
    symbols: Option<(Input, Symbols)>,
}

impl Mapped {
    /// Decodes a package twice, if symbols are given: only the new image says where they are.
    pub(super) fn new(
        package: &Smidgen,
        base: &Image,
        symbols: Option<&Path>,
        console: &Console,
    ) -> Result<Self, Failure> {
        package.check_base(base)?;
        let bytes = package.plain();
        let failed = |error| package.explain(error, base);
        let symbols = match symbols {
            Some(path) => {
                let file = Input::image(path)?;
                let target = trace(base, bytes, |_| {}).map_err(failed)?.target;
                let symbols = names(&file, &target, package)?;
                if symbols.differs {
                    console.say(format_args!("warning: {}", differs(&file)));
                }
                Some((file, symbols))
            }
            None => None,
        };
        let container = containers::open(bytes);
        let size = container.map_or(package.header.target_size, |container| container.record.target_size);
        let mut map = Map::new(size, symbols.as_ref().map(|(_, symbols)| symbols));
        let trace = trace(base, bytes, |piece| map.add(piece)).map_err(failed)?;
        if !trace.is_expanded && sha256(&trace.target) != package.header.target_digest {
            return Err(failed(Error::TargetDigest));
        }
        Ok(Self { trace, map: map.finish(), symbols })
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
        package: &Smidgen,
        base: &Image,
        arguments: &InfoArguments,
        console: &Console,
    ) -> Result<(), Failure> {
        if is_standard_stream(path) {
            return Err(Failure::usage("the page cannot go to standard output, which has the table")
                .note("name a file (one called \"-\" is \"./-\")"));
        }
        let symbols = self.symbols.as_ref().map(|(file, _)| file);
        let inputs: Vec<&Input> = [&package.file, &base.file].into_iter().chain(symbols).collect();
        let output = Output::create(path, &inputs, &arguments.decryption.files(), console)?;
        output.finish_with(self.map.page(&self.trace, &self.facts(package, base)).as_bytes())
    }

    fn facts(&self, package: &Smidgen, base: &Image) -> Facts {
        let header = &package.header;
        // Expanded files have no addresses, and segments of ESP-IDF go to several memories.
        let has_addresses = !self.trace.is_expanded && !is_esp(&self.trace.target);
        let mut facts = Facts {
            package: file_name(&package.file),
            base: file_name(&base.file),
            size: package.file.len() as u64,
            base_size: header.base_size.into(),
            target_size: header.target_size.into(),
            base_address: if has_addresses { base_address(header) } else { 0 },
            ..Facts::default()
        };
        let extensions = package.extensions();
        let texts =
            [("product", extensions.product), ("module", extensions.module), ("version", extensions.version)];
        for (name, text) in texts {
            facts.rows.extend(text.map(|text| (name, text.as_str().to_owned())));
        }
        facts.rows.push(("codec", format!("{}, {} bytes of RAM", header.codec.name(), header.ram)));
        if let Some((file, symbols)) = &self.symbols {
            let count = symbols.symbols.len();
            facts.symbols = Some(format!("{}, {count} of them in the image", file_name(file)));
            facts.notes.extend(symbols.differs.then(|| differs(file)));
        }
        facts
    }
}

fn names(file: &Input, target: &[u8], package: &Smidgen) -> Result<Symbols, Failure> {
    symbols::read(file, target, Some(base_address(&package.header))).map_err(|error| {
        let failure = Failure::new(Reason::Image, error.to_string()).about(file.path());
        match error {
            SymbolsError::Format => failure.note("give the ELF file of the new image, or what ld -Map wrote"),
            SymbolsError::OtherMap(_) => {
                failure.note("give the ELF file that it was written with (.axf, .elf or .out), before it is stripped")
            }
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
