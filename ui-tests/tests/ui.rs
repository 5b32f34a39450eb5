//! What the macros accept, and what they say about what they do not.
//!
//! One file is one mistake, its name is the mistake, and the `.stderr` beside it is what the user
//! reads; a file in `fail/settings` holds the mistakes that one setting invites. Files in `fail/types`
//! show what the compiler makes of the types, the others the macros' own words. The former differ
//! between compilers, so the comparison is made on one, the current stable.
//!
//! `TRYBUILD=overwrite cargo test -p supervisor-ui-tests` writes the `.stderr` anew. What each must
//! say is held by `promises.rs`, so that writing them anew hides nothing.

#[test]
fn accepted() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

// Apart from what is accepted: only then are all of them compiled in one run of cargo.
#[test]
fn refused() {
    trybuild::TestCases::new().compile_fail("fail/*/*.rs");
}
