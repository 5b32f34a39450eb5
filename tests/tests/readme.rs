//! What the README repeats is what it repeats.

const README: &str = include_str!("../../README.md");

#[test]
fn its_program_is_the_quick_start() {
    let program = include_str!("../../examples/quickstart/main.rs");
    let (_title, code) = program.split_once("\n\n").expect("a title, then the code");
    let block = format!("```rust,no_run\n{code}```\n");
    assert!(
        README.contains(&block),
        "examples/quickstart/main.rs has changed; the README shows:\n{block}"
    );
}

#[test]
fn its_settings_are_those_of_the_table() {
    // The macros' own tests hold these against the table of the settings crate.
    let children = include_str!("../../supervisor-macros/docs/settings_of_children.md");
    let supervisors = include_str!("../../supervisor-macros/docs/settings_of_supervisors.md");
    for table in [children, supervisors] {
        assert!(
            README.contains(&format!("\n\n{table}\n")),
            "the README lacks this table:\n{table}"
        );
    }
}

#[test]
fn its_minimum_rust_version_is_that_of_the_manifest() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(README.contains(&format!("\nRust {version},")), "{version}");
}

#[test]
fn the_list_that_clippy_is_given_is_the_one_of_the_documentation() {
    let list = include_str!("../../examples/clippy.toml");
    let docs = include_str!("../../supervisor/src/lib.rs");
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        assert!(docs.contains(&format!("\n//! {line}\n")), "{line}");
    }
}
