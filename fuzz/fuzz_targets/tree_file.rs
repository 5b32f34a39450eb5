//! Any text as a tree file, in both formats.
//!
//! ```console
//! $ cargo +nightly fuzz run tree_file
//! ```
#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_supervisor::config::file::TreeFile;
use rust_supervisor::{TaskContext, supervised, templates};

#[supervised(template)]
async fn feed(ctx: TaskContext, url: Option<String>, ports: Option<Vec<u16>>) {
    let _ = (ctx, url, ports);
}

fuzz_target!(|text: &str| {
    for read in [TreeFile::yaml, TreeFile::toml] {
        match read("file", text).and_then(|file| file.tree(templates![feed])) {
            Ok(spec) => drop(spec),
            Err(errors) => drop(errors.to_string()),
        }
    }
});
