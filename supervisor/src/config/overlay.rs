//! Whom an overlay is for, and what it sets there.

use rust_supervisor_settings::suggest::{self, Unknown};
use rust_supervisor_settings::table::{self, Place};

use super::apply::{Applier, below};
use super::document::What;
use super::keys::{anywhere, noun};
use super::setting::Setting;
use super::shape::OverlayConfig;
use crate::id::path;
use crate::spec::child::{Body, ChildSpec};
use crate::spec::supervisor::SupervisorSpec;

/// A node that settings are for.
pub(super) enum Target<'s> {
    Child(&'s mut ChildSpec),
    Root(&'s mut SupervisorSpec),
}

impl Applier {
    pub(super) fn overlay(
        &mut self,
        overlay: &OverlayConfig,
        steps: &[String],
        spec: &mut SupervisorSpec,
    ) {
        let settings = self.settings(&overlay.settings, steps, anywhere);
        if overlay.settings.is_empty() && overlay.children.is_empty() {
            self.at(
                steps,
                What::Value,
                "this overlay sets nothing; write a setting, or take it away",
            );
        }
        match (&overlay.path, &overlay.tag) {
            (Some(path), None) if path.is_empty() => self.at(
                &below(steps, "path"),
                What::Value,
                "the path is empty; the root is `/`, others are written as `gateway/eu`",
            ),
            (Some(path), None) => {
                let path = path.trim_matches('/');
                self.overlay_path(overlay, path, &settings, steps, spec);
            }
            (None, Some(tag)) => self.overlay_tag(overlay, tag, &settings, steps, spec),
            (Some(_), Some(_)) => self.at(
                &below(steps, "tag"),
                What::Key,
                "an overlay has a `path` or a `tag`, not both; write two overlays",
            ),
            (None, None) => self.at(
                steps,
                What::Value,
                "an overlay needs a `path` or a `tag`, which says whom it is for",
            ),
        }
    }

    fn overlay_path(
        &mut self,
        overlay: &OverlayConfig,
        path: &str,
        settings: &[Setting],
        steps: &[String],
        spec: &mut SupervisorSpec,
    ) {
        let Some(mut target) = find(spec, path) else {
            let mut paths = Vec::new();
            list(spec, "", &mut paths);
            let near = suggest::closest(path, paths.iter().map(|(path, _)| path.as_str()));
            let near = near.map_or_else(
                || "; the root is `/`, others are written as `gateway/eu`".to_owned(),
                |near| format!("; did you mean `{near}`?"),
            );
            let message = format!("there is no child `{path}` in this tree{near}");
            return self.at(&below(steps, "path"), What::Value, message);
        };
        if !overlay.children.is_empty() {
            let depth = path.split('/').filter(|name| !name.is_empty()).count();
            let inside = below(steps, "children");
            if let Some(supervisor) = target.supervisor() {
                self.children(&overlay.children, path, &inside, depth, supervisor);
            } else {
                let message = format!("`{path}` is no supervisor, and has no children");
                self.at(&inside, What::Key, message);
            }
        }
        self.set_where_it_fits(settings, steps, path, target);
    }

    fn overlay_tag(
        &mut self,
        overlay: &OverlayConfig,
        tag: &str,
        settings: &[Setting],
        steps: &[String],
        spec: &mut SupervisorSpec,
    ) {
        if !overlay.children.is_empty() {
            self.at(
                &below(steps, "children"),
                What::Key,
                "children are added to the supervisor at one `path`, not by tag",
            );
        }
        if self.set_tagged(tag, settings, steps, "", spec) {
            return;
        }
        let mut paths = Vec::new();
        list(spec, "", &mut paths);
        let mut known: Vec<&str> = paths
            .iter()
            .flat_map(|(_, tags)| tags.iter().map(String::as_str))
            .collect();
        known.sort_unstable();
        known.dedup();
        let message = if known.is_empty() {
            format!("no child has the tag `{tag}`, or any")
        } else {
            Unknown::new("tag", tag, known).to_string()
        };
        self.at(&below(steps, "tag"), What::Value, message);
    }

    /// Sets them on whoever carries a tag below a supervisor; whether somebody does.
    fn set_tagged(
        &mut self,
        tag: &str,
        settings: &[Setting],
        steps: &[String],
        parent: &str,
        spec: &mut SupervisorSpec,
    ) -> bool {
        let mut found = false;
        for child in &mut spec.children {
            let carries = child.settings.tags.iter().any(|other| **other == *tag);
            if !carries && !matches!(child.body, Body::Supervisor(_)) {
                continue;
            }
            let path = path::join(parent, &child.id.value);
            if carries {
                found = true;
                self.set_where_it_fits(settings, steps, &path, Target::Child(child));
            }
            if let Body::Supervisor(spec) = &mut child.body {
                found |= self.set_tagged(tag, settings, steps, &path, spec);
            }
        }
        found
    }

    /// Sets those settings that such a node has, and says which it has not.
    fn set_where_it_fits(
        &mut self,
        settings: &[Setting],
        steps: &[String],
        path: &str,
        target: Target<'_>,
    ) {
        let place = target.place();
        let mut fitting = Vec::with_capacity(settings.len());
        for setting in settings {
            match table::find(place, setting.row.key) {
                Ok(_) => fitting.push(setting.clone()),
                Err(error) => {
                    let shown = path::shown(path);
                    let message = format!("{error}, and `{shown}` is {}", noun(place));
                    self.at(&below(steps, setting.row.key), What::Key, message);
                }
            }
        }
        self.set(&fitting, steps, path, target);
    }
}

impl Target<'_> {
    fn place(&self) -> Place {
        match self {
            Self::Root(_) => Place::Root,
            Self::Child(child) if matches!(child.body, Body::Supervisor(_)) => Place::Nested,
            Self::Child(_) => Place::Child,
        }
    }

    fn supervisor(&mut self) -> Option<&mut SupervisorSpec> {
        match self {
            Self::Root(spec) => Some(spec),
            Self::Child(child) => match &mut child.body {
                Body::Supervisor(spec) => Some(spec),
                Body::Declared | Body::Worker(_) => None,
            },
        }
    }
}

/// The node at a path.
fn find<'s>(spec: &'s mut SupervisorSpec, path: &str) -> Option<Target<'s>> {
    if path.is_empty() {
        return Some(Target::Root(spec));
    }
    let (name, rest) = match path.split_once('/') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let mut children = spec.children.iter_mut();
    let child = children.find(|child| &*child.id.value == name)?;
    let Some(rest) = rest else {
        return Some(Target::Child(child));
    };
    match &mut child.body {
        Body::Supervisor(spec) => find(spec, rest),
        Body::Declared | Body::Worker(_) => None,
    }
}

/// All paths, with their tags.
fn list(spec: &SupervisorSpec, parent: &str, into: &mut Vec<(String, Vec<String>)>) {
    for child in &spec.children {
        let path = path::join(parent, &child.id.value).to_string();
        let tags = child
            .settings
            .tags
            .iter()
            .map(ToString::to_string)
            .collect();
        into.push((path.clone(), tags));
        if let Body::Supervisor(spec) = &child.body {
            list(spec, &path, into);
        }
    }
}
