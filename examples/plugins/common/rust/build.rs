//! What the linker has to be told for a plugin: nothing left undefined, everything bound at once, never unloaded.
fn main() {
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs,-z,now,-z,relro,-z,nodelete");
    println!("cargo:rerun-if-changed=build.rs");
}
