//! Packages of compressed files: restoring them, and their description (`docs/format.md`, section 14).

use std::fs::File;

use serde_json::{Value, json};
use smidgen_diff::{Form, Streams};
use smidgen_patch::container::{FileScratch, Opened, Scratch};
use smidgen_patch::internals::container::compressor::{Compressor, Lz4, Lzma, dictionary};
use smidgen_patch::internals::container::{Frame, Item, Level};
use smidgen_patch::{Error, SoftwareSha256};

use crate::report::{Object, object};

/// Expanded files of more bytes go to a temporary file.
const IN_MEMORY: u32 = 32 << 20;
/// Streams of a level that are listed.
const LISTED: usize = 20;
/// Streams of all levels that are listed with `--json`.
const LISTED_JSON: usize = 20_000;

/// Expanded files in memory, or in temporary files if they are large.
pub(crate) struct Files;

impl Streams for Files {
    fn scratch(&self, _form: Form, size: u32) -> Result<Box<dyn Scratch + '_>, Error> {
        if size <= IN_MEMORY {
            return Ok(Box::new(Vec::new()));
        }
        let file: File = tempfile::tempfile().map_err(|_| Error::TargetWrite)?;
        Ok(Box::new(FileScratch::new(file)))
    }
}

/// The container part of a package, if it has one.
pub(crate) fn open(package: &[u8]) -> Option<Opened<'_>> {
    Opened::new::<SoftwareSha256>(package).ok().flatten()
}

pub(crate) fn rows(package: &Opened<'_>) -> Vec<(&'static str, String)> {
    let record = &package.record;
    vec![
        (
            "container",
            format!(
                "{} streams of the base are expanded, {} of the target",
                package.base.streams(),
                package.target.streams()
            ),
        ),
        ("expanded", format!("base {} bytes, target {} bytes", record.base_size, record.target_size)),
        ("needs", "an operating system".to_owned()),
        ("memory", format!("about {} bytes on top of the RAM", package.memory())),
        ("storage", format!("{} bytes", package.storage())),
    ]
}

/// The tree of a recipe, a line for each stream.
pub(crate) fn tree(level: &Level) -> Vec<String> {
    let mut lines = Vec::new();
    grow(level, 0, &mut lines);
    lines
}

fn grow(level: &Level, depth: usize, lines: &mut Vec<String>) {
    let streams = level.items.iter().filter(|item| item.frame.has_stream());
    for item in streams.clone().take(LISTED) {
        lines.push(format!("{:indent$}{}", "", describe(item), indent = 2 * depth));
        grow(&item.inside, depth + 1, lines);
    }
    let more = streams.count().saturating_sub(LISTED);
    if more > 0 {
        lines.push(format!("{:indent$}and {more} more", "", indent = 2 * depth));
    }
}

fn describe(item: &Item) -> String {
    let ((plain, corrections, follows), name) = (sizes(item), frame_name(item.frame));
    if let Some(compressor) = item.frame.compressor() {
        return format!("{name}: {plain} plain bytes, made by {}", settings(&compressor));
    }
    let by = if follows { " to what the base's encoder did" } else { "" };
    format!("{name}: {plain} plain bytes, {corrections} bytes of corrections{by}")
}

/// Plain bytes, bytes of corrections, and whether a stream of the base is followed.
fn sizes(item: &Item) -> (u32, usize, bool) {
    let making = item.making.as_ref();
    making.map_or((0, 0, false), |making| (making.length, making.corrections.len(), making.follows > 0))
}

const fn frame_name(frame: Frame) -> &'static str {
    match frame {
        Frame::Deflate => "deflate stream",
        Frame::Gzip => "gzip member",
        Frame::Zlib => "zlib stream",
        Frame::Entry | Frame::Described | Frame::Stored => "zip entry",
        Frame::Directory(_) => "zip directory",
        Frame::Compressed(Compressor::Xz(_)) => "xz block",
        Frame::Compressed(Compressor::Lzma(_)) => "lzma file",
        Frame::Compressed(Compressor::Zstd(_)) => "zstd frame",
        Frame::Compressed(Compressor::Lz4(_)) => "lz4 block",
    }
}

/// The library, and what it is told.
fn settings(compressor: &Compressor) -> String {
    let lzma = |lzma: &Lzma| {
        let Lzma { mode, nice, .. } = *lzma;
        let (mode, dictionary) = (if mode == 1 { "fast" } else { "normal" }, dictionary(lzma.dictionary));
        format!("liblzma (mode {mode}, nice {nice}, dictionary {dictionary})")
    };
    match compressor {
        Compressor::Xz(xz) => lzma(&xz.lzma),
        Compressor::Lzma(own) => lzma(own),
        Compressor::Zstd(zstd) => {
            format!("libzstd (level {}{})", zstd.level, if zstd.jobs { ", in jobs" } else { "" })
        }
        Compressor::Lz4(Lz4 { level: 0 }) => "liblz4 (fast)".to_owned(),
        Compressor::Lz4(Lz4 { level }) => format!("liblz4 (level {level})"),
    }
}

pub(crate) fn fields(package: &Opened<'_>) -> Object {
    let record = &package.record;
    object(json!({
        "expanded_base_size": record.base_size,
        "expanded_target_size": record.target_size,
        "recipe_size": record.recipe_size,
        "corrections": package.target.corrections(),
        "memory": package.memory(),
        "storage": package.storage(),
        "base_streams": package.base.streams(),
        "streams": streams(&package.target, &mut { LISTED_JSON }),
    }))
}

fn streams(level: &Level, left: &mut usize) -> Vec<Value> {
    let mut listed = Vec::new();
    for item in level.items.iter().filter(|item| item.frame.has_stream()) {
        let Some(rest) = left.checked_sub(1) else { break };
        *left = rest;
        let (plain, corrections, follows) = sizes(item);
        listed.push(json!({
            "kind": frame_name(item.frame),
            "plain_size": plain,
            "corrections": corrections,
            "follows_base": follows,
            "inside": streams(&item.inside, left),
        }));
    }
    listed
}
