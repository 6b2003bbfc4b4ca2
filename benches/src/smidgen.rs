//! Smidgen's two directions.

use smidgen_diff::{CodecChoice, Kept, Options, Restore, RestoreError, Silent};
use smidgen_patch::Error;

use crate::pair::Pair;

/// The package of a pair, with the memory that `auto` gives the decoder.
pub fn diff(pair: &Pair, codec: CodecChoice) -> Vec<u8> {
    let options = Options::default().with_codec(codec);
    smidgen_diff::diff(&pair.old, &pair.new, &options, &Silent).expect("a package").bytes
}

/// The target that a package restores, digests checked, as on a device; of a compressed file, as on a gateway.
///
/// # Errors
/// If the package is damaged, or not for this base.
pub fn patch(old: &[u8], package: &[u8]) -> Result<Vec<u8>, RestoreError<Error>> {
    let mut target = Kept::all();
    Restore::default().restore(old, package, &mut target)?;
    Ok(target.bytes)
}
