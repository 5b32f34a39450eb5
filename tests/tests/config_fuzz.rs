//! Whatever is in a file: the loaders answer, in bounded time, and never panic.
//!
//! `PROPTEST_CASES=100000` looks longer than the suite does.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::string::string_regex;
use rust_supervisor::config::file::TreeFile;
use rust_supervisor::config::shape::TreeConfig;
use rust_supervisor::template::Templates;
use rust_supervisor::{__world, TaskContext, supervised, templates};

#[supervised(template)]
async fn feed(ctx: TaskContext, url: Option<String>, ports: Option<Vec<u16>>) {
    let _ = (url, ports);
    ctx.cancelled().await;
}

fn all() -> Templates {
    templates![feed]
}

/// Reads a text in both formats, and makes whatever can be made of it.
fn feed_to_the_loaders(text: &str) {
    let begun = Instant::now();
    for read in [TreeFile::yaml, TreeFile::toml] {
        let errors = match read("file", text).and_then(|file| file.tree(all())) {
            Ok(spec) => {
                // What is said to be sound is.
                assert!(__world::outline(spec).is_ok(), "{text}");
                continue;
            }
            Err(errors) => errors,
        };
        assert!(!errors.problems.is_empty() && errors.problems.len() <= 101);
        for problem in &errors.problems {
            assert!(problem.to_string().starts_with("file"), "{problem}");
            if let Some(place) = &problem.place {
                // A mark that an editor has written is none of the text.
                let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                let text = text.replace("\r\n", "\n");
                let line = text.split(['\n', '\r']).nth(place.line - 1);
                let line = line.unwrap_or_default();
                assert!(
                    line.starts_with(&place.source) || line.is_empty(),
                    "{problem}"
                );
            }
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{text}");
}

/// What files are made of, sound and not.
fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\n".to_owned()),
        Just("\n  ".to_owned()),
        Just("\n    ".to_owned()),
        Just("- ".to_owned()),
        Just(": ".to_owned()),
        Just(" = ".to_owned()),
        Just("[[children]]\n".to_owned()),
        Just("children".to_owned()),
        Just("overlay".to_owned()),
        Just("template: feed".to_owned()),
        Just("name: a".to_owned()),
        Just("{ ".to_owned()),
        Just(" }".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just(", ".to_owned()),
        Just("&a ".to_owned()),
        Just("*a ".to_owned()),
        Just("<<".to_owned()),
        Just("!!str ".to_owned()),
        Just("---\n".to_owned()),
        Just("\"".to_owned()),
        Just("'''".to_owned()),
        Just("|\n".to_owned()),
        Just("\t".to_owned()),
        Just("\u{feff}".to_owned()),
        Just("größe".to_owned()),
        string_regex("[a-z_]{1,8}").expect("a pattern"),
        string_regex("[0-9]{1,20}(ms|s|m|h)?").expect("a pattern"),
    ]
}

/// A value of any shape.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e9_f64..1e9).prop_map(Into::into),
        string_regex("[a-z/ ]{0,6}")
            .expect("a pattern")
            .prop_map(Into::into),
        prop_oneof![
            Just("5s"),
            Just("5/30s"),
            Just("100ms..30s"),
            Just("feed"),
            Just("transient")
        ]
        .prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Into::into),
            vec((key(), inner), 0..5)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("children".to_owned()),
        Just("overlay".to_owned()),
        Just("template".to_owned()),
        Just("name".to_owned()),
        Just("args".to_owned()),
        Just("path".to_owned()),
        Just("tag".to_owned()),
        Just("after".to_owned()),
        Just("shutdown".to_owned()),
        Just("restart".to_owned()),
        Just("pool".to_owned()),
        Just("critical".to_owned()),
        Just("url".to_owned()),
        string_regex("[a-z_]{1,6}").expect("a pattern"),
    ]
}

/// A file that says something about a child or two.
fn document() -> impl Strategy<Value = serde_json::Value> {
    let child = vec((key(), value()), 0..5).prop_map(|entries| {
        let mut child: serde_json::Map<_, _> = entries.into_iter().collect();
        child.entry("template").or_insert_with(|| "feed".into());
        serde_json::Value::Object(child)
    });
    let overlay = (
        string_regex("/?[a-z]{0,4}").expect("a pattern"),
        vec((key(), value()), 0..3),
    );
    let overlay = overlay.prop_map(|(path, entries)| {
        let mut overlay: serde_json::Map<_, _> = entries.into_iter().collect();
        overlay.insert("path".to_owned(), path.into());
        serde_json::Value::Object(overlay)
    });
    (
        vec(child, 0..4),
        vec(overlay, 0..3),
        vec((key(), value()), 0..3),
    )
        .prop_map(|(children, overlays, entries)| {
            let mut root: serde_json::Map<_, _> = entries.into_iter().collect();
            root.insert("children".to_owned(), children.into());
            root.insert("overlay".to_owned(), overlays.into());
            serde_json::Value::Object(root)
        })
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..512)) {
        feed_to_the_loaders(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens(tokens in vec(token(), 0..60)) {
        feed_to_the_loaders(&tokens.concat());
    }

    #[test]
    fn any_document(document in document()) {
        // JSON is YAML.
        let text = document.to_string();
        feed_to_the_loaders(&text);
        // The plain types read and write the same.
        let read: Result<TreeConfig, _> = serde_json::from_value(document);
        if let Ok(config) = read {
            let written = serde_json::to_value(&config).expect("plain data");
            let again: TreeConfig = serde_json::from_value(written).expect("as it was written");
            prop_assert_eq!(&config, &again);
            let file = TreeFile::yaml("file", &text);
            if let Ok(file) = file {
                prop_assert_eq!(file.config(), &config);
            }
            let _ = config.tree(all());
        }
    }

    #[test]
    fn any_value_as_arguments(arguments in value()) {
        let document = serde_json::json!({ "children": [{ "template": "feed", "args": arguments }] });
        feed_to_the_loaders(&document.to_string());
    }
}
