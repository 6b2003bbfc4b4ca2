//! A target in memory.

use smidgen_patch::header::IMAGE_LIMIT;
use smidgen_patch::{Error, Header, Target};

/// A target in memory. The default keeps its bytes only if the package reads them back.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// What was written and is kept.
    pub bytes: Vec<u8>,
    keeps: bool,
}

impl Kept {
    /// A target that keeps everything.
    #[must_use]
    pub const fn all() -> Self {
        Self { bytes: Vec::new(), keeps: true }
    }
}

impl Target for Kept {
    type Error = Error;

    fn limit(&self) -> u32 {
        IMAGE_LIMIT
    }

    fn announce(&mut self, header: &Header) -> Result<(), Error> {
        self.keeps |= header.read_back;
        Ok(())
    }

    fn begin(&mut self, _size: u32) -> Result<(), Error> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.keeps {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn read(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Error> {
        let bytes = self.bytes.get(offset as usize..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(Error::TargetRead)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_kept_can_be_read_back() {
        let mut keeping = Kept::all();
        let mut buffer = [0; 2];
        keeping.write(b"abc").unwrap();
        assert_eq!(keeping.read(1, &mut buffer), Ok(()));
        assert_eq!(&buffer, b"bc");
        assert_eq!(keeping.read(2, &mut buffer), Err(Error::TargetRead));
        assert_eq!(keeping.read(9, &mut buffer), Err(Error::TargetRead));
        let mut forgetting = Kept::default();
        forgetting.write(b"abc").unwrap();
        assert_eq!(forgetting.read(0, &mut buffer), Err(Error::TargetRead));
    }
}
