//! The service that is described by a file.

use std::path::PathBuf;

use rustix::process::Signal;

use crate::process::Process;

const TREE: &str = include_str!("../../configured/tree.yaml");

struct Service {
    process: Process,
    file: PathBuf,
    _directory: tempfile::TempDir,
}

impl Service {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("tree.yaml");
        std::fs::write(&file, TREE).expect("written");
        let path = file.display().to_string();
        Self {
            process: Process::start(env!("CARGO_BIN_EXE_configured"), &[&path]),
            file,
            _directory: directory,
        }
    }

    /// Edits the file, and waits for what is said about it.
    fn reload(&self, text: &str, says: &str) -> String {
        std::fs::write(&self.file, text).expect("written");
        self.process.signal(Signal::HUP);
        self.process.stderr.find(|line| line.contains(says))
    }
}

#[test]
fn an_edited_file_restarts_what_has_changed_and_nothing_else() {
    let mut service = Service::start();
    service.process.stdout.find(|line| line == "! TICK");
    service.process.stdout.find(|line| line == "> tick");

    // A number: nothing restarts.
    let text = TREE.replace("shutdown: 2s", "shutdown: 3s");
    service.reload(&text, "~ printers/plain shutdown: 2s -> 3s");

    // A mistake: it is shown, and nothing changes.
    let mistake = text.replace("template: printer", "template: prnter");
    service.reload(
        &mistake,
        "unknown template `prnter`; did you mean `printer`?",
    );

    // An argument, and a new child: that one restarts, with the one that is after it.
    let text = text.replace("prefix: \"> \"", "prefix: \"# \"");
    let text = format!("{text}  - {{ name: count, template: counter, args: {{ every: 50 }} }}\n");
    service.reload(&text, "reloaded from");
    service.process.stdout.find(|line| line == "# tick");
    service.process.stdout.find(|line| line == "count: 3");

    service.process.signal(Signal::TERM);
    let (status, _) = service.process.ended();
    assert_eq!(status.code(), Some(0), "{}", service.process);
    let lines = service.process.stdout.all();
    let of = |wanted: &str| lines.iter().filter(|line| line.starts_with(wanted)).count();
    assert_eq!(of("source starts"), 1, "{lines:?}");
    assert_eq!(of("printers/plain starts"), 2, "{lines:?}");
    assert_eq!(of("printers/loud starts"), 2, "{lines:?}");
    assert_eq!(of("count starts"), 1, "{lines:?}");
    let at = |wanted: &str, from: usize| {
        let found = lines[from..]
            .iter()
            .position(|line| line.starts_with(wanted));
        from + found.unwrap_or_else(|| panic!("{wanted} in {lines:?}"))
    };
    // What is after it stops first.
    let stopped = at("printers/loud stops", 0);
    assert!(at("printers/plain stops", stopped) > stopped);
}

#[test]
fn a_file_with_mistakes_starts_nothing_and_shows_them_all() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("tree.yaml");
    let text = TREE
        .replace("every: 200", "evry: 200")
        .replace("shutdown: 2s", "shutdown: 2");
    std::fs::write(&file, text).expect("written");
    let path = file.display().to_string();
    let mut process = Process::start(env!("CARGO_BIN_EXE_configured"), &[&path]);
    let (status, _) = process.ended();
    assert_eq!(status.code(), Some(2), "{process}");
    let said = process.stderr.all().join("\n");
    assert!(said.contains("did you mean `every`?"), "{said}");
    assert!(
        said.contains("a duration needs a unit: did you mean `2ms` or `2s`?"),
        "{said}"
    );
    assert!(process.stdout.all().is_empty());
}
