//! Finds compressed data that is not expanded, for a remark.

use super::found::Found;
use crate::archive::marked;

/// Members of a tar and file systems in an image begin at multiples of this.
const SECTOR: usize = 512;
/// A squashfs superblock has its compressor here; 1 is gzip.
const SQUASHFS_COMPRESSOR: usize = 20;
const SQUASHFS_GZIP: u8 = 1;
/// The most bytes between a mark and the first stream behind it: headers of .xz.
const HEADERS: usize = 1100;
/// Formats that are named: others are rare in firmware, and may be there by chance.
const NAMED: [&str; 8] = ["xz", "bzip2", "zstd", "lz4", "7z", "rar", "lzip", "lzop"];

/// What a file holds, at its start or that of a sector, that is compressed and is not among the streams that were found.
pub(crate) fn unopened(file: &[u8], found: &[Found]) -> Option<&'static str> {
    let is_found = |at: usize| {
        let behind = found.get(found.partition_point(|found| found.extent.start < at));
        behind.is_some_and(|found| found.frame.compressor().is_some() && found.extent.start < at + HEADERS)
    };
    file.chunks(SECTOR).enumerate().find_map(|(number, sector)| {
        let name = match sector {
            [b'h', b's', b'q', b's', ..] => is_foreign_squashfs(sector).then_some("squashfs (not gzip)"),
            _ => marked(sector).map(|format| format.name).filter(|name| NAMED.contains(name)),
        };
        name.filter(|_| !is_found(number * SECTOR))
    })
}

fn is_foreign_squashfs(superblock: &[u8]) -> bool {
    superblock
        .get(SQUASHFS_COMPRESSOR..)
        .is_some_and(|rest| matches!(rest, [id, 0, ..] if *id != SQUASHFS_GZIP))
}

#[cfg(test)]
mod tests {
    #[test]
    fn marks_count_at_the_start_of_sectors_only() {
        let file = |at: usize, mark: &[u8]| [&vec![1; at], mark, &[0; 600]].concat();
        let unopened = |file: &[u8]| super::unopened(file, &[]);
        assert_eq!(unopened(&file(0, b"\xFD7zXZ\0")), Some("xz"));
        assert_eq!(unopened(&file(1024, b"BZh91AY&SY")), Some("bzip2"));
        assert_eq!(unopened(&file(512, b"\x28\xB5\x2F\xFD\x04")), Some("zstd"));
        assert_eq!(unopened(&file(511, b"\x28\xB5\x2F\xFD\x04")), None);
        let squashfs = |id: u8| file(512, &[b"hsqs".as_slice(), &[9; 16], &[id, 0]].concat());
        assert_eq!(unopened(&squashfs(1)), None);
        assert_eq!(unopened(&squashfs(4)), Some("squashfs (not gzip)"));
        assert_eq!(unopened(&[]), None);
    }
}
