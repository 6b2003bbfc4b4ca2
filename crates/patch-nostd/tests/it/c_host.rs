//! The C decoder as a program beside the tests, `c/test/host.c`: it gets cases, and answers with an image or an error.

// Not every set of features needs everything.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

#[cfg(feature = "simulator")]
use smidgen_patch::flash::{Flash, Geometry};
use testkit::peers;

/// How a package is handed over, and to what device.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Bytes of a piece; with 0, the decoder reads the package by itself.
    pub piece: u32,
    /// Bytes of a step; with 0, there are no steps.
    pub budget: u32,
    /// Bytes of RAM.
    pub ram: u32,
    /// What the device is like.
    pub flags: u32,
}

/// The target cannot be read back.
pub const WRITE_ONLY: u32 = 1;
/// The device asks for signatures.
pub const ASKS_FOR_SIGNATURES: u32 = 2;
/// The state is copied elsewhere again and again.
pub const MOVES: u32 = 4;
/// The device is the one that `small-identity` is for, with a slot of 1 KiB.
pub const IDENTITY: u32 = 8;

impl Way {
    /// Pieces of this size, all the memory, any device.
    pub const fn pieces(piece: u32) -> Self {
        Self { piece, budget: 0, ram: 1 << 21, flags: 0 }
    }
}

/// The device does not know how long its image is.
pub const ANY_SIZE: u32 = 128;
/// The memory is not aligned.
pub const MISALIGNED: u32 = 64;
/// The case has areas of flash, which are here.
const OVER_FLASH: u32 = 16;
/// The same, in place.
const IN_PLACE: u32 = 32;
/// The number that a question begins with.
const ASK: u32 = u32::MAX;

/// The decoder's process.
pub struct Host {
    child: Child,
}

/// Builds the program with a compiler, if that is installed.
fn built(compiler: &str) -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("c");
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("c-decoder-{compiler}"));
    let mut command = Command::new(compiler);
    command
        .args(["-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"])
        .args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"])
        .args(ALL)
        .args([sources.join("smidgen.c"), sources.join("test/host.c")]);
    peers::run(command.arg("-o").arg(&program)).map(|_| program)
}

/// What everything is built in with that it has: codecs and kinds of pages.
const ALL: [&str; 5] =
    ["-DSMIDGEN_LITE=1", "-DSMIDGEN_ARM=1", "-DSMIDGEN_RISCV=1", "-DSMIDGEN_XTENSA=1", "-DSMIDGEN_WORDS=1"];

impl Host {
    /// One for each compiler that there is, which watches over every access and every overflow.
    pub fn all() -> Vec<Self> {
        static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
        let programs = PROGRAMS.get_or_init(|| ["gcc", "clang"].into_iter().filter_map(built).collect());
        programs.iter().map(|program| Self::start(program)).collect()
    }

    fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.arg("serve").env("ASAN_OPTIONS", "detect_leaks=0");
        Self { child: command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap() }
    }

    /// The image, or the number of the error.
    pub fn restore(&mut self, base: &[u8], package: &[u8], way: Way) -> Result<Vec<u8>, u8> {
        self.send(base, package, way, &[]);
        let error = self.number();
        self.answer(error)
    }

    /// An update over flash, with a buffer of this size; the number of the error. Areas are slot and journal or, in place,
    /// slot, scratch, journal and state.
    #[cfg(feature = "simulator")]
    pub fn update(
        &mut self,
        (base, package): (&[u8], &[u8]),
        way: Way,
        areas: &mut [&mut dyn Flash],
        buffer: usize,
    ) -> Result<(), u8> {
        let mut numbers: Vec<u32> = Vec::new();
        for area in areas.iter() {
            let Geometry { size, page, write, erased } = area.geometry();
            numbers.extend([size, page, write, erased.into()]);
        }
        numbers.push(buffer as u32);
        let flags = way.flags | if areas.len() == 2 { OVER_FLASH } else { IN_PLACE };
        self.send(base, package, Way { flags, ..way }, &numbers);
        loop {
            match self.number() {
                ASK => self.do_flash(areas),
                error => return self.answer(error).map(drop),
            }
        }
    }

    /// Does what the decoder asks of flash.
    #[cfg(feature = "simulator")]
    fn do_flash(&mut self, areas: &mut [&mut dyn Flash]) {
        let [what, area, offset, length] = [(); 4].map(|()| self.number());
        let area = &mut areas[area as usize];
        let mut bytes = vec![0; length as usize];
        let done = match what {
            0 => area.read(offset, &mut bytes),
            1 => area.erase(offset),
            _ => {
                self.child.stdout.as_mut().unwrap().read_exact(&mut bytes).unwrap();
                area.write(offset, &bytes)
            }
        };
        let mut answer = u32::from(done.is_err()).to_le_bytes().to_vec();
        if what == 0 && done.is_ok() {
            answer.extend_from_slice(&bytes);
        }
        self.child.stdin.as_mut().unwrap().write_all(&answer).unwrap();
    }

    fn send(&mut self, base: &[u8], package: &[u8], way: Way, areas: &[u32]) {
        let (base_size, package_size) = (base.len() as u32, package.len() as u32);
        let numbers = [base_size, package_size, way.piece, way.budget, way.ram, way.flags];
        let mut case: Vec<u8> = numbers.iter().chain(areas).flat_map(|number| number.to_le_bytes()).collect();
        case.extend_from_slice(base);
        case.extend_from_slice(package);
        self.child.stdin.as_mut().unwrap().write_all(&case).unwrap();
    }

    fn number(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.child.stdout.as_mut().unwrap().read_exact(&mut bytes).expect("the C decoder has stopped");
        u32::from_le_bytes(bytes)
    }

    fn answer(&mut self, error: u32) -> Result<Vec<u8>, u8> {
        let mut image = vec![0; self.number() as usize];
        self.child.stdout.as_mut().unwrap().read_exact(&mut image).unwrap();
        if error == 0 { Ok(image) } else { Err(error as u8) }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let ended = self.child.wait();
        if !std::thread::panicking() {
            assert!(ended.unwrap().success(), "the C decoder did not end well");
        }
    }
}
