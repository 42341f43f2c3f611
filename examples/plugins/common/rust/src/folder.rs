//! A folder as a destination: files that are there in full or not at all, and durable when put() returns.
//! For a destination of another kind, this is the file to replace.

use crate::lshost::{Failure, Stream, ERR_OPERATOR, ERR_RETRYABLE, E_CONFIG, E_IO, E_NOT_FOUND, SIZE_UNKNOWN};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

pub struct Folder {
    root: PathBuf,
    is_clean: AtomicBool, // of put() only
}

/// One put() at a time; the rest from any thread.
impl Folder {
    pub fn new(path: &str) -> Result<Folder, Failure> {
        if !path.starts_with('/') {
            return Err(Failure::new(E_CONFIG, ERR_OPERATOR, format!("path = \"{}\" is not absolute", path)));
        }
        Ok(Folder { root: PathBuf::from(path), is_clean: AtomicBool::new(false) })
    }

    /// Replaces what is there. If `bytes` fails or ends early, nothing is stored.
    pub fn put(&self, name: &str, bytes: &mut Stream, size: u64) -> Result<(), Failure> {
        if !self.is_clean.load(Ordering::Relaxed) {
            self.remove_unfinished()?;
        }
        let path = self.root.join(name);
        let folder = path.parent().unwrap_or(&self.root);
        make_folder(folder)?;
        let unfinished = folder.join(unfinished_name());
        let stored = self.write(&unfinished, bytes, size);
        let stored = stored.and_then(|()| fs::rename(&unfinished, &path).map_err(|e| failed("rename", &unfinished, &e)));
        if stored.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        stored?;
        // The name lasts once its folder is synced, and the folder's folder.
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)) {
            sync_folder(folder)?;
        }
        Ok(())
    }

    /// The bytes [offset, offset + length), or as many of them as there are.
    pub fn get(&self, name: &str, offset: u64, length: u64) -> Result<impl Read, Failure> {
        let path = self.root.join(name);
        let mut file = File::open(&path).map_err(|e| failed("open", &path, &e))?;
        if !file.metadata().map_err(|e| failed("look at", &path, &e))?.is_file() {
            return Err(Failure::new(E_NOT_FOUND, 0, format!("{} is no file", path.display())));
        }
        file.seek(SeekFrom::Start(offset)).map_err(|e| failed("seek", &path, &e))?;
        Ok(file.take(length))
    }

    /// The names that begin with `prefix`, sorted, and their sizes.
    pub fn list(&self, prefix: &str) -> Result<Vec<(String, u64)>, Failure> {
        let mut found = self.all()?;
        found.retain(|(name, _)| name.starts_with(prefix) && !name.ends_with('~'));
        found.sort();
        Ok(found)
    }

    /// One that is not there is no error.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.root.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound && !path.is_dir() => Err(failed("remove", &path, &e)),
            _ => Ok(()),
        }
    }

    /// A folder with all that is in it.
    #[allow(dead_code)] // a store has no use for it
    pub fn remove_all(&self, name: &str) -> Result<(), Failure> {
        let path = self.root.join(name);
        match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed("remove", &path, &e)),
            _ => Ok(()),
        }
    }

    fn write(&self, path: &Path, bytes: &mut Stream, size: u64) -> Result<(), Failure> {
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let mut file = opened.map_err(|e| failed("create", path, &e))?;
        let mut buffer = vec![0; 128 << 10];
        let mut done = 0;
        loop {
            let count = bytes.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            file.write_all(&buffer[..count]).map_err(|e| failed("write", path, &e))?;
            done += count as u64;
        }
        if size != SIZE_UNKNOWN && size != done {
            return Err(Failure::new(E_IO, ERR_RETRYABLE, format!("the bytes for {} are cut", path.display())));
        }
        file.sync_all().map_err(|e| failed("sync", path, &e))
    }

    /// What was left by a process that was killed. If somebody else is writing one, that fails there and is repeated.
    fn remove_unfinished(&self) -> Result<(), Failure> {
        for (name, _) in self.all()? {
            if name.ends_with('~') {
                self.remove(&name)?;
            }
        }
        self.is_clean.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Every file. A folder that was not made yet has none.
    fn all(&self) -> Result<Vec<(String, u64)>, Failure> {
        let mut found = Vec::new();
        self.walk(&self.root, &mut found)?;
        Ok(found)
    }

    /// Files and folders come and go meanwhile: what is not there any more is left out.
    fn walk(&self, folder: &Path, found: &mut Vec<(String, u64)>) -> Result<(), Failure> {
        let entries = match fs::read_dir(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|e| failed("list", folder, &e))?,
        };
        for entry in entries {
            let entry = entry.map_err(|e| failed("list", folder, &e))?;
            let path = entry.path();
            match entry.metadata() {
                Ok(about) if about.is_dir() => self.walk(&path, found)?,
                Ok(about) if about.is_file() => {
                    if let Some(name) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) {
                        found.push((name.to_string(), about.len()));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Makes a folder that lasts, and those that it lies in.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    let outer = match folder.parent() {
        Some(outer) if !folder.is_dir() => outer,
        _ => return Ok(()),
    };
    make_folder(outer)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(failed("create", folder, &e)),
        _ => {}
    }
    sync_folder(outer)
}

fn sync_folder(folder: &Path) -> Result<(), Failure> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(|e| failed("sync", folder, &e))
}

/// No key ends in ~.
fn unfinished_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!(".{}-{}~", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn failed(what: &str, path: &Path, failure: &io::Error) -> Failure {
    Failure::io(&format!("{} {}", what, path.display()), failure)
}
