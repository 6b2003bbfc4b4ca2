//! The files in a tar archive (POSIX.1-1988 ustar, with the long names of GNU and pax).

use std::ops::Range;

const BLOCK: usize = 512;

pub(super) struct Entry {
    pub(super) name: String,
    pub(super) place: Range<usize>,
}

/// The regular files of an archive; `None` if it is not one from its first block on.
pub(super) fn entries(file: &[u8]) -> Option<Vec<Entry>> {
    let (mut entries, mut at, mut long) = (Vec::new(), 0, None);
    while let Some(header) = file.get(at..at + BLOCK).filter(|header| is_header(header)) {
        let size = octal(&header[124..136])?;
        let place = at + BLOCK..(at + BLOCK).checked_add(size)?;
        let contents = file.get(place.clone())?;
        match header[156] {
            b'L' => long = Some(text(contents)),
            b'x' => long = pax_path(contents).or(long),
            b'0' | 0 => entries
                .push(Entry { name: long.take().unwrap_or_else(|| name(header)), place: place.clone() }),
            _ => long = None,
        }
        at = place.end.next_multiple_of(BLOCK);
    }
    (at > 0).then_some(entries)
}

/// Whether the sum of a block's bytes is what it says.
fn is_header(block: &[u8]) -> bool {
    let sum = |range: Range<usize>| block[range].iter().map(|&byte| usize::from(byte)).sum::<usize>();
    let found = sum(0..148) + 8 * usize::from(b' ') + sum(156..BLOCK);
    block[0] != 0 && octal(&block[148..156]) == Some(found)
}

fn octal(field: &[u8]) -> Option<usize> {
    let digits: String = text(field);
    usize::from_str_radix(digits.trim(), 8).ok()
}

fn name(header: &[u8]) -> String {
    let prefix = if header[257..262] == *b"ustar" && header[263..265] == *b"00" {
        text(&header[345..500])
    } else {
        String::new()
    };
    if prefix.is_empty() { text(&header[..100]) } else { prefix + "/" + &text(&header[..100]) }
}

/// The path of a pax header: records of "LENGTH KEY=VALUE\n".
fn pax_path(records: &[u8]) -> Option<String> {
    let mut lines = records.split(|&byte| byte == b'\n');
    lines.find_map(|line| text(line).split_once(' ')?.1.strip_prefix("path=").map(str::to_owned))
}

/// Up to the first zero.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, sort: u8, contents: &[u8]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", contents.len()).as_bytes());
        block[156] = sort;
        block[148..156].fill(b' ');
        let sum: usize = block.iter().map(|&byte| usize::from(byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block.extend_from_slice(contents);
        block.resize(block.len().next_multiple_of(BLOCK), 0);
        block
    }

    #[test]
    fn files_have_names_and_places() {
        let long = "a".repeat(150);
        let archive = [
            member("dir/", b'5', b""),
            member("dir/one", b'0', b"first"),
            member("././@LongLink", b'L', format!("{long}\0").as_bytes()),
            member("cut", b'0', b"second"),
            member("pax", b'x', b"19 path=a/third.bin\n"),
            member("cut", b'0', &[7; 600]),
            vec![0; 1024],
        ]
        .concat();
        let found = entries(&archive).unwrap();
        let names: Vec<&str> = found.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["dir/one", &long, "a/third.bin"]);
        assert_eq!(archive[found[1].place.clone()], *b"second");
        assert_eq!(archive[found[2].place.clone()], [7; 600]);
    }

    #[test]
    fn what_is_not_an_archive_has_no_files() {
        assert!(entries(&[0; 2048]).is_none());
        assert!(entries(b"short").is_none());
        let mut archive = member("x", b'0', b"1");
        archive[0] = b'y';
        assert!(entries(&archive).is_none());
    }
}
