//! A specification as a picture: as text, and for Mermaid and Graphviz.
//!
//! Settings are written as in `supervisor_tree!`. Of a child, `restart` and `shutdown` are always
//! shown; everything else where it is not the default.

use std::collections::HashMap;
use std::fmt::{self, Debug, Write};
use std::time::Duration;

use rust_supervisor_settings::duration;

use super::backoff::Backoff;
use super::child::{Body, ChildSpec};
use super::policy::{Intensity, Pool, RestartPolicy, Shutdown};
use super::supervisor::SupervisorSpec;
use crate::id::types::ChildId;

/// A specification that is drawn when it is displayed.
pub(super) struct Picture<'a> {
    spec: &'a SupervisorSpec,
    draw: fn(&SupervisorSpec, &mut fmt::Formatter<'_>) -> fmt::Result,
}

impl<'a> Picture<'a> {
    pub(super) const fn new(
        spec: &'a SupervisorSpec,
        draw: fn(&SupervisorSpec, &mut fmt::Formatter<'_>) -> fmt::Result,
    ) -> Self {
        Self { spec, draw }
    }
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.draw)(self.spec, f)
    }
}

/// A supervisor or child in the picture, parents before their children.
struct Node<'a> {
    name: &'a str,
    /// Its supervisor, and its place there; none for the root.
    parent: Option<(usize, usize)>,
    is_last: bool,
    settings: Vec<String>,
    after: &'a [ChildId],
}

/// What stands for the root, which has no name.
const ROOT: &str = "supervisor";

/// The tree with lines drawn in characters.
pub(super) fn text(spec: &SupervisorSpec, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let nodes = nodes(spec);
    for (at, node) in nodes.iter().enumerate() {
        let mut lines = String::new();
        let mut above = node.parent;
        while let Some((parent, _)) = above {
            if nodes[parent].parent.is_some() {
                let line = if nodes[parent].is_last {
                    "    "
                } else {
                    "│   "
                };
                lines.insert_str(0, line);
            }
            above = nodes[parent].parent;
        }
        if node.parent.is_some() {
            lines.push_str(if node.is_last {
                "└── "
            } else {
                "├── "
            });
        }
        if at > 0 {
            f.write_char('\n')?;
        }
        write!(f, "{lines}{}", node.name)?;
        if !node.after.is_empty() {
            write!(f, "  after {}", names(node.after))?;
        }
        if !node.settings.is_empty() {
            write!(f, "  {}", node.settings.join(", "))?;
        }
    }
    Ok(())
}

/// A flow chart of Mermaid.
pub(super) fn mermaid(spec: &SupervisorSpec, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let nodes = nodes(spec);
    f.write_str("flowchart TB")?;
    for (at, node) in nodes.iter().enumerate() {
        let label = label(node, "<br>", |text| {
            text.replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;")
        });
        write!(f, "\n    n{at}[\"{label}\"]")?;
    }
    for (at, node) in nodes.iter().enumerate() {
        if let Some((parent, place)) = node.parent {
            write!(f, "\n    n{parent} -->|{place}| n{at}")?;
        }
    }
    for (at, on) in dependencies(&nodes) {
        write!(f, "\n    n{at} -.->|after| n{on}")?;
    }
    Ok(())
}

/// A graph of Graphviz.
pub(super) fn dot(spec: &SupervisorSpec, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let nodes = nodes(spec);
    f.write_str("digraph supervisor {\n    node [shape=box];")?;
    for (at, node) in nodes.iter().enumerate() {
        let label = label(node, "\\n", |text| {
            text.replace('\\', "\\\\").replace('"', "\\\"")
        });
        write!(f, "\n    n{at} [label=\"{label}\"];")?;
    }
    for (at, node) in nodes.iter().enumerate() {
        if let Some((parent, place)) = node.parent {
            write!(f, "\n    n{parent} -> n{at} [label=\"{place}\"];")?;
        }
    }
    for (at, on) in dependencies(&nodes) {
        write!(
            f,
            "\n    n{at} -> n{on} [style=dashed, label=\"after\", constraint=false];"
        )?;
    }
    f.write_str("\n}")
}

/// The name and under it the settings, one on each line.
fn label(node: &Node<'_>, line: &str, escape: impl Fn(&str) -> String) -> String {
    let parts = std::iter::once(node.name).chain(node.settings.iter().map(String::as_str));
    let escaped: Vec<String> = parts
        .map(|part| escape(part).replace(['\n', '\r'], " "))
        .collect();
    escaped.join(line)
}

/// Who is after whom. Names that are no sibling's are left out: the start of the tree reports them.
fn dependencies(nodes: &[Node<'_>]) -> Vec<(usize, usize)> {
    let places: HashMap<(usize, &str), usize> = nodes
        .iter()
        .enumerate()
        .filter_map(|(at, node)| Some(((node.parent?.0, node.name), at)))
        .collect();
    let mut all = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let Some((parent, _)) = node.parent else {
            continue;
        };
        let found = node
            .after
            .iter()
            .filter_map(|name| places.get(&(parent, &*name.value)));
        all.extend(found.map(|&on| (at, on)));
    }
    all
}

fn nodes(spec: &SupervisorSpec) -> Vec<Node<'_>> {
    let mut nodes = vec![Node {
        name: ROOT,
        parent: None,
        is_last: true,
        settings: of_supervisor(spec),
        after: &[],
    }];
    below(spec, 0, &mut nodes);
    nodes
}

fn below<'a>(spec: &'a SupervisorSpec, parent: usize, nodes: &mut Vec<Node<'a>>) {
    let children = spec.init.as_deref().into_iter().chain(&spec.children);
    let mut children = children.enumerate().peekable();
    while let Some((place, child)) = children.next() {
        let at = nodes.len();
        let mut settings = of_child(child);
        if let Body::Supervisor(inner) = &child.body {
            settings.extend(of_supervisor(inner));
        }
        nodes.push(Node {
            name: &child.id.value,
            parent: Some((parent, place + 1)),
            is_last: children.peek().is_none(),
            settings,
            after: &child.after,
        });
        if let Body::Supervisor(inner) = &child.body {
            below(inner, at, nodes);
        }
    }
}

/// What a child is set to; `restart` and `shutdown` even where that is the default.
fn of_child(child: &ChildSpec) -> Vec<String> {
    let settings = &child.settings;
    let is_supervisor = matches!(child.body, Body::Supervisor(_));
    let mut all = Vec::new();
    if matches!(child.body, Body::Declared) {
        all.push("declared".to_owned());
    }
    let default = if is_supervisor {
        RestartPolicy::Permanent
    } else {
        RestartPolicy::default()
    };
    all.push(word("restart", settings.restart.unwrap_or(default)));
    match settings.shutdown {
        Some(budget) => all.push(setting("shutdown", &budget_as_written(budget))),
        // It takes what lies below.
        None if is_supervisor => {}
        None if child.hears_stop => {
            all.push(setting("shutdown", &budget_as_written(Shutdown::default())));
        }
        None => all.push(setting("shutdown", "abort")),
    }
    if let Some(backoff) = settings.backoff {
        all.push(setting("backoff", &backoff_as_written(backoff)));
    }
    all.extend(length("backoff_reset", settings.backoff_reset));
    if let Some(fuse) = settings.fuse {
        all.push(setting("fuse", &rate_as_written(fuse)));
    }
    all.extend(unless_default("readiness", settings.readiness));
    all.extend(length("ready_within", settings.ready_within));
    all.extend(length("heartbeat", settings.heartbeat));
    all.extend(length("timeout", settings.timeout));
    all.extend(length("stall_after", settings.stall_after));
    all.extend(unless_default("on_stuck", settings.on_stuck));
    if settings.significant {
        all.push("significant".to_owned());
    }
    if !settings.critical {
        all.push("critical = false".to_owned());
    }
    if !settings.tags.is_empty() {
        all.push(format!("tags = {:?}", settings.tags));
    }
    all
}

/// What a supervisor is set to; `strategy` and `intensity` even where that is the default.
fn of_supervisor(spec: &SupervisorSpec) -> Vec<String> {
    let mut all = vec![word("strategy", spec.strategy)];
    all.push(spec.intensity.map_or_else(
        || "intensity = \"10/10s\" for each child".to_owned(),
        |rate| setting("intensity", &rate_as_written(rate)),
    ));
    all.extend(unless_default("on_exhausted", spec.on_exhausted));
    all.extend(unless_default("auto_shutdown", spec.auto_shutdown));
    all.extend(unless_default("start", spec.start));
    all.extend(unless_default("first_start", spec.first_start));
    all.extend(unless_default("while_starting", spec.while_starting));
    match spec.pool {
        Pool::Off => {}
        Pool::Unlimited => all.push("pool".to_owned()),
        Pool::Limited(limit) => all.push(format!("pool = {limit}")),
    }
    all.extend(unless_default("add", spec.add));
    if let Some(limit) = spec.max_children {
        all.push(format!("max_children = {limit}"));
    }
    if let Some(ends) = spec.history {
        all.push(format!("history = {ends}"));
    }
    all.extend(length("shutdown_within", spec.shutdown_within));
    all
}

fn setting(key: &str, value: &str) -> String {
    format!("{key} = \"{value}\"")
}

fn length(key: &str, length: Option<Duration>) -> Option<String> {
    length.map(|length| setting(key, &duration::write(length)))
}

fn unless_default<P: Debug + Default + PartialEq>(key: &str, policy: P) -> Option<String> {
    (policy != P::default()).then(|| word(key, policy))
}

/// A policy as it is written: the name of its variant in snake case.
fn word(key: &str, policy: impl Debug) -> String {
    let mut text = String::new();
    for (place, letter) in format!("{policy:?}").char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    setting(key, &text)
}

fn budget_as_written(budget: Shutdown) -> String {
    match budget {
        Shutdown::Abort => "abort".to_owned(),
        Shutdown::Infinity => "infinity".to_owned(),
        Shutdown::Within(budget) => duration::write(budget),
    }
}

fn backoff_as_written(backoff: Backoff) -> String {
    let (min, max) = (backoff.min(), backoff.max());
    if max.is_zero() {
        "none".to_owned()
    } else if min == max {
        duration::write(min)
    } else {
        format!("{}..{}", duration::write(min), duration::write(max))
    }
}

fn rate_as_written(rate: Intensity) -> String {
    format!("{}/{}", rate.restarts, duration::write(rate.window))
}

fn names(ids: &[ChildId]) -> String {
    let names: Vec<&str> = ids.iter().map(|id| &*id.value).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use rust_supervisor_settings::word;

    use super::*;
    use crate::spec::policy::{
        AddPolicy, AutoShutdown, FirstStart, OnExhausted, OnStuck, Readiness, StartOrder, Strategy,
        WhileStarting,
    };

    #[test]
    fn a_policy_is_shown_as_it_is_written() {
        let shown = [
            word("", Strategy::OneForAll),
            word("", AutoShutdown::AnySignificant),
            word("", StartOrder::Concurrent),
            word("", FirstStart::Retry),
            word("", WhileStarting::Wait),
            word("", AddPolicy::No),
            word("", OnExhausted::Quarantine),
            word("", OnStuck::Escalate),
            word("", Readiness::Explicit),
            word("", RestartPolicy::Temporary),
        ];
        let vocabularies = [
            &word::STRATEGY,
            &word::AUTO_SHUTDOWN,
            &word::START,
            &word::FIRST_START,
            &word::WHILE_STARTING,
            &word::ADD,
            &word::ON_EXHAUSTED,
            &word::ON_STUCK,
            &word::READINESS,
            &word::RESTART,
        ];
        for (shown, vocabulary) in shown.iter().zip(vocabularies) {
            let text = shown.trim_start_matches(" = \"").trim_end_matches('"');
            assert!(vocabulary.find(text).is_ok(), "{shown}");
        }
    }

    fn child(name: &str) -> ChildSpec {
        ChildSpec::from_fn(name, |_ctx| async {})
    }

    #[test]
    fn a_name_that_is_not_sound_yet_does_not_break_the_picture() {
        let spec = SupervisorSpec::root(vec![child("a\"]\n<b>\\").after(["nobody"])]);
        let mermaid = spec.mermaid().to_string();
        assert_eq!(mermaid.lines().count(), 4, "{mermaid}");
        assert!(mermaid.contains("a&quot;] &lt;b>\\<br>"), "{mermaid}");
        let dot = spec.dot().to_string();
        assert_eq!(dot.lines().count(), 6, "{dot}");
        assert!(dot.contains("a\\\"] <b>\\\\\\n"), "{dot}");
    }

    #[test]
    fn a_dependency_is_one_of_siblings() {
        let inner = SupervisorSpec::root(vec![child("a"), child("b").after(["a"])]);
        let spec = SupervisorSpec::root(vec![
            child("a"),
            ChildSpec::supervisor("inner", inner).after(["a"]),
        ]);
        let dot = spec.dot().to_string();
        let after: Vec<&str> = dot
            .lines()
            .filter(|line| line.contains("after"))
            .map(|line| line.split(" [").next().unwrap_or_default().trim())
            .collect();
        assert_eq!(after, ["n2 -> n1", "n4 -> n3"], "{dot}");
    }
}
