//! Files that are small and mean much: what they cost is bounded by what they say.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rust_supervisor::config::file::TreeFile;
use rust_supervisor::config::problem::InvalidConfig;
use rust_supervisor::{SupervisorSpec, TaskContext, supervised, templates};

#[supervised(template)]
async fn feed(ctx: TaskContext) {
    ctx.cancelled().await;
}

fn tree(text: &str) -> Result<SupervisorSpec, InvalidConfig> {
    TreeFile::yaml("tree.yaml", text)?.tree(templates![feed])
}

fn error_of(text: &str) -> String {
    tree(text).expect_err("it is refused").to_string()
}

#[test]
fn a_long_text_that_aliases_repeat_is_refused_before_it_is_copied() {
    // A gigabyte, of two hundred kilobytes.
    let text = format!(
        "a: &a '{}'\nb: [{}]\n",
        "x".repeat(20_000),
        "*a, ".repeat(50_000)
    );
    let error = error_of(&text);
    assert!(error.contains("more than 100000 values"), "{error}");
    let text = format!(
        "a: &a {{ {}: 1 }}\nb: [{}]\n",
        "x".repeat(1_000),
        "*a, ".repeat(50_000)
    );
    let error = error_of(&text);
    assert!(error.contains("more than 100000 values"), "{error}");
}

#[test]
fn anchors_around_anchors_are_refused_before_all_of_them_are_kept() {
    let mut text = String::new();
    for level in 0..150 {
        write!(text, "&a{level} [").expect("text");
    }
    text += &"x, ".repeat(60_000);
    text += &"]".repeat(150);
    let error = error_of(&text);
    assert!(error.contains("more than 100000 values"), "{error}");
}

#[test]
fn thousands_of_overlays_take_no_time_for_each_child() {
    for (overlay, sound) in [
        ("{ path: z, critical: false }", false),
        ("{ tag: z, critical: false }", false),
        ("{ tag: last, critical: false }", true),
    ] {
        let mut text = String::from("children:\n");
        for child in 0..9_000 {
            let tags = if child == 8_999 { ", tags: [last]" } else { "" };
            writeln!(text, "  - {{ name: n{child}, template: feed{tags} }}").expect("text");
        }
        text += "overlay:\n";
        text += &format!("  - {overlay}\n").repeat(9_000);
        let begun = Instant::now();
        assert_eq!(tree(&text).is_ok(), sound, "{overlay}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{overlay}");
    }
}

#[test]
fn many_overlays_by_tag_look_for_none_of_their_children() {
    let mut text = String::from("children:\n");
    for child in 0..4_500 {
        writeln!(text, "- {{ name: n{child}, template: feed, tags: [x] }}").expect("text");
    }
    text += "overlay:\n";
    text += &"- { tag: x, restart: permanent }\n".repeat(30);
    let begun = Instant::now();
    assert!(tree(&text).is_ok());
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_very_long_line_of_toml_is_not_counted_for_each_value_and_each_mistake() {
    let length = 1_000_000;
    for (text, begins) in [
        (
            ".".repeat(length),
            "tree.toml: this is not TOML: recursion limit\ntree.toml:1:1: ",
        ),
        ("=".repeat(length), "tree.toml:1:1: this is not TOML: "),
        (
            format!("x = [{}]", "'größe', ".repeat(90_000)),
            "tree.toml:1:1: unknown setting `x`",
        ),
    ] {
        let begun = Instant::now();
        let error = TreeFile::toml("tree.toml", &text).and_then(|file| file.tree(templates![]));
        let error = error.expect_err("a mistake").to_string();
        assert!(error.starts_with(begins), "{}", &error[..200]);
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "{:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn a_very_long_word_is_not_compared_with_what_it_might_have_been() {
    let begun = Instant::now();
    let error = error_of(&format!("? '{}'\n: 1\n", "a".repeat(1_000_000)));
    assert!(error.contains("unknown setting"));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_mark_at_the_beginning_and_other_ends_of_lines_shift_no_place() {
    for end in ["\n", "\r\n"] {
        for mark in ["", "\u{feff}"] {
            let text =
                format!("{mark}intensty: 5/30s{end}children:{end}  - {{ template: fed }}{end}");
            let error = tree(&text).expect_err("two mistakes");
            let places: Vec<(usize, usize)> = error
                .problems
                .iter()
                .filter_map(|problem| problem.place.as_ref())
                .map(|place| (place.line, place.column))
                .collect();
            assert_eq!(places, [(1, 1), (3, 17)], "{error}");
            let text = format!("{mark}intensty = 1{end}");
            let error = TreeFile::toml("tree.toml", &text).and_then(|file| file.tree(templates![]));
            let error = error.expect_err("a mistake").to_string();
            assert!(error.starts_with("tree.toml:1:1: "), "{error}");
        }
    }
}
