//! The destination "shelf" in Rust: a folder in which each snapshot and each run of WAL is a file. Their names say what they
//! are:
//!   <path>/<generation>/<snapshot|wal>/<index>-<offset>-<size>-<time>
//! A run of no bytes says that its index ends there.

mod folder;
mod lshost;

use folder::Folder;
use lshost::*;
use std::ffi::c_void;
use std::os::raw::c_char;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// A place in the history: lshost_pos with a generation that is easy to compare. Generation "": none.
#[derive(Clone, Default, PartialEq)]
struct Position {
    generation: String,
    index: u64,
    offset: u64,
}

impl Position {
    fn from(c: &lshost_pos) -> Position {
        let end = c.generation.iter().position(|byte| *byte == 0).unwrap_or(c.generation.len());
        let generation = String::from_utf8_lossy(&c.generation[..end]).into_owned();
        Position { generation, index: c.index, offset: c.offset }
    }
    fn to_c(&self) -> lshost_pos {
        let mut generation = [0; 32];
        let length = self.generation.len().min(31);
        generation[..length].copy_from_slice(&self.generation.as_bytes()[..length]);
        lshost_pos { generation, index: self.index, offset: self.offset, reserved: [0; 2] }
    }
    fn at(&self, index: u64, offset: u64) -> Position {
        Position { generation: self.generation.clone(), index, offset }
    }
    fn is_none(&self) -> bool {
        self.generation.is_empty()
    }
    fn has_reached(&self, other: &Position) -> bool {
        self.generation == other.generation && (self.index, self.offset) >= (other.index, other.offset)
    }
}

/// A snapshot or a run of WAL in the folder.
struct Item {
    kind: i32,
    position: Position,
    size: u64,
    time: i64,
    index_complete: bool,
}

impl Item {
    fn name(&self) -> String {
        let Position { generation, index, offset } = &self.position;
        let kind = if self.kind == ITEM_WAL { "wal" } else { "snapshot" };
        format!("{}/{}/{:016x}-{:016x}-{:016x}-{:016x}", generation, kind, index, offset, self.size, self.time)
    }
    /// None: the name is not one of ours.
    fn parse(name: &str) -> Option<Item> {
        let mut parts = name.split('/');
        let generation = parts.next()?.to_string();
        let kind = if parts.next()? == "wal" { ITEM_WAL } else { ITEM_SNAPSHOT };
        let mut numbers = parts.next()?.split('-').map(|digits| u64::from_str_radix(digits, 16).ok());
        let mut next = || numbers.next().flatten();
        let position = Position { generation, index: next()?, offset: next()? };
        let item = Item { kind, position, size: next()?, time: next()? as i64, index_complete: false };
        (item.name() == name).then(|| item)
    }
    fn end(&self) -> Position {
        self.position.at(self.position.index, self.position.offset + self.size)
    }
    fn from(c: &lshost_item) -> Item {
        let position = Position::from(&c.pos);
        Item { kind: c.kind, position, size: c.size, time: c.created_ns, index_complete: false }
    }
    fn to_c(&self) -> lshost_item {
        lshost_item {
            kind: self.kind,
            pos: self.position.to_c(),
            size: self.size,
            created_ns: self.time,
            updated_ns: self.time,
            flags: if self.index_complete { ITEM_INDEX_COMPLETE } else { 0 },
            ..to_fill()
        }
    }
}

/// What is stored of a generation, or of all if it is "", in order.
fn items_of(folder: &Folder, generation: &str) -> Result<Vec<Item>, Failure> {
    let mut items: Vec<Item> = Vec::new();
    for (name, size) in folder.list(generation)? {
        let item = match Item::parse(&name) {
            Some(item) if item.size == size => item,
            _ => continue, // not ours, or cut
        };
        if item.size > 0 {
            items.push(item);
        } else if let Some(last) = items.last_mut() {
            last.index_complete = last.end() == item.position;
        }
    }
    Ok(items)
}

struct Plugin {
    host: &'static lshost_host, // both as long as the plugin lives
    ctx: *mut c_void,
    folder: Folder,
    snapshotting: AtomicBool,
}

unsafe impl Sync for Plugin {} // the host's functions may be called from any thread

// ---- the worker ----

/// One run, from start to stop.
struct Worker<'a> {
    plugin: &'a Plugin,
    snapshot: Position, // that the WAL continues; none: there is none yet
    next: Position,     // where the next byte of WAL goes; none: find out
}

impl Worker<'_> {
    fn run(&mut self) {
        while self.round() != CANCELLED {}
    }

    /// Carries what there is, and waits for more, or a while after a failure. CANCELLED: the host wants it to end.
    fn round(&mut self) -> i32 {
        let Plugin { host, ctx, snapshotting, .. } = self.plugin;
        let result = self.carry();
        snapshotting.store(false, Ordering::Relaxed);
        let failure = match result {
            Ok(Some(tip)) => {
                self.state(STATE_STREAMING);
                return unsafe { (host.wait)(*ctx, &tip.to_c(), -1) };
            }
            Ok(None) => {
                self.state(STATE_WAITING);
                return unsafe { (host.wait)(*ctx, ptr::null(), -1) };
            }
            Err(failure) => failure,
        };
        match failure.code {
            CANCELLED => CANCELLED,
            GONE => {
                self.snapshot = Position::default(); // the host has no WAL behind what we have: a snapshot is needed
                unsafe { (host.sleep)(*ctx, 100) }
            }
            _ => {
                self.next = Position::default(); // what is at the destination decides how it goes on
                self.state(STATE_BACKOFF);
                unsafe {
                    (host.report_error)(*ctx, &failure.to_c());
                    (host.sleep)(*ctx, 1000)
                }
            }
        }
    }

    /// Returns the tip that it has looked at; None: there is none yet.
    fn carry(&mut self) -> Result<Option<Position>, Failure> {
        let Plugin { host, ctx, .. } = self.plugin;
        let mut status: lshost_db_status = to_fill();
        if !there_is(check(|err| unsafe { (host.status)(*ctx, &mut status, err) }))? {
            return Ok(None);
        }
        let tip = Position::from(&status.tip);
        if self.next.generation != tip.generation {
            self.resume(&tip.generation)?;
        }
        if self.snapshot.is_none() {
            self.store_snapshot()?;
        }
        if self.snapshot.is_none() {
            return Ok(Some(tip));
        }
        self.store_wal()?;
        if tip == self.next.at(self.next.index + 1, 0) {
            self.end_index(&tip)?; // an index has begun, without a byte yet
        }
        if unsafe { (host.snapshot_due)(*ctx) } != 0 {
            self.store_snapshot()?;
        }
        Ok(Some(tip))
    }

    /// Finds out what an earlier run stored: the newest snapshot, and how far the WAL goes from there without a gap.
    fn resume(&mut self, generation: &str) -> Result<(), Failure> {
        self.snapshot = Position::default();
        let mut next = Position { generation: generation.to_string(), ..Position::default() };
        for item in items_of(&self.plugin.folder, generation)? {
            if item.kind == ITEM_SNAPSHOT {
                next = item.position.at(item.position.index, 0); // all of them stand before the WAL
                self.snapshot = item.position;
            } else if item.position == next {
                next = if item.index_complete { next.at(next.index + 1, 0) } else { item.end() };
            }
        }
        self.stored(next);
        Ok(())
    }

    fn store_snapshot(&mut self) -> Result<(), Failure> {
        let Plugin { host, ctx, snapshotting, .. } = self.plugin;
        let mut info: lshost_snapshot_info = to_fill();
        let mut reader = ptr::null_mut();
        if !there_is(check(|err| unsafe { (host.snapshot_open)(*ctx, 0, &mut info, &mut reader, err) }))? {
            return Ok(());
        }
        let mut image = Stream::owned(reader); // holds checkpoints back until it goes
        snapshotting.store(true, Ordering::Relaxed);
        self.state(STATE_SNAPSHOT);
        let position = Position::from(&info.pos);
        self.store(ITEM_SNAPSHOT, &position, info.size, info.created_ns, &mut image)?;
        unsafe { (host.report_snapshot)(*ctx, &info.pos, info.size) };
        if self.snapshot.generation == position.generation {
            return Ok(()); // the WAL goes on where it was
        }
        let start = position.at(position.index, 0); // a restore reads the snapshot's index from its beginning
        self.snapshot = position;
        self.stored(start);
        Ok(())
    }

    fn store_wal(&mut self) -> Result<(), Failure> {
        let Plugin { host, ctx, .. } = self.plugin;
        loop {
            let mut info: lshost_wal_info = to_fill();
            let mut reader = ptr::null_mut();
            let from = self.next.to_c();
            if !there_is(check(|err| unsafe { (host.wal_open)(*ctx, &from, &mut info, &mut reader, err) }))? {
                return Ok(());
            }
            let mut run = Stream::owned(reader);
            let start = Position::from(&info.start);
            if start != self.next {
                self.end_index(&start)?;
            }
            self.store(ITEM_WAL, &start, info.end.offset - info.start.offset, info.commit_ns, &mut run)?;
            self.stored(Position::from(&info.end));
        }
    }

    fn end_index(&mut self, following: &Position) -> Result<(), Failure> {
        self.store(ITEM_WAL, &self.next, 0, 0, &mut Stream::empty())?;
        self.stored(following.clone());
        Ok(())
    }

    fn store(&self, kind: i32, at: &Position, size: u64, time: i64, bytes: &mut Stream) -> Result<(), Failure> {
        let item = Item { kind, position: at.clone(), size, time, index_complete: false };
        self.plugin.folder.put(&item.name(), bytes, size)
    }

    /// All before `end` is durable here. The host frees its own copy by what is reported, so not before a snapshot
    /// carries it.
    fn stored(&mut self, end: Position) {
        self.next = end;
        if self.next.has_reached(&self.snapshot) {
            unsafe { (self.plugin.host.report_pos)(self.plugin.ctx, &self.next.to_c()) };
        }
    }

    fn state(&self, state: i32) {
        unsafe { (self.plugin.host.report_state)(self.plugin.ctx, state, ptr::null()) };
    }
}

/// END is no failure: there is nothing now.
fn there_is(result: Result<(), Failure>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(failure) if failure.code == END => Ok(false),
        Err(failure) => Err(failure),
    }
}

unsafe extern "C" fn run(plugin: *mut c_void) {
    let plugin = &*(plugin as *const Plugin);
    let _ = guard(ptr::null_mut(), || {
        Worker { plugin, snapshot: Position::default(), next: Position::default() }.run();
        Ok(())
    });
}

// ---- the five functions ----

unsafe fn plugin_of<'a>(this: *mut lshost_replicator) -> &'a Plugin {
    &*((*this).imp as *const Plugin)
}

unsafe extern "C" fn name(this: *mut lshost_replicator) -> *const c_char {
    let plugin = plugin_of(this);
    (*(plugin.host.info)(plugin.ctx)).replica
}

unsafe extern "C" fn type_name(_this: *mut lshost_replicator) -> *const c_char {
    text(b"shelf\0")
}

unsafe extern "C" fn snapshotting(this: *mut lshost_replicator) -> i32 {
    plugin_of(this).snapshotting.load(Ordering::Relaxed).into()
}

unsafe extern "C" fn start(this: *mut lshost_replicator, err: *mut lshost_error) -> i32 {
    let plugin = plugin_of(this);
    plugin.snapshotting.store(true, Ordering::Relaxed); // until the position is known
    (plugin.host.spawn)(plugin.ctx, text(b"shelf\0"), run, (*this).imp, err)
}

/// Every wait and read says CANCELLED already, and the host joins the worker.
unsafe extern "C" fn stop(_this: *mut lshost_replicator, _deadline_ms: i64, _err: *mut lshost_error) -> i32 {
    OK
}

unsafe extern "C" fn destroy(this: *mut lshost_replicator) {
    let this = Box::from_raw(this);
    drop(Box::from_raw(this.imp as *mut Plugin));
}

unsafe extern "C" fn replicator_extension(_this: *mut lshost_replicator, id: *const c_char) -> *const c_void {
    match borrowed(id) {
        EXT_RESTORE => &RESTORE as *const lshost_restore as *const c_void,
        EXT_RETENTION => &RETENTION as *const lshost_retention as *const c_void,
        _ => ptr::null(),
    }
}

// ---- lshost.restore/1 and lshost.retention/1 ----

unsafe extern "C" fn list(
    this: *mut lshost_replicator,
    kind: i32,
    generation: *const c_char,
    sink: *mut lshost_item_sink,
    err: *mut lshost_error,
) -> i32 {
    guard(err, || {
        if !(ITEM_GENERATION..=ITEM_WAL).contains(&kind) {
            return Err(Failure::new(E_UNSUPPORTED, 0, format!("there are no items of kind {}", kind)));
        }
        let all_generations = kind == ITEM_GENERATION;
        let mut last = String::new();
        for mut item in items_of(&plugin_of(this).folder, if all_generations { "" } else { borrowed(generation) })? {
            if all_generations && item.position.generation != last {
                last = item.position.generation.clone();
                item = Item { kind, position: item.position.at(0, 0), size: 0, time: 0, index_complete: false };
            }
            if item.kind == kind {
                check(|_| ((*sink).item)(sink, &item.to_c()))?;
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn open(
    this: *mut lshost_replicator,
    item: *const lshost_item,
    out: *mut *mut lshost_reader,
    err: *mut lshost_error,
) -> i32 {
    *out = ptr::null_mut();
    guard(err, || {
        *out = export(plugin_of(this).folder.get(&Item::from(&*item).name(), 0, (*item).size)?);
        Ok(())
    })
}

unsafe extern "C" fn remove(
    this: *mut lshost_replicator,
    items: *const *const lshost_item,
    count: usize,
    err: *mut lshost_error,
) -> i32 {
    guard(err, || {
        for i in 0..count {
            let item = Item::from(&**items.add(i));
            let folder = &plugin_of(this).folder;
            if item.kind == ITEM_GENERATION {
                folder.remove_all(&item.position.generation)?;
            } else {
                folder.remove(&item.name())?;
            }
        }
        Ok(())
    })
}

static RESTORE: lshost_restore =
    lshost_restore { struct_size: size_of::<lshost_restore>(), flags: 0, list, open, commit_times: None };
static RETENTION: lshost_retention =
    lshost_retention { struct_size: size_of::<lshost_retention>(), flags: 0, remove };

// ---- the type ----

unsafe extern "C" fn create(
    _this: *const lshost_type,
    host: *const lshost_host,
    ctx: *mut c_void,
    _flags: u32,
    out: *mut *mut lshost_replicator,
    err: *mut lshost_error,
) -> i32 {
    *out = ptr::null_mut();
    guard(err, || {
        let host = &*host;
        let mut path: lshost_value = to_fill();
        check(|err| (host.config_get)(ctx, text(b"path\0"), -1, CFG_STRING, &mut path, err))?;
        check(|err| (host.config_check)(ctx, err))?;
        let folder = Folder::new(borrowed(path.s))?;
        let plugin = Plugin { host, ctx, folder, snapshotting: AtomicBool::new(false) };
        *out = Box::into_raw(Box::new(lshost_replicator {
            struct_size: size_of::<lshost_replicator>(),
            flags: 0,
            imp: Box::into_raw(Box::new(plugin)) as *mut c_void,
            name,
            r#type: type_name,
            snapshotting,
            start,
            stop,
            destroy,
            extension: replicator_extension,
        }));
        Ok(())
    })
}

static PATH_KEY: Static<lshost_config_key> = Static(lshost_config_key {
    struct_size: size_of::<lshost_config_key>(),
    r#type: CFG_STRING,
    flags: KEY_REQUIRED | KEY_URL_PATH,
    reserved: 0,
    key: text(b"path\0"),
    default_value: ptr::null(),
    help: text(b"the folder, absolute\0"),
    choices: ptr::null(),
});
static KEYS: Static<[*const lshost_config_key; 1]> = Static([&PATH_KEY.0]);
static SCHEMA: Static<lshost_config_schema> =
    Static(lshost_config_schema { struct_size: size_of::<lshost_config_schema>(), count: 1, keys: KEYS.0.as_ptr() });

unsafe extern "C" fn extension(_this: *const lshost_type, id: *const c_char) -> *const c_void {
    match borrowed(id) {
        EXT_CONFIG_SCHEMA => &SCHEMA.0 as *const lshost_config_schema as *const c_void,
        _ => ptr::null(),
    }
}

static TYPE: Static<lshost_type> = Static(lshost_type {
    struct_size: size_of::<lshost_type>(),
    flags: 0,
    r#type: text(b"shelf\0"),
    summary: text(b"a folder: one file for each snapshot and each run of WAL\0"),
    create,
    extension: Some(extension),
});
static TYPES: Static<[*const lshost_type; 1]> = Static([&TYPE.0]);
static MODULE: Static<lshost_module> = Static(lshost_module {
    struct_size: size_of::<lshost_module>(),
    abi_minor: ABI_MINOR as u32,
    name: text(b"lshost-shelf\0"),
    version: text(b"1.0.0\0"),
    vendor: text(b"\0"),
    license: text(b"\0"),
    url: text(b"\0"),
    min_host_minor: 0,
    type_count: 1,
    types: TYPES.0.as_ptr(),
});

#[no_mangle]
#[used]
#[link_section = "lshost_meta"]
pub static lshost_plugin_meta: lshost_meta = lshost_meta {
    magic: field("LSHOST-PLUGIN-1"),
    struct_size: size_of::<lshost_meta>(),
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    name: field("lshost-shelf"),
    version: field("1.0.0"),
    types: field("shelf"),
    sdk: field("rust 1.0"),
};

/// # Safety
/// Only the host calls it.
#[no_mangle]
pub unsafe extern "C" fn lshost_plugin_v1(_host: *const c_void, _err: *mut lshost_error) -> *const lshost_module {
    &MODULE.0
}
