//! Smidgen's two directions.

use smidgen_diff::{CodecChoice, Options, Silent};
use smidgen_patch::container::{InProcess, Opened, restore};
use smidgen_patch::{Error, Header, Patcher, SliceTarget, SoftwareSha256};

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
pub fn patch(old: &[u8], package: &[u8]) -> Result<Vec<u8>, Error> {
    let (header, _) = Header::parse(package)?;
    let mut new = vec![0; header.target_size as usize];
    let target = SliceTarget::new(&mut new);
    if let Some(opened) = Opened::new::<SoftwareSha256>(package)? {
        let maker = InProcess::default();
        restore::<_, _, SoftwareSha256>(&opened, old, target, Vec::new(), Vec::new(), &maker)?;
        return Ok(new);
    }
    let mut memory = vec![0; header.ram as usize + 3];
    let start = memory.as_ptr().align_offset(4);
    let mut patcher = Patcher::new(&mut memory[start..], old, target);
    patcher.push(package)?;
    patcher.finish()?;
    Ok(new)
}
