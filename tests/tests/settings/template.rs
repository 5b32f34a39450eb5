//! Whether files and manifests can start a function by its name; `tests/tree_files.rs` has the rest.

use rust_supervisor::template::Templates;
use rust_supervisor::{supervisor_tree, templates};

use super::*;

#[supervised(template, shutdown = "1s", tags = ["io"])]
async fn reads(ctx: TaskContext, path: String) {
    ctx.cancelled().await;
    drop(path);
}

#[test]
fn a_template_goes_by_the_name_of_the_function_and_tells_its_settings() {
    let all: Templates = templates![reads];
    let template = all.get("reads").expect("is there");
    assert_eq!(template.settings()[0], ("shutdown", "1s"));
    // It is a child like any other, too.
    drop(supervisor_tree! { reads("a".to_owned()) });
}
