//! The destination "shelf" in Rust: a folder of objects. Put, get, list and remove are all there is to write; the host's
//! engine has the loop, resume, snapshots, retention, restore, compression and encryption.

mod folder;
mod lshost;

use folder::Folder;
use lshost::*;
use std::ffi::{c_void, CString};
use std::os::raw::c_char;
use std::ptr;

// ---- the store ----

struct Plugin {
    folder: Folder,
}

unsafe fn folder_of<'a>(store: *mut lshost_store) -> &'a Folder {
    &(*((*store).imp as *const Plugin)).folder
}

unsafe extern "C" fn put(
    store: *mut lshost_store,
    key: *const c_char,
    body: *mut lshost_reader,
    size: u64,
    err: *mut lshost_error,
) -> i32 {
    guard(err, || folder_of(store).put(borrowed(key), &mut Stream::lent(body), size))
}

unsafe extern "C" fn get(
    store: *mut lshost_store,
    key: *const c_char,
    offset: u64,
    length: u64,
    out: *mut *mut lshost_reader,
    err: *mut lshost_error,
) -> i32 {
    *out = ptr::null_mut();
    guard(err, || {
        *out = export(folder_of(store).get(borrowed(key), offset, length)?);
        Ok(())
    })
}

unsafe extern "C" fn list(
    store: *mut lshost_store,
    prefix: *const c_char,
    sink: *mut lshost_blob_sink,
    err: *mut lshost_error,
) -> i32 {
    guard(err, || {
        for (name, size) in folder_of(store).list(borrowed(prefix))? {
            let key = CString::new(name).unwrap_or_default();
            let blob = lshost_blob { key: key.as_ptr(), size, ..to_fill() };
            check(|_| ((*sink).item)(sink, &blob))?;
        }
        Ok(())
    })
}

unsafe extern "C" fn remove(
    store: *mut lshost_store,
    keys: *const *const c_char,
    count: usize,
    err: *mut lshost_error,
) -> i32 {
    guard(err, || {
        for i in 0..count {
            folder_of(store).remove(borrowed(*keys.add(i)))?;
        }
        Ok(())
    })
}

unsafe extern "C" fn destroy(store: *mut lshost_store) {
    let store = Box::from_raw(store);
    drop(Box::from_raw(store.imp as *mut Plugin));
}

// ---- the type ----

unsafe extern "C" fn create(
    this: *const lshost_type,
    host: *const lshost_host,
    ctx: *mut c_void,
    _flags: u32,
    out: *mut *mut lshost_replicator,
    err: *mut lshost_error,
) -> i32 {
    *out = ptr::null_mut();
    guard(err, || {
        let mut path: lshost_value = to_fill();
        check(|err| ((*host).config_get)(ctx, text(b"path\0"), -1, CFG_STRING, &mut path, err))?;
        let folder = Folder::new(borrowed(path.s))?;
        let engine = ((*host).extension)(ctx, text(HOST_ENGINE)) as *const lshost_engine;
        if engine.is_null() {
            return Err(Failure::new(E_UNSUPPORTED, ERR_OPERATOR, "this lshost has no engine for stores"));
        }
        let store = lshost_store {
            struct_size: size_of::<lshost_store>(),
            flags: 0,
            imp: Box::into_raw(Box::new(Plugin { folder })) as *mut c_void,
            put,
            put_new: None, // this store does not tell old objects from new ones
            get,
            list,
            remove,
            destroy,
        };
        // It takes the store over, also where it fails.
        check(|err| ((*engine).create)(ctx, (*this).r#type, Box::into_raw(Box::new(store)), out, err))
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
    flags: TYPE_STORE,
    r#type: text(b"shelf\0"),
    summary: text(b"a folder of objects\0"),
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
