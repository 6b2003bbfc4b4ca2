//! The fixture packages, and a device that takes note of what a restore does to it.

// Not every set of features needs everything.
#![allow(dead_code)]

use std::fs;

use smidgen_patch::{Base, Error, Header, Patcher, Sha256, SoftwareSha256, Target};
use testkit::{fixture, fixtures};

/// More workspace than any fixture needs.
pub const WORKSPACE: usize = 128 << 10;

/// A package that the current version of the format must always restore.
pub struct Golden {
    /// The name of its file.
    pub name: String,
    /// Its bytes.
    pub package: Vec<u8>,
    /// The image it is applied to.
    pub base: Vec<u8>,
    /// The image it makes.
    pub target: Vec<u8>,
    /// The SHA-256 that its bytes must have, in hexadecimal digits.
    pub digest: String,
}

/// All lines of `golden.txt`.
pub fn all_golden() -> Vec<Golden> {
    listed("golden.txt")
}

/// All lines of `encrypted.txt`: the shared key has 32 bytes of 3, the device's secret key 32 of 4.
pub fn encrypted_golden() -> Vec<Golden> {
    listed("encrypted.txt")
}

/// All lines of `containers.txt`.
pub fn container_golden() -> Vec<Golden> {
    listed("containers.txt")
}

fn listed(list: &str) -> Vec<Golden> {
    let list = String::from_utf8(fixture(&format!("packages/{list}"))).unwrap();
    list.lines().filter(|line| !line.starts_with('#')).map(Golden::of).collect()
}

/// The encrypted one of this name.
pub fn encrypted_named(name: &str) -> Golden {
    encrypted_golden().into_iter().find(|golden| golden.name == format!("{name}.smdg")).unwrap()
}

/// Those that this decoder was built for.
pub fn golden() -> Vec<Golden> {
    all_golden().into_iter().filter(|golden| golden.is_ours() && golden.is_supported()).collect()
}

/// Those of less than a thousand bytes of images, for tests that restore thousands of times.
pub fn small() -> Vec<Golden> {
    golden().into_iter().filter(|golden| golden.base.len() + golden.target.len() < 2000).collect()
}

/// The golden package of this name.
pub fn named(name: &str) -> Golden {
    all_golden().into_iter().find(|golden| golden.name == format!("{name}.smdg")).unwrap()
}

/// The base image of all bad packages.
pub fn small_base() -> Vec<u8> {
    fixture("packages/small-base.bin")
}

/// All bad packages with their names, sorted.
pub fn bad_packages() -> Vec<(String, Vec<u8>)> {
    let folder = fs::read_dir(fixtures().join("packages/bad")).unwrap();
    let mut packages: Vec<(String, Vec<u8>)> = folder
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap())
        })
        .collect();
    packages.sort();
    packages
}

impl Golden {
    fn of(line: &str) -> Self {
        let [name, base, target, digest] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("golden.txt: {line}");
        };
        let image = |name: &str| if name == "-" { Vec::new() } else { fixture(name) };
        let package = fixture(&format!("packages/{name}"));
        let (name, digest) = (name.to_owned(), digest.to_owned());
        Self { name, package, base: image(base), target: image(target), digest }
    }

    /// Whether it is no classic patch.
    pub fn is_ours(&self) -> bool {
        self.name.ends_with(".smdg")
    }

    /// Whether this decoder restores it.
    pub fn is_supported(&self) -> bool {
        match Header::parse(&self.package) {
            Ok(_) => true,
            Err(error) => {
                let mut unknown = vec![Error::UnsupportedPageKind, Error::UnsupportedCodec];
                // Of all extensions, no golden package has another that a decoder may not know.
                unknown.extend(cfg!(not(feature = "lanes")).then_some(Error::ReservedField));
                assert!(unknown.contains(&error), "{}: {error:?}", self.name);
                false
            }
        }
    }

    /// Its header.
    pub fn header(&self) -> Header {
        Header::parse(&self.package).unwrap().0
    }

    /// Where its body begins.
    pub fn body_start(&self) -> usize {
        Header::parse(&self.package).unwrap().1
    }
}

/// SHA-256 in hexadecimal digits.
pub fn hex_digest(bytes: &[u8]) -> String {
    let mut digest = SoftwareSha256::start();
    digest.update(bytes);
    digest.finish().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A target that counts what is asked of it, and can refuse.
#[derive(Debug, Default)]
pub struct Slot {
    /// The image so far.
    pub image: Vec<u8>,
    /// The size that was announced, once it was.
    pub begun: Option<u32>,
    /// How often it was written and read.
    pub writes: usize,
    /// How often it was read.
    pub reads: usize,
    /// The first call that fails: the beginning is 0.
    pub fails_at: Option<usize>,
    /// Whether it cannot read.
    pub write_only: bool,
}

impl Slot {
    fn call(&self) -> Result<(), Error> {
        // What the driver says is passed on; anything will do that no decoder says by itself.
        if self.fails_at == Some(self.writes) { Err(Error::TargetWrite) } else { Ok(()) }
    }
}

impl Target for Slot {
    type Error = Error;

    fn limit(&self) -> u32 {
        u32::MAX
    }

    fn begin(&mut self, size: u32) -> Result<(), Error> {
        assert_eq!(self.begun, None, "begun twice");
        assert_eq!(self.writes + self.reads, 0, "used before it began");
        self.call()?;
        self.begun = Some(size);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let size = self.begun.expect("written before it began") as usize;
        assert!(!bytes.is_empty() && self.image.len() + bytes.len() <= size, "written beyond its size");
        self.writes += 1;
        self.call()?;
        self.image.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        self.reads += 1;
        if self.write_only {
            return Err(Error::TargetRead);
        }
        let start = offset as usize;
        buffer.copy_from_slice(
            self.image.get(start..start + buffer.len()).expect("read before it was written"),
        );
        Ok(())
    }
}

/// Work with more memory than any fixture needs.
pub fn with_workspace<R>(work: impl FnOnce(&mut [u8]) -> R) -> R {
    testkit::with_workspace(WORKSPACE, 0, work)
}

/// Pushes a package in pieces of `piece` bytes.
pub fn restore_to<B: Base<Error: Into<T::Error>>, T: Target>(
    base: B,
    target: T,
    package: &[u8],
    piece: usize,
) -> Result<T, T::Error> {
    with_workspace(|workspace| {
        let mut patcher = Patcher::new(workspace, base, target);
        package.chunks(piece).try_for_each(|piece| patcher.push(piece))?;
        patcher.finish()
    })
}

/// What comes out, and what the target saw.
pub fn restore(base: &[u8], package: &[u8], piece: usize) -> (Result<Vec<u8>, Error>, Slot) {
    let mut slot = Slot::default();
    let end = restore_to(base, &mut slot, package, piece).map(|_| ());
    (end.map(|()| slot.image.clone()), slot)
}

/// The error that a package must give, whole and byte by byte alike.
pub fn refusal(base: &[u8], package: &[u8]) -> (Option<Error>, Slot) {
    let (whole, slot) = restore(base, package, package.len().max(1));
    let (bytes, _) = restore(base, package, 1);
    assert_eq!(whole, bytes, "pieces make a difference");
    (whole.err(), slot)
}
