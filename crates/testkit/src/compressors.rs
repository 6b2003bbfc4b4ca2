//! Writers of files of other compressors than deflate's, by their libraries.

use std::io::Write;

use liblzma::stream::{Action, Check, Filters, LzmaOptions, Status, Stream};

/// A file of .xz with blocks of `block` plain bytes, which go through the filter for x86 first if `branch` says so.
pub fn xz(plain: &[u8], preset: u32, check: Check, block: usize, branch: bool) -> Vec<u8> {
    let mut filters = Filters::new();
    if branch {
        filters.x86();
    }
    filters.lzma2(&LzmaOptions::new_preset(preset).expect("a preset"));
    let mut stream = Stream::new_stream_encoder(&filters, check).expect("an encoder");
    let mut file = Vec::with_capacity(2 * plain.len() + 4096);
    let blocks = plain.chunks(block);
    let last = blocks.len().saturating_sub(1);
    for (number, block) in blocks.enumerate() {
        let action = if number == last { Action::Finish } else { Action::FullFlush };
        let start = stream.total_in();
        loop {
            let rest = &block[(stream.total_in() - start) as usize..];
            if stream.process_vec(rest, &mut file, action).expect("room") == Status::StreamEnd {
                break;
            }
        }
    }
    file
}

/// A file of .lzma.
pub fn lzma(plain: &[u8], preset: u32) -> Vec<u8> {
    let options = LzmaOptions::new_preset(preset).expect("a preset");
    let stream = Stream::new_lzma_encoder(&options).expect("an encoder");
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
}

/// A frame of zstd, made all at once.
pub fn zstd(plain: &[u8], level: i32) -> Vec<u8> {
    zstd::bulk::compress(plain, level).expect("memory")
}

/// A frame of zstd of which nobody knew the size, with a checksum; in jobs of several threads if asked for.
pub fn zstd_stream(plain: &[u8], level: i32, jobs: bool) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), level).expect("memory");
    encoder.include_checksum(true).expect("a checksum");
    if jobs {
        encoder.multithread(2).expect("threads");
    }
    encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
}

/// A frame of lz4 as kernels have it: blocks of 8 MiB, each with its size before it.
pub fn lz4_legacy(plain: &[u8], level: i32) -> Vec<u8> {
    let mut file = vec![0x02, 0x21, 0x4C, 0x18];
    for block in plain.chunks(8 << 20) {
        let packed = lz4_block(block, level);
        file.extend((packed.len() as u32).to_le_bytes());
        file.extend(packed);
    }
    file
}

/// A block of lz4: level 0 is the fast search.
pub fn lz4_block(plain: &[u8], level: i32) -> Vec<u8> {
    use lz4::block::{CompressionMode, compress};
    let mode = if level == 0 { CompressionMode::DEFAULT } else { CompressionMode::HIGHCOMPRESSION(level) };
    compress(plain, Some(mode), false).expect("memory")
}
