//! What is said about a mistake is what was promised: the table beside that of the settings.
//!
//! A `.stderr` can be written anew by a command, the table cannot.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("../../supervisor-settings/docs/mistakes.md");

/// What is wrong, and what to do.
#[derive(Debug)]
struct Promise<'a> {
    first: &'a str,
    help: &'a str,
}

#[test]
fn every_message_is_the_one_that_was_promised() {
    let table = promises();
    let mut broken = Vec::new();
    let cases = cases();
    for (mistake, stderr) in &cases {
        let errors: Vec<&str> = errors(stderr).collect();
        let promised = table.get(mistake.as_str()).map_or(&[][..], Vec::as_slice);
        if errors.len() != promised.len() {
            let (said, rows) = (errors.len(), promised.len());
            broken.push(format!("{mistake}: {said} errors, {rows} rows"));
            continue;
        }
        for (error, promise) in errors.iter().zip(promised) {
            if let Err(why) = keeps(error, promise, mistake) {
                broken.push(format!("{mistake}: {why}\n{error}\n"));
            }
        }
    }
    for mistake in table.keys() {
        if !cases.contains_key(*mistake) {
            broken.push(format!("{mistake}: no such file in ui-tests/fail"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// There is a file of mistakes for every setting, and it has the ones that its kind invites.
#[test]
fn every_setting_has_its_mistakes() {
    use rust_supervisor_settings::table::SETTINGS;
    use rust_supervisor_settings::value::{Kind, Text};

    for setting in SETTINGS {
        let key = setting.key;
        let source = fs::read_to_string(directory().join(format!("settings/{key}.rs")))
            .unwrap_or_else(|error| panic!("{key}: {error}"));
        let mut wanted = vec!["unknown_word", "wrong_type", "set_twice"];
        match setting.kind {
            Kind::Text(Text::Budget | Text::Duration | Text::Range | Text::Rate) => {
                wanted.push("missing_unit");
            }
            Kind::Text(Text::Word(_)) => wanted.push("not_a_string"),
            Kind::Count
            | Kind::Flag
            | Kind::Limit
            | Kind::Names
            | Kind::Path
            | Kind::Switch
            | Kind::Words => {}
        }
        for mistake in wanted {
            assert!(source.contains(mistake), "{key} lacks {mistake}");
        }
    }
}

/// What a newcomer does wrong is one mistake, and is told once.
#[test]
fn a_newcomer_reads_one_error() {
    let cases = cases();
    let newcomer = cases
        .iter()
        .filter(|(name, _)| name.starts_with("newcomer/"));
    let told: Vec<usize> = newcomer.map(|(_, stderr)| errors(stderr).count()).collect();
    assert!(told.len() >= 10, "{told:?}");
    assert!(told.iter().all(|errors| *errors == 1), "{told:?}");
}

/// One spelling mistake among 200 children is one error.
#[test]
fn a_spelling_mistake_in_a_large_tree_is_one_error() {
    for (name, stderr) in cases() {
        if name.contains("large_tree") {
            assert_eq!(errors(&stderr).count(), 1, "{name}");
        }
    }
}

#[test]
fn there_are_enough_of_them() {
    assert!(cases().len() >= 90, "{}", cases().len());
}

/// Whether an error says what was promised.
fn keeps(error: &str, promise: &Promise<'_>, mistake: &str) -> Result<(), String> {
    let mut lines = error.lines();
    let first = lines.next().unwrap_or_default();
    let said = first.split_once(": ").map_or(first, |(_, said)| said);
    if said != promise.first {
        return Err(format!("promised {:?}, said", promise.first));
    }
    // The macros' own words stand above the position, with the last line for what to do.
    let own: Vec<&str> = lines
        .by_ref()
        .take_while(|line| line.starts_with("       "))
        .map(str::trim)
        .collect();
    let kept = match own.last() {
        Some(help) if !mistake.starts_with("types/") => *help == promise.help,
        _ => error.contains(promise.help),
    };
    if kept && !promise.help.is_empty() {
        Ok(())
    } else {
        Err(format!("promised the help {:?}, said", promise.help))
    }
}

fn promises() -> BTreeMap<&'static str, Vec<Promise<'static>>> {
    let mut promises: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in TABLE
        .lines()
        .skip_while(|line| !line.starts_with("| --- "))
        .skip(1)
    {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [mistake, first, help] = cells[..] else {
            panic!("not a row of three cells: {row}");
        };
        promises
            .entry(mistake)
            .or_default()
            .push(Promise { first, help });
    }
    promises
}

/// The errors of a run of the compiler.
fn errors(stderr: &str) -> impl Iterator<Item = &str> {
    let mut rest = stderr.trim_end();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (error, later) = match rest.find("\n\nerror") {
            Some(end) => (&rest[..end], &rest[end + 2..]),
            None => (rest, ""),
        };
        rest = later;
        Some(error)
    })
}

/// Every `.stderr`, by the name of the mistake.
fn cases() -> BTreeMap<String, String> {
    let mut cases = BTreeMap::new();
    for kind in fs::read_dir(directory()).expect("the directory of all cases") {
        let kind = kind.expect("a directory");
        let name = kind.file_name().to_string_lossy().into_owned();
        for file in fs::read_dir(kind.path()).expect("the directory of cases") {
            let path = file.expect("a file").path();
            if path
                .extension()
                .is_some_and(|extension| extension == "stderr")
            {
                let stem = path.file_stem().expect("a name").to_string_lossy();
                let text = fs::read_to_string(&path).expect("a text");
                cases.insert(format!("{name}/{stem}"), text);
            }
        }
    }
    cases
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fail"))
}
