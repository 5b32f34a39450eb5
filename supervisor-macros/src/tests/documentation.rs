//! The tables of settings in the documentation are those of the settings crate.
//!
//! `UPDATE_EXPECT=1` writes them anew.

use std::fmt::Write;

use expect_test::expect_file;
use rust_supervisor_settings::table::{Place, SETTINGS, Setting};
use rust_supervisor_settings::value::{Kind, Text};

#[test]
fn settings_of_children_are_documented() {
    let table = table(|setting| {
        setting.places.contains(&Place::Function) || setting.places.contains(&Place::Child)
    });
    expect_file!["../../docs/settings_of_children.md"].assert_eq(&table);
}

#[test]
fn settings_of_supervisors_are_documented() {
    let table = table(|setting| setting.places.contains(&Place::Root));
    expect_file!["../../docs/settings_of_supervisors.md"].assert_eq(&table);
}

fn table(wanted: impl Fn(&Setting) -> bool) -> String {
    let mut table =
        "| setting | value | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for Setting {
        key,
        kind,
        default,
        doc,
        ..
    } in SETTINGS.iter().filter(|row| wanted(row))
    {
        let (value, default) = (value(*kind), code(default));
        writeln!(table, "| `{key}` | {value} | {default} | {doc} |").expect("a string takes it");
    }
    table
}

/// Marks what is a value: a single word, and in a sentence whatever is quoted.
fn code(default: &str) -> String {
    if !default.contains(' ') {
        return format!("`{default}`");
    }
    let parts = default.split('"').enumerate();
    parts
        .map(|(n, part)| {
            if n % 2 == 1 {
                format!("`\"{part}\"`")
            } else {
                part.to_owned()
            }
        })
        .collect()
}

fn value(kind: Kind) -> String {
    match kind {
        Kind::Count => "a number".to_owned(),
        Kind::Flag | Kind::Switch => "a flag".to_owned(),
        Kind::Limit => "a flag or a number".to_owned(),
        Kind::Names => "`[feed, ..]`".to_owned(),
        Kind::Path => "a path".to_owned(),
        Kind::Words => r#"`["billing", ..]`"#.to_owned(),
        Kind::Text(Text::Budget) => r#"`"10s"`, `"abort"`, `"infinity"`"#.to_owned(),
        Kind::Text(Text::Duration) => r#"`"5s"`"#.to_owned(),
        Kind::Text(Text::Range) => r#"`"100ms..30s"`, `"250ms"`, `"none"`"#.to_owned(),
        Kind::Text(Text::Rate) => r#"`"5/30s"`"#.to_owned(),
        Kind::Text(Text::Word(vocabulary)) => {
            let words = vocabulary.words.iter().map(|word| format!(r#"`"{word}"`"#));
            words.collect::<Vec<_>>().join(", ")
        }
    }
}
