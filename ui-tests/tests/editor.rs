//! What rust-analyzer makes of the macros, where it is installed.
//!
//! Where it is not, the test says so and shows nothing; the rules that it depends on are held by the
//! tests on the positions of what is expanded, in `supervisor-macros/src/tests/spans.rs`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A first start compiles the macros.
const PATIENCE: Duration = Duration::from_secs(300);

/// Marks of the form `/*name*/` stand right behind what is looked at.
const PROGRAM: &str = r#"use rust_supervisor::{SupervisorSpec, TaskContext, supervised, supervisor_tree};

#[supervised(shutdown = "10s")]
async fn feed/*function*/(ctx: TaskContext, limit: u8) {
    ctx.can/*body*/celled().await;
    let _ = limit;
}

#[supervised(shutdwn = "10s")]
async fn mistaken(ctx: TaskContext) {
    ctx.can/*body with a mistake above*/celled().await;
}

fn tree(limit: u8) -> SupervisorSpec {
    supervisor_tree! {
        feed/*child*/(limit/*argument*/),
    }
}

fn main() {
    drop(feed::sp/*spec*/ec(1));
    drop(tree(1));
}
"#;

#[test]
fn an_editor_finds_the_users_own_function() {
    let version = Command::new("rust-analyzer").arg("--version").output();
    if !version.is_ok_and(|version| version.status.success()) {
        println!("rust-analyzer is not here, so this shows nothing");
        return;
    }
    let project = project();
    let file = project.join("src/main.rs");
    let mut editor = Editor::open(&project, &file);

    // From a child in a tree to the function, and to nothing else.
    assert_eq!(editor.definitions("child"), [place("function").0]);
    assert_eq!(editor.definitions("argument"), [place("fn tree(").0]);
    for mark in ["body", "body with a mistake above"] {
        let offered = editor.completions(mark);
        assert!(
            offered.iter().any(|name| name.starts_with("cancelled")),
            "{mark}: {offered:?}"
        );
    }
    let offered = editor.completions("spec");
    assert!(
        offered.iter().any(|name| name.starts_with("spec")),
        "{offered:?}"
    );
    editor.close();
}

/// A program of its own that depends on the library.
fn project() -> PathBuf {
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::create_dir_all(project.join("src")).expect("a place to write to");
    let manifest = format!(
        "[package]\nname = \"editor\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nrust-tokio-supervisor = {{ path = '{}' }}\n",
        root.join("supervisor").display()
    );
    fs::write(project.join("Cargo.toml"), manifest).expect("a place to write to");
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).expect("the lock file");
    fs::write(project.join("src/main.rs"), PROGRAM).expect("a place to write to");
    project.canonicalize().expect("it is there")
}

/// Line and column, from zero: before a mark, or at the beginning of the line with that text.
fn place(mark: &str) -> (usize, usize) {
    let comment = format!("/*{mark}*/");
    let at = PROGRAM.find(&comment).or_else(|| PROGRAM.find(mark));
    let before = &PROGRAM[..at.expect("the mark is there")];
    let line = before.matches('\n').count();
    (
        line,
        before.len() - before.rfind('\n').map_or(0, |end| end + 1),
    )
}

struct Editor {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    uri: String,
    last: u64,
}

impl Editor {
    /// Opens the file, and waits until all of it is understood.
    fn open(project: &Path, file: &Path) -> Self {
        let mut server = Command::new("rust-analyzer")
            .current_dir(project)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let input = server.stdin.take().expect("its input");
        let output = BufReader::new(server.stdout.take().expect("its output"));
        let (tell, messages) = channel();
        thread::spawn(move || {
            let mut output = output;
            while let Some(message) = message(&mut output) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let uri = format!("file://{}", file.display());
        let mut editor = Self {
            server,
            input,
            messages,
            uri,
            last: 0,
        };
        let root = format!("file://{}", project.display());
        let capabilities = json!({ "experimental": { "serverStatusNotification": true } });
        editor.request(
            "initialize",
            &json!({ "processId": null, "rootUri": root, "capabilities": capabilities }),
        );
        editor.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        let document = json!({
            "uri": editor.uri, "languageId": "rust", "version": 1, "text": PROGRAM,
        });
        editor.send(&json!({
            "jsonrpc": "2.0",
            "method": "textDocument/didOpen",
            "params": { "textDocument": document },
        }));
        editor.until(|message| {
            message["method"] == "experimental/serverStatus"
                && message["params"]["quiescent"] == true
        });
        editor
    }

    /// The lines of the file to which the identifier before a mark leads.
    fn definitions(&mut self, mark: &str) -> Vec<usize> {
        let answer = self.ask("textDocument/definition", mark);
        let found = match answer {
            Value::Array(found) => found,
            Value::Null => Vec::new(),
            one => vec![one],
        };
        let line = |place: &Value| usize::try_from(place["range"]["start"]["line"].as_u64()?).ok();
        found.iter().filter_map(line).collect()
    }

    /// What is offered at a mark.
    fn completions(&mut self, mark: &str) -> Vec<String> {
        let answer = self.ask("textDocument/completion", mark);
        let items = match &answer {
            Value::Array(items) => items,
            list => list["items"].as_array().expect("a list"),
        };
        let label = |item: &Value| item["label"].as_str().map(str::to_owned);
        items.iter().filter_map(label).collect()
    }

    fn ask(&mut self, method: &str, mark: &str) -> Value {
        let (line, column) = place(mark);
        // Inside the identifier, not behind it.
        let position = json!({ "line": line, "character": column.saturating_sub(1) });
        let document = json!({ "uri": self.uri });
        self.request(
            method,
            &json!({ "textDocument": document, "position": position }),
        )
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.until(|message| message["id"] == id && message["method"].is_null());
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Answers what the server asks for, with nothing, until this message comes.
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let message = self.messages.recv_timeout(left).expect("an answer in time");
            if wanted(&message) {
                return message;
            }
            if !message["id"].is_null() && !message["method"].is_null() {
                let items = message["params"]["items"].as_array().map(Vec::len);
                let result = items.map_or(Value::Null, |items| json!(vec![Value::Null; items]));
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }));
            }
        }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("it listens");
        self.input.flush().expect("it listens");
    }

    fn close(mut self) {
        self.request("shutdown", &Value::Null);
        self.send(&json!({ "jsonrpc": "2.0", "method": "exit" }));
        self.server.wait().expect("it ends");
    }
}

/// A failed test leaves no server behind.
impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The next message; none when the server has ended.
fn message(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("Content-Length: ") {
            length = bytes.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
