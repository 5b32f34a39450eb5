//! Functions that files can start.
#![deny(warnings)]

use std::collections::BTreeMap;

use rust_supervisor::template::{Template, Value};
use rust_supervisor::{TaskContext, supervised, templates};

mod other {
    use rust_supervisor::supervised;

    /// Takes nothing.
    #[supervised(template)]
    pub async fn beat() {}

    #[supervised(template, blocking)]
    pub fn index(paths: Vec<String>, depth: &Option<u8>) {
        let _ = (paths, depth);
    }
}

/// Mirrors a feed.
#[supervised(template, shutdown = "10s", tags = ["a"])]
async fn feed(ctx: TaskContext, r#type: String, arguments: BTreeMap<String, Vec<u8>>) {
    let _ = (ctx, r#type, arguments);
}

fn main() {
    let templates = templates![feed, other::beat, other::index,];
    let shown: Vec<String> = templates.iter().map(Template::to_string).collect();
    assert_eq!(
        shown,
        [
            "feed(type: String, arguments: BTreeMap<String, Vec<u8>>)",
            "beat()",
            "index(paths: Vec<String>, depth?: Option<u8>)"
        ]
    );
    let feed = templates.get("feed").unwrap();
    assert_eq!(feed.doc(), "Mirrors a feed.");
    assert_eq!(feed.settings()[0], ("shutdown", "10s"));
    let beat = templates.get("beat").unwrap().clone().named("drum");
    let child = beat.make(&BTreeMap::new()).unwrap();
    assert_eq!(child.id().to_string(), "drum");
    let given = BTreeMap::from([("paths".to_owned(), Value::from(vec!["a"]))]);
    assert!(templates.get("index").unwrap().make(&given).is_ok());
    let wrong = templates.get("feed").unwrap().make(&given).unwrap_err();
    assert_eq!(wrong.len(), 3);
}
