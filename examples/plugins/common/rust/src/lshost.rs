//! The C ABI of lshost 1.0, as far as a plugin needs it, written by hand after <lshost/plugin.h>, and what makes it bearable
//! in Rust: `Failure`, `Stream`, `guard`. The test in this file compares every size and offset with the C headers.
#![allow(non_camel_case_types, dead_code)]

use std::ffi::{c_void, CStr};
use std::io;
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};

pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;

pub const OK: i32 = 0;
pub const END: i32 = 1;
pub const CANCELLED: i32 = 3;
pub const GONE: i32 = 4;
pub const E_INTERNAL: i32 = -1;
pub const E_CONFIG: i32 = -3;
pub const E_NOT_FOUND: i32 = -4;
pub const E_DENIED: i32 = -5;
pub const E_IO: i32 = -7;
pub const E_NO_SPACE: i32 = -8;
pub const E_UNSUPPORTED: i32 = -10;
pub const ERR_RETRYABLE: u32 = 1;
pub const ERR_OPERATOR: u32 = 2;
pub const SIZE_UNKNOWN: u64 = u64::MAX;
pub const CFG_STRING: i32 = 1;
pub const KEY_REQUIRED: u32 = 1;
pub const KEY_URL_PATH: u32 = 64;
pub const TYPE_STORE: u32 = 1;
pub const ITEM_GENERATION: i32 = 1;
pub const ITEM_SNAPSHOT: i32 = 2;
pub const ITEM_WAL: i32 = 3;
pub const ITEM_INDEX_COMPLETE: u32 = 1;
pub const STATE_WAITING: i32 = 2;
pub const STATE_SNAPSHOT: i32 = 3;
pub const STATE_STREAMING: i32 = 5;
pub const STATE_BACKOFF: i32 = 6;

pub const EXT_CONFIG_SCHEMA: &str = "lshost.config-schema/1";
pub const EXT_RESTORE: &str = "lshost.restore/1";
pub const EXT_RETENTION: &str = "lshost.retention/1";
pub const HOST_ENGINE: &[u8] = b"lshost.host.engine/1\0";

/// Declares each struct, and lists its fields for the test.
macro_rules! c_structs {
    ($(struct $name:ident { $($field:ident: $type:ty,)* })*) => {
        $(#[repr(C)] #[derive(Clone, Copy)] pub struct $name { $(pub $field: $type,)* })*

        #[cfg(test)]
        fn layout() -> Vec<(&'static str, usize, Vec<(&'static str, usize)>)> {
            vec![$({
                let at = std::mem::MaybeUninit::<$name>::uninit();
                let at = at.as_ptr();
                // No reference is made: nothing there is initialized.
                let fields = vec![$((stringify!($field), unsafe { std::ptr::addr_of!((*at).$field) } as usize - at as usize)),*];
                (stringify!($name), std::mem::size_of::<$name>(), fields)
            }),*]
        }
    };
}

c_structs! {
    struct lshost_error { struct_size: u32, code: i32, flags: u32, retry_after_ms: u32, message: [u8; 1008], }
    struct lshost_pos { generation: [u8; 32], index: u64, offset: u64, reserved: [u64; 2], }
    struct lshost_reader {
        struct_size: u32, flags: u32, imp: *mut c_void,
        read: unsafe extern "C" fn(*mut lshost_reader, *mut c_void, usize, *mut usize, *mut lshost_error) -> i32,
        fd: Option<unsafe extern "C" fn(*mut lshost_reader, *mut u64, *mut u64) -> i32>,
        close: unsafe extern "C" fn(*mut lshost_reader),
    }
    struct lshost_kv { key: *const c_char, value: *const c_char, }

    struct lshost_replica_info {
        struct_size: u32, flags: u32, replica: *const c_char, database: *const c_char, work_dir: *const c_char,
    }
    struct lshost_db_status { struct_size: u32, page_size: u32, oldest: lshost_pos, tip: lshost_pos, }
    struct lshost_wal_info {
        struct_size: u32, page_size: u32, start: lshost_pos, end: lshost_pos, commit_ns: i64, flags: u32, reserved: u32,
    }
    struct lshost_snapshot_info { struct_size: u32, page_size: u32, pos: lshost_pos, size: u64, created_ns: i64, }
    struct lshost_value { struct_size: u32, r#type: i32, i: i64, f: f64, s: *const c_char, s_len: usize, }
    struct lshost_host {
        struct_size: u32, abi_minor: u32,
        info: unsafe extern "C" fn(*mut c_void) -> *const lshost_replica_info,
        config_get: unsafe extern "C" fn(*mut c_void, *const c_char, i32, i32, *mut lshost_value, *mut lshost_error) -> i32,
        config_check: unsafe extern "C" fn(*mut c_void, *mut lshost_error) -> i32,
        status: unsafe extern "C" fn(*mut c_void, *mut lshost_db_status, *mut lshost_error) -> i32,
        wal_open: unsafe extern "C" fn(*mut c_void, *const lshost_pos, *mut lshost_wal_info, *mut *mut lshost_reader,
                                       *mut lshost_error) -> i32,
        snapshot_open: unsafe extern "C" fn(*mut c_void, u32, *mut lshost_snapshot_info, *mut *mut lshost_reader,
                                            *mut lshost_error) -> i32,
        snapshot_due: unsafe extern "C" fn(*mut c_void) -> i32,
        wait: unsafe extern "C" fn(*mut c_void, *const lshost_pos, i64) -> i32,
        sleep: unsafe extern "C" fn(*mut c_void, i64) -> i32,
        cancelled: unsafe extern "C" fn(*mut c_void) -> i32,
        event_fd: unsafe extern "C" fn(*mut c_void) -> i32,
        report_pos: unsafe extern "C" fn(*mut c_void, *const lshost_pos),
        report_snapshot: unsafe extern "C" fn(*mut c_void, *const lshost_pos, u64),
        report_state: unsafe extern "C" fn(*mut c_void, i32, *const c_char),
        report_error: unsafe extern "C" fn(*mut c_void, *const lshost_error),
        log_enabled: unsafe extern "C" fn(*mut c_void, i32) -> i32,
        log: unsafe extern "C" fn(*mut c_void, i32, *const c_char, *const lshost_kv, usize),
        metric: unsafe extern "C" fn(*mut c_void, *const c_char, i32, f64),
        spawn: unsafe extern "C" fn(*mut c_void, *const c_char, unsafe extern "C" fn(*mut c_void), *mut c_void,
                                    *mut lshost_error) -> i32,
        extension: unsafe extern "C" fn(*mut c_void, *const c_char) -> *const c_void,
    }

    struct lshost_replicator {
        struct_size: u32, flags: u32, imp: *mut c_void,
        name: unsafe extern "C" fn(*mut lshost_replicator) -> *const c_char,
        r#type: unsafe extern "C" fn(*mut lshost_replicator) -> *const c_char,
        snapshotting: unsafe extern "C" fn(*mut lshost_replicator) -> i32,
        start: unsafe extern "C" fn(*mut lshost_replicator, *mut lshost_error) -> i32,
        stop: unsafe extern "C" fn(*mut lshost_replicator, i64, *mut lshost_error) -> i32,
        destroy: unsafe extern "C" fn(*mut lshost_replicator),
        extension: unsafe extern "C" fn(*mut lshost_replicator, *const c_char) -> *const c_void,
    }
    struct lshost_type {
        struct_size: u32, flags: u32, r#type: *const c_char, summary: *const c_char,
        create: unsafe extern "C" fn(*const lshost_type, *const lshost_host, *mut c_void, u32, *mut *mut lshost_replicator,
                                     *mut lshost_error) -> i32,
        extension: Option<unsafe extern "C" fn(*const lshost_type, *const c_char) -> *const c_void>,
    }
    struct lshost_module {
        struct_size: u32, abi_minor: u32, name: *const c_char, version: *const c_char, vendor: *const c_char,
        license: *const c_char, url: *const c_char, min_host_minor: u32, type_count: u32,
        types: *const *const lshost_type,
    }
    struct lshost_meta {
        magic: [u8; 16], struct_size: u32, abi_major: u16, abi_minor: u16, name: [u8; 32], version: [u8; 32],
        types: [u8; 128], sdk: [u8; 32],
    }

    struct lshost_config_key {
        struct_size: u32, r#type: i32, flags: u32, reserved: u32, key: *const c_char, default_value: *const c_char,
        help: *const c_char, choices: *const c_char,
    }
    struct lshost_config_schema { struct_size: u32, count: u32, keys: *const *const lshost_config_key, }

    struct lshost_item {
        struct_size: u32, kind: i32, pos: lshost_pos, size: u64, created_ns: i64, updated_ns: i64, flags: u32, reserved: u32,
    }
    struct lshost_item_sink {
        struct_size: u32, flags: u32, imp: *mut c_void,
        item: unsafe extern "C" fn(*mut lshost_item_sink, *const lshost_item) -> i32,
    }
    struct lshost_restore {
        struct_size: u32, flags: u32,
        list: unsafe extern "C" fn(*mut lshost_replicator, i32, *const c_char, *mut lshost_item_sink, *mut lshost_error) -> i32,
        open: unsafe extern "C" fn(*mut lshost_replicator, *const lshost_item, *mut *mut lshost_reader,
                                   *mut lshost_error) -> i32,
        commit_times: Option<unsafe extern "C" fn(*mut lshost_replicator, *const lshost_item, *mut c_void,
                                                    *mut lshost_error) -> i32>,
    }
    struct lshost_retention {
        struct_size: u32, flags: u32,
        remove: unsafe extern "C" fn(*mut lshost_replicator, *const *const lshost_item, usize, *mut lshost_error) -> i32,
    }

    struct lshost_blob { struct_size: u32, flags: u32, key: *const c_char, size: u64, created_ns: i64, }
    struct lshost_blob_sink {
        struct_size: u32, flags: u32, imp: *mut c_void,
        item: unsafe extern "C" fn(*mut lshost_blob_sink, *const lshost_blob) -> i32,
    }
    struct lshost_store {
        struct_size: u32, flags: u32, imp: *mut c_void,
        put: unsafe extern "C" fn(*mut lshost_store, *const c_char, *mut lshost_reader, u64, *mut lshost_error) -> i32,
        put_new: Option<unsafe extern "C" fn(*mut lshost_store, *const c_char, *mut lshost_reader, u64,
                                               *mut lshost_error) -> i32>,
        get: unsafe extern "C" fn(*mut lshost_store, *const c_char, u64, u64, *mut *mut lshost_reader,
                                  *mut lshost_error) -> i32,
        list: unsafe extern "C" fn(*mut lshost_store, *const c_char, *mut lshost_blob_sink, *mut lshost_error) -> i32,
        remove: unsafe extern "C" fn(*mut lshost_store, *const *const c_char, usize, *mut lshost_error) -> i32,
        destroy: unsafe extern "C" fn(*mut lshost_store),
    }
    struct lshost_engine {
        struct_size: u32, flags: u32,
        create: unsafe extern "C" fn(*mut c_void, *const c_char, *mut lshost_store, *mut *mut lshost_replicator,
                                     *mut lshost_error) -> i32,
    }
}

/// For tables without data that changes: they may be read from any thread.
pub struct Static<T>(pub T);
unsafe impl<T> Sync for Static<T> {}

/// The address of a text that ends in "\0". Evaluated by the compiler.
pub const fn text(bytes: &'static [u8]) -> *const c_char {
    bytes.as_ptr() as *const c_char
}

/// A text as a field of fixed size.
pub const fn field<const N: usize>(text: &str) -> [u8; N] {
    let from = text.as_bytes();
    let mut to = [0; N];
    let mut i = 0;
    while i < from.len() {
        to[i] = from[i];
        i += 1;
    }
    to
}

/// The `struct_size` of a T.
pub const fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// A struct for the other side to fill. REQUIRES: T begins with its struct_size, and zeros are a value of it.
pub fn to_fill<T: Copy>() -> T {
    let mut zeroed = unsafe { std::mem::zeroed::<T>() };
    unsafe { *(&mut zeroed as *mut T as *mut u32) = size_of::<T>() };
    zeroed
}

/// Text that the other side lent.
pub fn borrowed<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("")
}

// ---- failures ----

/// A result that is not OK, with what the host needs to react. The outcomes above 0 have no message.
#[derive(Debug)]
pub struct Failure {
    pub code: i32,
    pub flags: u32,
    pub message: String,
}

impl Failure {
    pub fn new(code: i32, flags: u32, message: impl Into<String>) -> Failure {
        Failure { code, flags, message: message.into() }
    }
    pub fn io(what: &str, failure: &io::Error) -> Failure {
        let (code, flags) = match (failure.kind(), failure.raw_os_error()) {
            (io::ErrorKind::NotFound, _) => (E_NOT_FOUND, ERR_RETRYABLE | ERR_OPERATOR),
            (io::ErrorKind::PermissionDenied, _) => (E_DENIED, ERR_RETRYABLE | ERR_OPERATOR),
            (_, Some(20)) => (E_NOT_FOUND, ERR_RETRYABLE | ERR_OPERATOR), // ENOTDIR
            (_, Some(28)) => (E_NO_SPACE, ERR_RETRYABLE | ERR_OPERATOR), // ENOSPC
            _ => (E_IO, ERR_RETRYABLE),
        };
        Failure::new(code, flags, format!("{}: {}", what, failure))
    }
    /// As the other side wants it.
    pub fn to_c(&self) -> lshost_error {
        let mut err: lshost_error = to_fill();
        let mut length = self.message.len().min(err.message.len() - 1);
        while !self.message.is_char_boundary(length) {
            length -= 1;
        }
        err.code = self.code;
        err.flags = self.flags;
        err.message[..length].copy_from_slice(&self.message.as_bytes()[..length]);
        err
    }
}

/// C to Rust: runs a call that takes an lshost_error.
pub fn check(call: impl FnOnce(*mut lshost_error) -> i32) -> Result<(), Failure> {
    let mut err: lshost_error = to_fill();
    let code = call(&mut err);
    if code == OK {
        return Ok(());
    }
    let end = err.message.iter().position(|byte| *byte == 0).unwrap_or(0);
    Err(Failure::new(code, err.flags, String::from_utf8_lossy(&err.message[..end])))
}

/// Rust to C: what `run` returns becomes a result and a filled error, and so does a panic. Nothing ever escapes.
///
/// # Safety
/// `err` is NULL or what its struct_size says.
pub unsafe fn guard(err: *mut lshost_error, run: impl FnOnce() -> Result<(), Failure>) -> i32 {
    let failure = match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::new(E_INTERNAL, 0, "the plugin panicked"),
    };
    if failure.code < 0 && !err.is_null() && (*err).struct_size >= size_of::<lshost_error>() {
        *err = failure.to_c();
    }
    failure.code
}

// ---- streams ----

/// Reads a stream of the other side.
pub struct Stream {
    reader: *mut lshost_reader,
    closes: bool,
}

impl Stream {
    /// One that is ours to close.
    pub fn owned(reader: *mut lshost_reader) -> Stream {
        Stream { reader, closes: true }
    }
    /// One that somebody else closes.
    pub fn lent(reader: *mut lshost_reader) -> Stream {
        Stream { reader, closes: false }
    }
    /// One that is at its end.
    pub fn empty() -> Stream {
        Stream { reader: std::ptr::null_mut(), closes: false }
    }
    /// 0: the end.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let mut count = 0;
        if !self.reader.is_null() {
            let read = unsafe { (*self.reader).read };
            check(|err| unsafe { read(self.reader, into.as_mut_ptr() as *mut c_void, into.len(), &mut count, err) })?;
        }
        Ok(count)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.closes {
            unsafe { ((*self.reader).close)(self.reader) };
        }
    }
}

/// Gives something of ours to the other side to read, which closes it.
pub fn export<R: io::Read>(source: R) -> *mut lshost_reader {
    let reader = lshost_reader {
        struct_size: size_of::<lshost_reader>(),
        flags: 0,
        imp: Box::into_raw(Box::new(source)) as *mut c_void,
        read: read_exported::<R>,
        fd: None,
        close: close_exported::<R>,
    };
    Box::into_raw(Box::new(reader))
}

unsafe extern "C" fn read_exported<R: io::Read>(
    me: *mut lshost_reader,
    buf: *mut c_void,
    cap: usize,
    n: *mut usize,
    err: *mut lshost_error,
) -> i32 {
    *n = 0;
    guard(err, || {
        let into = std::slice::from_raw_parts_mut(buf as *mut u8, cap);
        *n = (*((*me).imp as *mut R)).read(into).map_err(|failure| Failure::io("read", &failure))?;
        Ok(())
    })
}

unsafe extern "C" fn close_exported<R: io::Read>(me: *mut lshost_reader) {
    let reader = Box::from_raw(me);
    drop(Box::from_raw(reader.imp as *mut R));
}

// ---- the test ----

/// Goal: what is written above by hand is what the C headers say.
/// Method: a C compiler checks every size and every offset.
#[test]
fn layout_is_that_of_the_c_headers() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let mut source = String::from("#include <lshost/plugin.h>\n");
    let mut assert = |what: String, value: usize| {
        source += &format!("_Static_assert({} == {}, \"{}\");\n", what, value, what);
    };
    for (name, size, fields) in layout() {
        assert(format!("sizeof({})", name), size);
        for (field, offset) in fields {
            let field = if field == "imp" { "impl" } else { field.trim_start_matches("r#") };
            assert(format!("offsetof({}, {})", name, field), offset);
        }
    }
    for (name, value) in [("E_UNSUPPORTED", E_UNSUPPORTED), ("E_NO_SPACE", E_NO_SPACE), ("GONE", GONE), ("ITEM_WAL", ITEM_WAL)] {
        source += &format!("_Static_assert(LSHOST_{} == {}, \"{}\");\n", name, value, name);
    }
    assert!(source.lines().count() > 100);
    let include = std::env::var("LSHOST_INCLUDE").unwrap_or_else(|_| "/usr/local/include".to_string());
    let mut compiler = Command::new("cc")
        .args(["-std=c11", "-fsyntax-only", "-x", "c", "-I", &include, "-"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("a C compiler");
    compiler.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    assert!(compiler.wait().unwrap().success(), "the layout differs from the headers in {}", include);
}
