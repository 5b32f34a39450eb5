//! A specification without its code: what can be compared, copied and kept.

use std::sync::Arc;

use super::child::{Body, ChildSpec, Origin};
use super::plan::{ChildPolicy, Plan, PlannedBody, SupervisorPolicy};
use super::supervisor::SupervisorSpec;
use crate::task::launch;

/// A plan without its code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// As in the [`Plan`]: parents before their children, siblings in order, the root first.
    pub(crate) nodes: Vec<OutlinedNode>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutlinedNode {
    pub(crate) parent: Option<usize>,
    pub(crate) path: Arc<str>,
    pub(crate) policy: Arc<ChildPolicy>,
    /// Indices into the outline.
    pub(crate) after: Vec<usize>,
    pub(crate) origin: Option<Box<Origin>>,
    pub(crate) body: OutlinedBody,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutlinedBody {
    Declared,
    Supervisor(SupervisorPolicy),
    Worker,
}

impl Outline {
    pub(crate) fn of(plan: &Plan) -> Self {
        let nodes = plan.nodes.iter().map(|node| OutlinedNode {
            parent: node.parent,
            path: Arc::clone(&node.path),
            policy: Arc::clone(&node.policy),
            after: node.after.clone(),
            origin: node.origin.clone(),
            body: match &node.body {
                PlannedBody::Declared => OutlinedBody::Declared,
                PlannedBody::Supervisor(policy) => OutlinedBody::Supervisor((**policy).clone()),
                PlannedBody::Worker(_) => OutlinedBody::Worker,
            },
        });
        Self {
            nodes: nodes.collect(),
        }
    }
}

impl SupervisorSpec {
    /// The same, with workers that do nothing.
    pub(crate) fn outlined(&self) -> Self {
        Self {
            init: self.init.as_ref().map(|init| Box::new(init.outlined())),
            children: self.children.iter().map(ChildSpec::outlined).collect(),
            strategy: self.strategy,
            intensity: self.intensity,
            on_exhausted: self.on_exhausted,
            auto_shutdown: self.auto_shutdown,
            start: self.start,
            first_start: self.first_start,
            while_starting: self.while_starting,
            pool: self.pool,
            add: self.add,
            max_children: self.max_children,
            history: self.history,
            shutdown_within: self.shutdown_within,
            templates: self.templates.clone(),
            #[cfg(feature = "recorder")]
            record: self.record,
            #[cfg(feature = "config")]
            configured: None,
        }
    }
}

impl ChildSpec {
    fn outlined(&self) -> Self {
        Self {
            id: self.id.clone(),
            settings: self.settings.clone(),
            after: self.after.clone(),
            hears_stop: self.hears_stop,
            origin: self.origin.clone(),
            body: match &self.body {
                Body::Declared => Body::Declared,
                Body::Supervisor(spec) => Body::Supervisor(Box::new(spec.outlined())),
                Body::Worker(_) => Body::Worker(launch::nothing()),
            },
        }
    }
}
