//! The report's files: all of them are there in full, or none is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::results::Results;
use super::{csv, markdown, page};

/// Writes all files to a directory, which is made if need be.
pub(crate) fn write(folder: &Path, results: &Results) -> io::Result<()> {
    let files = [
        ("report.csv", csv::file(results)),
        ("report.md", markdown::file(results)),
        ("report.html", page::file(results)),
    ];
    fs::create_dir_all(folder)?;
    let written: io::Result<Vec<_>> =
        files.iter().map(|(name, text)| Ok((temporary(folder, text)?, folder.join(name)))).collect();
    for (file, place) in written? {
        file.persist(place).map_err(|error| error.error)?;
    }
    Ok(())
}

/// Opened by ourselves, it gets the permissions of any new file, where tempfile would make it private.
fn temporary(folder: &Path, text: &str) -> io::Result<NamedTempFile> {
    let open = |path: &Path| File::options().write(true).create_new(true).open(path);
    let mut file = Builder::new().prefix(".report-").suffix(".part").make_in(folder, open)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::results::samples;

    #[test]
    fn three_files_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("made");
        write(&place, &samples::results()).unwrap();
        write(&place, &samples::results()).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["report.csv", "report.html", "report.md"]);
    }
}
