//! Files with a mistake in them: what is said of it alone is enough to mend it.

use std::io::Write;
use std::time::Instant;

use rust_supervisor::config::file::TreeFile;
use rust_supervisor::template::Templates;
use rust_supervisor::{TaskContext, supervised, templates};

#[supervised(template)]
async fn feed(ctx: TaskContext, url: String, port: Option<u16>) {
    let _ = (url, port);
    ctx.cancelled().await;
}

#[supervised(template)]
async fn deaf(url: String) {
    let _ = url;
}

fn all() -> Templates {
    templates![feed, deaf]
}

/// A sound file; every test spoils one line of it.
const SOUND: &str = "\
strategy: rest_for_one
intensity: 5/30s
children:
  - name: first
    template: feed
    args: { url: a, port: 80 }
    shutdown: 10s
  - name: second
    template: feed
    args: { url: b }
    after: [first]
    backoff: 100ms..30s
  - name: group
    children:
      - { template: deaf, args: { url: c } }
overlay:
  - path: group/deaf
    restart: temporary
";

fn error_of(text: &str) -> String {
    let applied = TreeFile::yaml("tree.yaml", text).and_then(|file| file.tree(all()));
    applied.expect_err("it is spoiled").to_string()
}

/// Spoils one thing, and expects the whole message.
#[track_caller]
fn spoiled(what: &str, with: &str, says: &str) {
    assert!(SOUND.contains(what), "{what}");
    let error = error_of(&SOUND.replacen(what, with, 1));
    assert_eq!(error, says.trim_matches('\n'));
}

#[test]
fn the_ten_most_likely_mistakes() {
    assert!(
        TreeFile::yaml("tree.yaml", SOUND)
            .expect("YAML")
            .tree(all())
            .is_ok()
    );
    // 1. A key is misspelt.
    spoiled("shutdown: 10s", "shutdwn: 10s", "
tree.yaml:7:5: unknown setting `shutdwn`; did you mean `shutdown`?
expected one of: `name`, `template`, `args`, `children`, `restart`, `backoff`, `backoff_reset`, `fuse`, `shutdown`, `readiness`, `ready_within`, `significant`, `critical`, `heartbeat`, `timeout`, `stall_after`, `on_stuck`, `tags`, `after`
 7 |     shutdwn: 10s
   |     ^^^^^^^
");
    // 2. A duration has no unit.
    spoiled(
        "shutdown: 10s",
        "shutdown: 10",
        "
tree.yaml:7:15: a duration needs a unit: did you mean `10ms` or `10s`?
 7 |     shutdown: 10
   |               ^^
",
    );
    // 3. A word is misspelt.
    spoiled(
        "rest_for_one",
        "rest-for-one",
        "
tree.yaml:1:11: unknown strategy `rest-for-one`; did you mean `rest_for_one`?
expected one of: `one_for_one`, `one_for_all`, `rest_for_one`, `dependents`
 1 | strategy: rest-for-one
   |           ^^^^^^^^^^^^
",
    );
    // 4. A template that is not registered.
    spoiled(
        "template: feed",
        "template: fed",
        "
tree.yaml:5:15: unknown template `fed`; did you mean `feed`?
expected one of: `feed`, `deaf`
 5 |     template: fed
   |               ^^^
",
    );
    // 5. An argument is of another type.
    spoiled("port: 80", "port: http", "
tree.yaml:6:27: template `feed`: the argument `port: Option<u16>` cannot be read: invalid type: string \"http\", expected u16
it takes: `feed(url: String, port?: Option<u16>)`
 6 |     args: { url: a, port: http }
   |                           ^^^^
");
    // 6. An argument is missing.
    spoiled(
        "args: { url: b }",
        "args: {}",
        "
tree.yaml:9:15: template `feed`: the argument `url: String` is missing
it takes: `feed(url: String, port?: Option<u16>)`
 9 |     template: feed
   |               ^^^^
",
    );
    // 7. `after` names nobody.
    spoiled(
        "after: [first]",
        "after: [frist]",
        "
tree.yaml:11:13: `second` is after `frist`, which is not a sibling of it; did you mean `first`?
 11 |     after: [frist]
    |             ^^^^^
",
    );
    // 8. A name is there twice.
    spoiled(
        "name: second",
        "name: first",
        "
tree.yaml:8:11: `first` is declared twice; give one of them another `name`
 8 |   - name: first
   |           ^^^^^
tree.yaml:11:13: `/`: these children wait for each other: `first` after `first`; take one `after` away
 11 |     after: [first]
    |             ^^^^^
",
    );
    // 9. The indentation is wrong.
    spoiled(
        "    backoff",
        "   backoff",
        "
tree.yaml:12:4: this is not YAML: while parsing a block collection, did not find expected '-' indicator
 12 |    backoff: 100ms..30s
    |    ^
",
    );
    // 10. An overlay is for nobody.
    spoiled(
        "path: group/deaf",
        "path: group/def",
        "
tree.yaml:17:11: there is no child `group/def` in this tree; did you mean `group/deaf`?
 17 |   - path: group/def
    |           ^^^^^^^^^
",
    );
}

#[test]
fn other_mistakes_say_what_to_do_too() {
    for (what, with, says) in [
        (
            "  - name: first\n    template: feed\n",
            "  - name: first\n",
            "says nothing that could run",
        ),
        (
            "    children:",
            "    template: feed\n    children:",
            "a worker runs the one",
        ),
        (
            "after: [first]",
            "depends_on: [first]",
            "here it is `after`, a list of siblings",
        ),
        (
            "after: [first]",
            "after: first",
            "`after` is a list of siblings, such as `[feed]`",
        ),
        (
            "url: b }",
            "url: b, prt: 1 }",
            "unknown argument `prt`; did you mean `port`?",
        ),
        (
            "shutdown: 10s",
            "strategy: one_for_one",
            "it is a setting of a supervisor",
        ),
        (
            "shutdown: 10s",
            "blocking: true",
            "it is a setting of a function",
        ),
        ("intensity: 5/30s", "crate: x", "belongs to code"),
        (
            "restart: temporary",
            "strategy: one_for_all",
            "`group/deaf` is a worker",
        ),
        (
            "path: group/deaf",
            "tag: x",
            "no child has the tag `x`, or any",
        ),
        ("    restart: temporary\n", "", "this overlay sets nothing"),
        (
            "  - path: group/deaf\n    restart",
            "  - restart",
            "an overlay needs a `path` or a `tag`",
        ),
        (
            "url: c }",
            "url: c }, heartbeat: 5s",
            "`heartbeat` needs a `TaskContext`",
        ),
        ("after: [first]", "after: [second]", "wait for each other"),
        (
            "shutdown: 10s",
            "after: [second]",
            "starts later; move it up",
        ),
        ("name: group", "name: gro/up", "has a `/` in it"),
        (
            "backoff: 100ms..30s",
            "backoff: 30s..100ms",
            "did you mean `100ms..30s`?",
        ),
        (
            "backoff: 100ms..30s",
            "backoff: 1s..2s\n    restart: temporary",
            "never restarted",
        ),
        (
            "children:\n  - name: first",
            "children:\n  name: first",
            "this is not YAML",
        ),
        (
            "children:\n      - {",
            "children: 7 #",
            "`children` is a list",
        ),
    ] {
        assert!(SOUND.contains(what), "{what}");
        let error = error_of(&SOUND.replacen(what, with, 1));
        assert!(error.contains(says), "{with}: {error}");
        assert!(error.starts_with("tree.yaml:"), "{error}");
    }
}

#[test]
fn an_overlay_that_declares_says_where_that_belongs() {
    for key in ["args: {}", "arguments: {}", "name: x", "template: feed"] {
        let error = error_of(&format!(
            "children:\n  - {{ template: feed, args: {{ url: x }} }}\noverlay:\n  - path: feed\n    {key}\n"
        ));
        assert!(
            error.starts_with("tree.yaml:5:5: an overlay has settings alone; the `"),
            "{error}"
        );
    }
    let error = error_of("strategy: one_for_all\nadd: true\n");
    assert!(
        error.contains("`add` is an add policy as a text"),
        "{error}"
    );
}

#[test]
fn a_value_that_is_almost_right_says_what_it_is_not() {
    for (what, with, says) in [
        (
            "after: [first]",
            "after: [5]",
            "`5` is a whole number, put it in quotes",
        ),
        (
            "intensity: 5/30s",
            "max_children: -1",
            "`max_children` is a whole number, from 0 to",
        ),
        (
            "path: group/deaf\n    restart: temporary",
            "path: group/\n    heartbeat: 1s",
            "`group` is a nested supervisor",
        ),
    ] {
        let error = error_of(&SOUND.replacen(what, with, 1));
        assert!(error.contains(says), "{with}: {error}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_found_in_one_go_and_in_its_order() {
    let error = error_of(
        "
intensity: 5
children:
  - { template: fed }
  - { template: feed, args: { url: 3, port: x, more: 1 }, shutdown: 5, restrat: x }
  - { name: x }
  - 7
overlay:
  - { path: nobody, critical: maybe }
unknown: 1
",
    );
    let places: Vec<&str> = error
        .lines()
        .filter_map(|line| line.strip_prefix("tree.yaml:"))
        .map(|line| line.split(": ").next().unwrap_or_default())
        .collect();
    assert_eq!(
        places,
        [
            "2:12", "4:17", "5:36", "5:45", "5:48", "5:69", "5:72", "6:5", "7:5", "9:13", "9:31",
            "10:1"
        ],
        "{error}"
    );
}

/// The places that an error names, in its order.
fn places(error: &str, file: &str) -> Vec<String> {
    let lines = error
        .lines()
        .filter_map(|line| line.strip_prefix(file)?.strip_prefix(':'));
    let places = lines.map(|line| line.split(": ").next().unwrap_or_default());
    places.map(str::to_owned).collect()
}

#[test]
fn what_yaml_allows_and_nobody_means_hides_no_other_mistake() {
    let error = error_of(
        "
strategy: rest-for-one
intensity: 5/30s
intensity: 6/30s
children:
  - name: a
    template: feed
    args: &shared { url: a, url: b }
    shutdown: !seconds 10s
    ~: nothing
    [1, 2]: a list
  - <<: *shared
    name: b
    template: fed
  - { name: c, template: feed, args: { url: *shared, loop: &me [*me] } }
---
strategy: one_for_one
",
    );
    assert_eq!(
        places(&error, "tree.yaml"),
        [
            "2:11", "4:1", "8:29", "9:15", "10:5", "11:5", "12:5", "14:15", "15:65", "16:1"
        ],
        "{error}"
    );
    for says in [
        "unknown strategy `rest-for-one`; did you mean `rest_for_one`?",
        "`intensity` is there twice, first in line 3; keep one of them",
        "`url` is there twice, first in line 8; keep one of them",
        "the tag `!seconds` means nothing here; leave it away",
        "a key is a text; put it in quotes",
        "maps are not merged here; write the settings out, or overlay them by tag",
        "unknown template `fed`; did you mean `feed`?",
        "this alias stands inside of what it repeats",
        "there is a second document; one file describes one tree",
    ] {
        assert!(error.contains(says), "{says}\n{error}");
    }
}

#[test]
fn where_a_file_ends_to_be_yaml_what_was_wrong_before_is_told_too() {
    let error = error_of("strategy: one_for_all\nstrategy: x\nchildren: [\n");
    assert_eq!(places(&error, "tree.yaml")[0], "2:1", "{error}");
    assert!(error.contains("this is not YAML"), "{error}");
}

#[test]
fn a_mistake_of_the_grammar_of_toml_hides_no_other() {
    let text = "
strategy = rest_for_one
intensity = '5/30s'
intensity = '6/30s'

[[children]]
name = 'a'
template = 'fed'

[[children]]
template = 'feed'
args = { url = 'b' }
shutdown = 10
";
    let file = TreeFile::toml("tree.toml", text).expect("the most of it can be read");
    let error = file.tree(all()).expect_err("it is spoiled").to_string();
    let places = places(&error, "tree.toml");
    for place in ["2:12", "4:1", "8:12", "13:12"] {
        assert!(places.iter().any(|told| told == place), "{place}: {error}");
    }
}

#[test]
fn one_mistake_is_told_once() {
    let error = error_of(&SOUND.replacen("name: second", "name: ''", 1));
    assert_eq!(places(&error, "tree.yaml"), ["8:11"], "{error}");
    let error = error_of(&SOUND.replacen("after: [first]", "after: [first, first]", 1));
    assert!(
        error.starts_with("tree.yaml:11:5: `first` stands in `after` twice; remove one of the two"),
        "{error}"
    );
    let error = error_of(&SOUND.replacen("path: group/deaf", "path: ''", 1));
    let says = "tree.yaml:17:11: the path is empty; the root is `/`, others are written as";
    assert!(error.starts_with(says), "{error}");
}

#[test]
fn lines_may_end_with_a_carriage_return_alone() {
    for ends in ["\r", "\r\n"] {
        let error = error_of(&SOUND.replace("10s", "10").replace('\n', ends));
        let says = "tree.yaml:7:15: a duration needs a unit: did you mean `10ms` or `10s`?\n 7 |     \
                    shutdown: 10\n   |               ^^";
        assert_eq!(error, says);
    }
}

#[cfg(unix)]
#[test]
fn only_a_regular_file_is_read() {
    let directory = std::env::temp_dir().join(format!("tree-pipes-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let pipe = directory.join("pipe.yaml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("there is mkfifo").success());
    let device = directory.join("zero.yaml");
    std::os::unix::fs::symlink("/dev/zero", &device).expect("linked");
    let socket = directory.join("socket.yaml");
    let _bound = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    for path in [&pipe, &device, &socket] {
        let error = TreeFile::load(path).expect_err("refused").to_string();
        assert!(
            error.contains("name a regular file, or a link to one"),
            "{error}"
        );
    }
    let file = directory.join("file.yaml");
    std::fs::write(&file, SOUND).expect("written");
    let link = directory.join("link.yaml");
    std::os::unix::fs::symlink(&file, &link).expect("linked");
    assert!(TreeFile::load(&link).expect("read").tree(all()).is_ok());
    std::fs::remove_dir_all(&directory).expect("removed");
}

#[test]
fn what_is_no_tree_file_is_refused_in_bounded_time() {
    let directory = std::env::temp_dir().join(format!("tree-files-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let fails = |path: &std::path::Path| {
        let begun = Instant::now();
        let applied = TreeFile::load(path).and_then(|file| file.tree(all()));
        let error = applied.expect_err("refused").to_string();
        assert!(begun.elapsed().as_secs() < 5, "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
        error
    };
    assert!(fails(&directory.join("none.yaml")).contains("cannot be read"));
    assert!(fails(&write("empty.yaml", b"")).contains("it is empty"));
    assert!(fails(&write("comment.yaml", b"# nothing\n")).contains("it is empty"));
    assert!(fails(&write("empty.toml", b"\n")).contains("it is empty"));
    assert!(fails(&write("tree.json", b"{}")).contains("`.yaml`, `.yml` or `.toml`"));
    assert!(
        fails(&write("bytes.yaml", b"a: 1\nb: \xff\n"))
            .contains("not UTF-8 from byte 8 on, in line 2")
    );
    let inside = directory.join("directory.yaml");
    std::fs::create_dir_all(&inside).expect("a directory");
    assert!(fails(&inside).contains("it is a directory"));
    let large = directory.join("large.yaml");
    let mut file = std::fs::File::create(&large).expect("a file");
    // A hundred megabytes, without writing them.
    file.write_all(b"children: []\n").expect("written");
    file.set_len(100 * 1024 * 1024).expect("grown");
    assert!(fails(&large).contains("has more than 1048576 bytes"));
    for name in ["deep.yaml", "deep.toml"] {
        let deep = format!("a = {}", "[".repeat(500_000));
        fails(&write(
            name,
            deep.replace("a = ", if name == "deep.yaml" { "" } else { "a = " })
                .as_bytes(),
        ));
    }
    let mut laughs = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip("abcdefgh".chars())
    {
        let nine = vec![format!("*{of}"); 9].join(", ");
        laughs += &[name, ": &", name, " [", &nine, "]\n"].concat();
    }
    assert!(fails(&write("laughs.yaml", laughs.as_bytes())).contains("more than 100000 values"));
    let wide: String = (0..40_000)
        .map(|i| format!("k{i}: 1\n"))
        .collect::<Vec<_>>()
        .concat();
    let wide = TreeFile::load(write("wide.yaml", wide.as_bytes())).expect("it is YAML");
    let begun = Instant::now();
    let error = wide.tree(all()).expect_err("none of them is a setting");
    assert!(begun.elapsed().as_secs() < 5);
    assert_eq!(
        error.problems.len(),
        101,
        "the first hundred, and that there are more"
    );
    std::fs::remove_dir_all(&directory).expect("removed");
}
