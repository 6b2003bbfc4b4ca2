//! Compares bytes eight at a time.

/// Number of equal bytes at the start of both slices.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let length = compare(a, b);
    #[cfg(test)]
    tests::COMPARED.with(|compared| compared.set(compared.get() + length as u64 + 1));
    length
}

fn compare(a: &[u8], b: &[u8]) -> usize {
    let mut length = 0;
    for (x, y) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        let difference = word(x) ^ word(y);
        if difference != 0 {
            return length + difference.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let tail = a[length..].iter().zip(&b[length..]);
    length + tail.take_while(|(x, y)| x == y).count()
}

/// The first eight bytes as a little-endian number.
pub(super) fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::common_prefix;

    thread_local! {
        /// Bytes that this thread has compared, and one for each call.
        pub(crate) static COMPARED: Cell<u64> = const { Cell::new(0) };
    }

    proptest! {
        #[test]
        fn common_prefix_agrees_with_the_definition(a: Vec<u8>, b: Vec<u8>, shared: Vec<u8>) {
            let (a, b) = ([&shared[..], &a].concat(), [&shared[..], &b].concat());
            let expected = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
            prop_assert_eq!(common_prefix(&a, &b), expected);
        }
    }
}
