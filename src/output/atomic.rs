//! A file that appears whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, ErrorKind, Result};

/// An output file that takes the place of an older one only when it is complete and on disk.
///
/// It is written under a temporary name in the same directory, synced, renamed, and the directory is synced. Dropped without
/// [`AtomicFile::commit`] it leaves nothing behind, and the older file as it was.
#[derive(Debug)]
pub struct AtomicFile {
    file: NamedTempFile,
    destination: PathBuf,
}

impl AtomicFile {
    /// Begins a file that will be `path`. A symbolic link is followed: the file that it names is replaced. An older file's
    /// permissions are kept.
    ///
    /// # Errors
    /// A destination that is no regular file (a device, a pipe, a directory), or a directory that cannot be written to.
    pub fn create(path: &Path) -> Result<Self> {
        let destination = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let older = fs::metadata(&destination).ok();
        if older.as_ref().is_some_and(|m| !m.is_file()) {
            return Err(not_a_file(path, older.is_some_and(|m| m.is_dir())));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".slix-").suffix(".tmp").permissions(new_file_permissions());
        let file = builder.tempfile_in(directory(&destination)).map_err(|cause| create_failed(path, cause))?;
        if let Some(older) = older {
            file.as_file().set_permissions(older.permissions()).map_err(|cause| create_failed(path, cause))?;
        }
        Ok(AtomicFile { file, destination })
    }

    /// Puts the file in its place. After this the file survives a crash.
    ///
    /// # Errors
    /// What syncing or renaming gives; the older file is then untouched.
    pub fn commit(self) -> Result<()> {
        let name = self.destination.display().to_string();
        self.file.as_file().sync_all().map_err(|cause| write_failed(&name, cause))?;
        self.file.persist(&self.destination).map_err(|e| write_failed(&name, e.error))?;
        // Some file systems cannot sync a directory; the file itself is in place.
        match File::open(directory(&self.destination)).and_then(|d| d.sync_all()) {
            Err(e)
                if !matches!(
                    e.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                ) =>
            {
                Err(write_failed(&name, e))
            }
            _ => Ok(()),
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The error for a failed write to `what`. Its cause is the [`io::Error`], so that a closed pipe can be recognised.
#[cold]
pub fn write_failed(what: &str, cause: io::Error) -> Error {
    let full = matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge);
    let error = Error::new(ErrorKind::Output, format!("writing {what} failed")).because(cause);
    match full {
        true if what == "standard output" => error.hint("free some space, or write elsewhere"),
        true => error.hint("free some space or write elsewhere; an older file at that place is untouched"),
        false => error,
    }
}

#[cold]
fn not_a_file(path: &Path, is_directory: bool) -> Error {
    let what = if is_directory { "a directory" } else { "a device or a pipe" };
    let error = format!("{} is {what}, and an output file is put in place by renaming", path.display());
    let hint =
        if is_directory { "name a file in it" } else { "name an ordinary file; without -o the answer goes to standard output" };
    Error::new(ErrorKind::Output, error).hint(hint)
}

#[cold]
fn create_failed(path: &Path, cause: io::Error) -> Error {
    // The temporary name, of which the cause speaks, is nobody's.
    let cause = fs::metadata(directory(path)).err().unwrap_or_else(|| io::Error::from(cause.kind()));
    let directory = directory(path).display().to_string();
    let hint = match cause.kind() {
        io::ErrorKind::NotFound => format!("the directory {directory} does not exist"),
        io::ErrorKind::PermissionDenied => {
            format!("the file is first written under a temporary name, so {directory} must be writable")
        }
        _ => "choose another place with -o".to_owned(),
    };
    Error::new(ErrorKind::Output, format!("{} cannot be created", path.display())).because(cause).hint(hint)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What `open` gives a new file: read and write for all, less the umask. (Temporary files are private otherwise.)
fn new_file_permissions() -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn names(directory: &Path) -> Vec<String> {
        fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn it_appears_whole_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("out.csv");
        fs::write(&path, "older").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!((fs::read(&path).unwrap(), names(home.path())), (b"older".to_vec(), vec!["out.csv".to_owned()]));
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"older");
        file.commit().unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(home.path())), (b"whole".to_vec(), vec!["out.csv".to_owned()]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_link_stays_a_link() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        fs::write(&real, "older").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut file = AtomicFile::create(&link).unwrap();
        file.write_all(b"new").unwrap();
        file.commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[test]
    fn what_cannot_be_renamed_onto_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let refused = |path: &Path| AtomicFile::create(path).unwrap_err();
        let device = refused(Path::new("/dev/null"));
        assert_eq!(device.to_string(), "/dev/null is a device or a pipe, and an output file is put in place by renaming");
        assert_eq!(device.hint_text(), Some("name an ordinary file; without -o the answer goes to standard output"));
        assert!(refused(home.path()).to_string().contains("is a directory"));
        let lost = refused(&home.path().join("no/such/out.csv"));
        assert!(lost.to_string().contains("cannot be created") && lost.hint_text().unwrap().contains("does not exist"));
        assert!(!lost.to_string().contains(".slix-"), "{lost}");
    }

    #[test]
    fn a_full_disk_says_so() {
        let error = write_failed("out.csv", io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(error.kind(), ErrorKind::Output);
        assert!(error.to_string().starts_with("writing out.csv failed: ") && error.hint_text().unwrap().contains("space"));
    }
}
