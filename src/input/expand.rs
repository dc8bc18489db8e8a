//! From what the user typed to files: directories are walked, patterns matched.

use std::cmp::Ordering;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::resolve::Failure;
use crate::error::{Error, ErrorKind};

/// What one argument stands for.
#[derive(Default)]
pub(super) struct Expansion {
    /// Files and pipes, in the order in which they are named.
    pub(super) paths: Vec<Place>,
    pub(super) notes: Vec<String>,
    pub(super) failures: Vec<Failure>,
}

/// Where a file or a pipe lies.
#[derive(Default)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// Whether it is a regular file, which can be opened without waiting.
    pub(super) is_file: bool,
}

/// Expands one argument. A file that is there wins over the reading of its name as a pattern.
pub(super) fn expand(argument: &Path) -> Expansion {
    let mut expansion = Expansion::default();
    match fs::metadata(argument) {
        Ok(metadata) if metadata.is_dir() => expansion.walk(argument),
        Ok(metadata) => expansion.paths.push(Place { path: argument.to_owned(), is_file: metadata.is_file() }),
        Err(error) => match argument.to_str().filter(|text| error.kind() == io::ErrorKind::NotFound && is_pattern(text)) {
            Some(pattern) => expansion.glob(pattern),
            None => expansion.fail(argument, cannot_open(&argument.to_string_lossy(), error)),
        },
    }
    expansion
}

/// The error for a file that cannot be opened or examined.
#[cold]
pub(super) fn cannot_open(name: &str, cause: io::Error) -> Error {
    let error = Error::new(ErrorKind::Input, format!("{name}: it cannot be opened"));
    let missing = cause.kind() == io::ErrorKind::NotFound;
    let error = error.because(cause);
    if missing { error.hint("check the name; in quotes it may also be a pattern, such as 'logs/**/*.gz'") } else { error }
}

impl Expansion {
    fn fail(&mut self, path: &Path, error: Error) {
        self.failures.push(Failure { name: path.to_string_lossy().into_owned(), error });
    }

    /// Adds every file below a directory, sorted by name, without hidden ones.
    fn walk(&mut self, directory: &Path) {
        let (before, notes) = ((self.paths.len(), self.failures.len()), self.notes.len());
        let entries = WalkDir::new(directory).follow_links(true);
        for entry in entries.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
            match entry {
                Ok(entry) => self.add_entry(entry),
                Err(error) => self.add_walk_error(directory, error),
            }
        }
        sort_by_name(&mut self.paths[before.0..], directory);
        self.failures[before.1..].sort_by(|a, b| a.name.cmp(&b.name));
        self.notes[notes..].sort();
        if before == (self.paths.len(), self.failures.len()) {
            let message = format!("{}: the directory holds no files", directory.display());
            self.fail(directory, Error::new(ErrorKind::Input, message).hint("hidden files are not read unless they are named"));
        }
    }

    fn add_entry(&mut self, entry: DirEntry) {
        if entry.file_type().is_file() {
            self.paths.push(Place { path: entry.into_path(), is_file: true });
        } else if !entry.file_type().is_dir() {
            // A directory of logs should not make slix wait for a pipe that happens to lie in it.
            self.notes.push(format!("{} is not a regular file and is not read", entry.path().display()));
        }
    }

    fn add_walk_error(&mut self, directory: &Path, error: walkdir::Error) {
        let path = error.path().unwrap_or(directory).to_owned();
        if let Some(ancestor) = error.loop_ancestor() {
            let note = format!("{} leads back to {} and is not followed", path.display(), ancestor.display());
            return self.notes.push(note);
        }
        let cause = error.into_io_error().unwrap_or_else(|| io::Error::other("the directory cannot be walked"));
        self.fail(&path, cannot_open(&path.to_string_lossy(), cause));
    }

    /// Adds what a pattern matches, sorted; a matching directory stands for the files below it, as if a shell had expanded it.
    fn glob(&mut self, text: &str) {
        let pattern = text.trim_end_matches('/');
        let matcher = match GlobBuilder::new(pattern).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                let message = format!("{text}: there is no such file, and it is not a pattern either");
                return self.fail(Path::new(text), Error::new(ErrorKind::Input, message).because(error));
            }
        };
        let before = (self.paths.len(), self.failures.len());
        self.walk_matching(pattern, &matcher);
        if before == (self.paths.len(), self.failures.len()) {
            let error = Error::new(ErrorKind::Input, format!("{text}: no file matches this pattern"));
            self.fail(
                Path::new(text),
                error.hint("`*` stays within a directory, `**` crosses them; hidden files are not matched"),
            );
        }
    }

    fn walk_matching(&mut self, pattern: &str, matcher: &GlobMatcher) {
        let base = literal_base(pattern);
        let root = if base.as_os_str().is_empty() { Path::new(".") } else { &base };
        let mut wild = Path::new(pattern).components().skip(base.components().count());
        let hidden_wanted = wild.any(|component| component.as_os_str().as_encoded_bytes().starts_with(b"."));
        let mut entries = WalkDir::new(root).follow_links(true).sort_by(by_name).max_depth(depth_max(pattern, &base)).into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // What is not there does not match; what cannot be read might.
                Err(error) if error.depth() == 0 => return,
                Err(error) => {
                    self.add_walk_error(root, error);
                    continue;
                }
            };
            let is_dir = entry.file_type().is_dir();
            let path =
                if base.as_os_str().is_empty() { entry.path().strip_prefix(".").unwrap_or(entry.path()) } else { entry.path() };
            let path = path.to_owned();
            if entry.depth() > 0 && is_hidden(&entry) && !hidden_wanted {
                if is_dir {
                    entries.skip_current_dir();
                }
            } else if entry.depth() > 0 && matcher.is_match(&path) {
                if is_dir {
                    entries.skip_current_dir();
                    self.walk(&path);
                } else if entry.file_type().is_file() || entry.file_type().is_fifo() {
                    self.paths.push(Place { path, is_file: entry.file_type().is_file() });
                }
            }
        }
    }
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// The order of what lies in one directory, whose path is that of all.
fn by_name(a: &DirEntry, b: &DirEntry) -> Ordering {
    a.path().as_os_str().cmp(b.path().as_os_str())
}

/// Sorts the files below a directory by the components of their paths. A directory may hold many, whose names lie all over the memory, so the
/// first bytes of each are compared where they are sorted.
fn sort_by_name(places: &mut [Place], directory: &Path) {
    const BYTES: usize = size_of::<u128>();
    let base = directory.as_os_str().len();
    let key = |place: &Place| {
        let path = place.path.as_os_str().as_encoded_bytes();
        let mut first = [0; BYTES];
        // A component ends before whatever it could go on with.
        let bytes = path[base.min(path.len())..].iter().skip_while(|&&byte| byte == b'/');
        first.iter_mut().zip(bytes).for_each(|(to, &byte)| *to = if byte == b'/' { 0 } else { byte });
        u128::from_be_bytes(first)
    };
    let mut sorted: Vec<(u128, Place)> = places.iter_mut().map(|place| (key(place), std::mem::take(place))).collect();
    sorted.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then_with(|| one.path.cmp(&other.path)));
    places.iter_mut().zip(sorted).for_each(|(to, (_, place))| *to = place);
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// The components before the first one with a wildcard: the walk begins there.
fn literal_base(pattern: &str) -> PathBuf {
    let literal = |component: &Component| component.as_os_str().to_str().is_some_and(|text| !is_pattern(text));
    Path::new(pattern).components().take_while(literal).collect()
}

/// How deep below its base a pattern can match; `**`, and alternatives that may hold separators, match at any depth.
fn depth_max(pattern: &str, base: &Path) -> usize {
    if pattern.contains("**") || pattern.contains('{') {
        return usize::MAX;
    }
    Path::new(pattern).components().count() - base.components().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn files_are_sorted_by_the_components_of_their_paths(
            names in prop::collection::vec(prop::collection::vec("[a-][a. -]{0,8}|x{14}[ab]{0,3}", 1..4), 0..60),
        ) {
            let place = |names: &Vec<String>| Place { path: Path::new("logs/of").join(names.join("/")), is_file: true };
            let mut places: Vec<Place> = names.iter().map(place).collect();
            let mut want: Vec<PathBuf> = places.iter().map(|place| place.path.clone()).collect();
            sort_by_name(&mut places, Path::new("logs/of"));
            want.sort();
            prop_assert_eq!(places.iter().map(|place| place.path.clone()).collect::<Vec<_>>(), want);
        }
    }
}
