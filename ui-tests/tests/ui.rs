//! What the macros accept, and what they say about what they do not.
//!
//! One file is one mistake, its name is the mistake, and the `.stderr` beside it is what the user
//! reads. Files in `fail/attribute` and `fail/tree` show the macros' own words, files in
//! `fail/types` what the compiler makes of the types; `fail/template` has both. The latter differ between compilers, so the
//! comparison is made on one, the current stable.
//!
//! `TRYBUILD=overwrite cargo test -p supervisor-ui-tests` writes the `.stderr` anew.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/attribute/*.rs");
    cases.compile_fail("fail/template/*.rs");
    cases.compile_fail("fail/tree/*.rs");
    cases.compile_fail("fail/types/*.rs");
}
