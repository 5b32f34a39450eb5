//! The documentation's table of capabilities names tests that are there.

use std::path::Path;

#[test]
fn every_capability_names_a_test_that_is_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let table = include_str!("../../supervisor/src/capabilities.md");
    let mut rows = 0;
    for row in table.lines().skip(2) {
        let cells = row.trim_start_matches('|').trim_end_matches('|');
        let cells: Vec<&str> = cells.split('|').map(str::trim).collect();
        let [what, place, test] = cells.as_slice() else {
            panic!("not a row of three cells: {row}");
        };
        if what.starts_with("**") && place.is_empty() && test.is_empty() {
            continue;
        }
        rows += 1;
        assert!(!what.is_empty() && place.contains('`'), "{row}");
        let (file, name) = test.split_once(": ").expect("a file, and a test in it");
        let (file, name) = (file.trim_matches('`'), name.trim_matches('`'));
        let in_folder = tests.join(file).join("main.rs");
        let source = std::fs::read_to_string(tests.join(format!("{file}.rs")))
            .or_else(|_| std::fs::read_to_string(in_folder))
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(
            source.contains(&format!("fn {name}()")),
            "there is no `{name}` in {file}"
        );
    }
    assert!(rows > 50, "{rows} capabilities");
}
