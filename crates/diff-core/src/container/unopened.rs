//! Finds compressed data that is not expanded, for a remark.

use crate::archive::marked;

/// Members of a tar and file systems in an image begin at multiples of this.
const SECTOR: usize = 512;
/// A squashfs superblock has its compressor here; 1 is gzip.
const SQUASHFS_COMPRESSOR: usize = 20;
const SQUASHFS_GZIP: u8 = 1;
/// Formats that are named: others are rare in firmware, and may be there by chance.
const NAMED: [&str; 8] = ["xz", "bzip2", "zstd", "lz4", "7z", "rar", "lzip", "lzop"];

/// What a file holds, at its start or that of a sector, that is compressed otherwise than by deflate.
pub(crate) fn unopened(file: &[u8]) -> Option<&'static str> {
    file.chunks(SECTOR).find_map(|sector| match sector {
        [b'h', b's', b'q', b's', ..] => is_foreign_squashfs(sector).then_some("squashfs (not gzip)"),
        _ => marked(sector).map(|format| format.name).filter(|name| NAMED.contains(name)),
    })
}

fn is_foreign_squashfs(superblock: &[u8]) -> bool {
    superblock
        .get(SQUASHFS_COMPRESSOR..)
        .is_some_and(|rest| matches!(rest, [id, 0, ..] if *id != SQUASHFS_GZIP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_at_the_start_of_sectors_only() {
        let file = |at: usize, mark: &[u8]| [&vec![1; at], mark, &[0; 600]].concat();
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
