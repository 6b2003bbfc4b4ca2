//! Random changes to an image.

use proptest::prelude::*;

/// A change to an image; places are taken modulo its size.
#[derive(Clone, Debug)]
pub enum Edit {
    /// A byte at a place.
    Set(usize, u8),
    /// Bytes before a place.
    Insert(usize, Vec<u8>),
    /// A length from a place on.
    Remove(usize, usize),
    /// From a place to a place, a length.
    Move(usize, usize, usize),
}

/// Up to `most` changes.
pub fn edits(most: usize) -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<usize>(), 0..200usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (any::<usize>(), any::<usize>(), 0..300usize)
            .prop_map(|(from, to, length)| Edit::Move(from, to, length)),
    ];
    prop::collection::vec(edit, 0..=most)
}

/// The image after these edits.
pub fn edited(image: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut image = image.to_vec();
    edits.iter().for_each(|edit| apply(&mut image, edit));
    image
}

fn apply(image: &mut Vec<u8>, edit: &Edit) {
    let place = |at: usize| at % (image.len() + 1);
    let stretch = |at: usize, length: usize| place(at)..(place(at) + length).min(image.len());
    match edit {
        Edit::Set(..) if image.is_empty() => {}
        Edit::Set(at, byte) => {
            let at = at % image.len();
            image[at] = *byte;
        }
        Edit::Insert(at, bytes) => drop(image.splice(place(*at)..place(*at), bytes.iter().copied())),
        Edit::Remove(at, length) => drop(image.drain(stretch(*at, *length))),
        Edit::Move(from, to, length) => {
            let part: Vec<u8> = image.drain(stretch(*from, *length)).collect();
            let to = to % (image.len() + 1);
            image.splice(to..to, part);
        }
    }
}
