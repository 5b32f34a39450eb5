//! From what a file says to a specification: templates become children, settings are set.
//!
//! Everything is looked at, whatever else is wrong; nothing is answered unless all of it is sound.

use std::collections::{BTreeMap, HashMap};

use rust_supervisor_settings::contradiction;
use rust_supervisor_settings::table::{self, Place};

use super::document::What;
use super::keys::known;
use super::overlay::Target;
use super::problem::{MAX_MISTAKES, Mistake};
use super::setting::{self, Setting};
use super::shape::{ChildConfig, OF_CHILD, OF_TREE, TreeConfig};
use crate::id::path;
use crate::id::types::ChildId;
use crate::spec::child::{Body, ChildSpec};
use crate::spec::error::{InvalidSpec, SpecProblem};
use crate::spec::plan::MAX_DEPTH;
#[cfg(feature = "config")]
use crate::spec::plan::Plan;
use crate::spec::supervisor::SupervisorSpec;
use crate::template::{Templates, Value};

type Settings = BTreeMap<String, Value>;

/// Applies what a file says to a specification.
#[cfg(feature = "config")]
pub(super) fn apply(
    config: &TreeConfig,
    mut spec: SupervisorSpec,
) -> Result<SupervisorSpec, Vec<Mistake>> {
    let mut applier = Applier {
        templates: spec.all_templates(),
        ..Applier::default()
    };
    applier.tree(config, &mut spec);
    if let Err(invalid) = Plan::try_from(spec.outlined()) {
        applier.unsound(&invalid);
    }
    if applier.mistakes.is_empty() {
        Ok(spec)
    } else {
        Err(applier.mistakes)
    }
}

/// A single child, such as a manifest declares.
#[cfg(feature = "manifest")]
pub(crate) fn child(
    config: &ChildConfig,
    templates: &Templates,
) -> Result<ChildSpec, Vec<Mistake>> {
    let mut applier = Applier {
        templates: templates.clone(),
        ..Applier::default()
    };
    let child = applier.child(config, "", &[], 0);
    match child {
        Some(child) if applier.mistakes.is_empty() => Ok(child),
        _ => Err(applier.mistakes),
    }
}

#[derive(Default)]
pub(super) struct Applier {
    templates: Templates,
    pub(super) mistakes: Vec<Mistake>,
    /// Where the child at a path is declared; several times, where that is the mistake.
    declared: HashMap<String, Vec<Vec<String>>>,
    /// Where a setting of the node at a path is written, the last one of them.
    written: HashMap<(String, &'static str), Vec<String>>,
    /// The siblings that such a node is after, in the order of that place.
    after: HashMap<String, Vec<String>>,
}

impl Applier {
    fn tree(&mut self, config: &TreeConfig, spec: &mut SupervisorSpec) {
        let settings = self.settings(&config.settings, &[], |key| {
            known(Place::Root, key, OF_TREE)
        });
        self.set(&settings, &[], "", Target::Root(spec));
        let steps = ["children".to_owned()];
        self.children(&config.children, "", &steps, 0, spec);
        for (place, overlay) in config.overlay.iter().enumerate() {
            if self.mistakes.len() > MAX_MISTAKES {
                break;
            }
            let steps = ["overlay".to_owned(), place.to_string()];
            self.overlay(overlay, &steps, spec);
        }
    }

    pub(super) fn children(
        &mut self,
        children: &[ChildConfig],
        parent: &str,
        steps: &[String],
        depth: usize,
        into: &mut SupervisorSpec,
    ) {
        for (place, child) in children.iter().enumerate() {
            let steps = below(steps, &place.to_string());
            if let Some(child) = self.child(child, parent, &steps, depth) {
                into.children.push(child);
            }
        }
    }

    fn child(
        &mut self,
        config: &ChildConfig,
        parent: &str,
        steps: &[String],
        depth: usize,
    ) -> Option<ChildSpec> {
        let Some(name) = config.name.as_ref().or(config.template.as_ref()) else {
            self.at(
                steps,
                What::Value,
                "a child needs a `name`, or a `template` that it takes it from",
            );
            return None;
        };
        let path = path::join(parent, &name.as_str().into()).to_string();
        self.declared
            .entry(path.clone())
            .or_default()
            .push(steps.to_vec());
        let (mut child, place) = match (&config.template, &config.children) {
            (Some(template), None) => (self.made(template, &config.args, steps), Place::Child),
            (Some(_), Some(_)) => {
                let steps = below(steps, "children");
                self.at(
                    &steps,
                    What::Key,
                    format!(
                        "`{name}` has a `template` and `children`: a worker runs the one, a \
                         supervisor has the other; take one of them away"
                    ),
                );
                return None;
            }
            (None, children) => {
                let of_supervisor = |key: &String| {
                    let row = table::find(Place::Nested, key);
                    row.is_ok_and(|row| row.places.contains(&Place::Root))
                };
                if children.is_none() && !config.settings.keys().any(of_supervisor) {
                    self.at(
                        steps,
                        What::Value,
                        format!(
                            "`{name}` says nothing that could run: name its `template`, or give it \
                             `children`"
                        ),
                    );
                    return None;
                }
                if !config.args.is_empty() {
                    let steps = below(steps, "args");
                    let message = "a supervisor takes no `args`; they belong to a `template`";
                    self.at(&steps, What::Key, message);
                }
                let mut inner = SupervisorSpec::root(Vec::new());
                if depth >= MAX_DEPTH {
                    let message =
                        format!("it is nested deeper than {MAX_DEPTH} levels; flatten it");
                    self.at(steps, What::Value, message);
                } else {
                    let steps = below(steps, "children");
                    let children = children.as_deref().unwrap_or_default();
                    self.children(children, &path, &steps, depth + 1, &mut inner);
                }
                (ChildSpec::supervisor("", inner), Place::Nested)
            }
        };
        child = child.named(name.as_str());
        let settings = self.settings(&config.settings, steps, |key| known(place, key, OF_CHILD));
        self.set(&settings, steps, &path, Target::Child(&mut child));
        Some(child)
    }

    /// A child of a template. Where that cannot be, one that stands in for it, so that it is not
    /// missed by those that are after it.
    fn made(
        &mut self,
        template: &str,
        args: &BTreeMap<String, Value>,
        steps: &[String],
    ) -> ChildSpec {
        let stands_in = || ChildSpec::declared(ChildId::new(template));
        let found = match self.templates.find(template) {
            Ok(found) => found.clone(),
            Err(mut unknown) => {
                let none = unknown.expected.is_empty();
                unknown.noun = "template";
                let message = if none {
                    format!("{unknown}\nno template is registered with this tree: `templates![..]`")
                } else {
                    unknown.to_string()
                };
                self.at(&below(steps, "template"), What::Value, message);
                return stands_in();
            }
        };
        match found.make(args) {
            Ok(child) => child,
            Err(problems) => {
                for problem in problems {
                    // What is missing has no place: its template has.
                    let there = args.contains_key(&problem.argument);
                    let steps = if there {
                        let argument = ["args".to_owned(), problem.argument.clone()];
                        [steps, &argument, &problem.inside].concat()
                    } else {
                        below(steps, "template")
                    };
                    let what = if there && problem.message.starts_with("unknown") {
                        What::Key
                    } else {
                        What::Value
                    };
                    let message = format!("template `{template}`: {}", problem.message);
                    let message = if problem.message.contains('\n') {
                        message
                    } else {
                        format!("{message}\nit takes: `{found}`")
                    };
                    self.at(&steps, what, message);
                }
                stands_in()
            }
        }
    }

    /// Reads settings, each by its row in the table.
    pub(super) fn settings(
        &mut self,
        settings: &Settings,
        steps: &[String],
        find: impl Fn(&str) -> Result<&'static table::Setting, String>,
    ) -> Vec<Setting> {
        let mut read = Vec::with_capacity(settings.len());
        for (key, value) in settings {
            if self.mistakes.len() > MAX_MISTAKES {
                break;
            }
            let steps = below(steps, key);
            match find(key) {
                Err(message) => self.at(&steps, What::Key, message),
                Ok(row) => match setting::read(row, value) {
                    Err(message) => self.at(&steps, What::Value, message),
                    Ok(setting) => read.push(setting),
                },
            }
        }
        for found in contradiction::within(&setting::InOnePlace(&read)) {
            self.at(&below(steps, found.key), What::Key, found.to_string());
        }
        read
    }

    pub(super) fn set(
        &mut self,
        settings: &[Setting],
        steps: &[String],
        path: &str,
        target: Target<'_>,
    ) {
        for setting in settings {
            let key = (path.to_owned(), setting.row.key);
            self.written.insert(key, below(steps, setting.row.key));
            if let (setting::Given::Names(names), "after") = (&setting.value, setting.row.key) {
                self.after.insert(path.to_owned(), names.clone());
            }
        }
        match target {
            Target::Root(spec) => {
                for setting in settings {
                    setting.set_supervisor(spec);
                }
            }
            Target::Child(child) => {
                for setting in settings {
                    match &mut child.body {
                        Body::Supervisor(spec) if setting.is_of_supervisor() => {
                            setting.set_supervisor(spec);
                        }
                        _ => setting.set_child(child),
                    }
                }
            }
        }
    }

    /// What only the whole tree shows.
    fn unsound(&mut self, invalid: &InvalidSpec) {
        for problem in invalid.problems.iter().take(MAX_MISTAKES + 1) {
            let (path, key) = problem.place();
            let path = path.trim_start_matches('/').to_owned();
            let declared = self.declared.get(&path).and_then(|places| places.last());
            let wanted = match problem {
                SpecProblem::UnknownSibling { after, .. }
                | SpecProblem::LaterSibling { after, .. } => Some(after),
                SpecProblem::Cycle { children, .. } => children.get(1),
                _ => None,
            };
            let names = self.after.get(&path).into_iter().flatten();
            let place = names.clone().position(|name| Some(name) == wanted);
            let written = self.written.get(&(path, key)).cloned();
            let written = written.map(|steps| match place {
                Some(place) => below(&steps, &place.to_string()),
                None => steps,
            });
            let (steps, what) = match (written, declared) {
                (Some(steps), _) => (steps, What::Value),
                (None, Some(steps)) if key == "name" => (below(steps, "name"), What::Value),
                (None, Some(steps)) => (steps.clone(), What::Value),
                // Written in code.
                (None, None) => (Vec::new(), What::Value),
            };
            let message = match problem {
                SpecProblem::DuplicateName { child } => {
                    format!("`{child}` is declared twice; give one of them another `name`")
                }
                problem => problem.to_string(),
            };
            self.mistakes.push(Mistake::new(&steps, what, message));
        }
    }

    pub(super) fn at(&mut self, steps: &[String], what: What, message: impl Into<String>) {
        if self.mistakes.len() > MAX_MISTAKES {
            return;
        }
        self.mistakes.push(Mistake::new(steps, what, message));
    }
}

pub(super) fn below(steps: &[String], step: &str) -> Vec<String> {
    let mut below = steps.to_vec();
    below.push(step.to_owned());
    below
}
