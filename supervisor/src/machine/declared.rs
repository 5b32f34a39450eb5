//! The children that a tree is declared to have, wherever they are just now.

#[cfg(all(feature = "config", any(test, feature = "__world")))]
use std::collections::HashMap;
#[cfg(all(feature = "config", any(test, feature = "__world")))]
use std::sync::Arc;

use super::Machine;
#[cfg(all(feature = "config", any(test, feature = "__world")))]
use super::node::Body;
use super::node::Ix;
use crate::id::path;
#[cfg(all(feature = "config", any(test, feature = "__world")))]
use crate::spec::outline::{Outline, OutlinedBody, OutlinedNode};

impl Machine {
    /// The declared child at a path, also where an operator has removed it for now.
    pub(super) fn declared(&self, path: &str) -> Option<Ix> {
        let found = self.index.find(path, &self.nodes);
        if let Some(ix) = found.filter(|&ix| self.nodes[ix].flags.is_static || ix == Ix::ROOT) {
            return Some(ix);
        }
        let above = path::above(path);
        if path.is_empty() {
            return None;
        }
        let sup = self.declared(above)?;
        let mut statics = self.nodes[sup].sup()?.statics.iter().copied();
        statics.find(|&ix| *self.nodes[ix].path == *path)
    }

    /// What the tree is declared to be, as the machine has it.
    #[cfg(all(feature = "config", any(test, feature = "__world")))]
    pub(super) fn outline(&self) -> Outline {
        let mut nodes = Vec::new();
        let mut places = HashMap::new();
        self.outline_below(Ix::ROOT, None, &mut nodes, &mut places);
        Outline { nodes }
    }

    #[cfg(all(feature = "config", any(test, feature = "__world")))]
    fn outline_below(
        &self,
        ix: Ix,
        parent: Option<usize>,
        nodes: &mut Vec<OutlinedNode>,
        places: &mut HashMap<Ix, usize>,
    ) {
        let (node, at) = (&self.nodes[ix], nodes.len());
        places.insert(ix, at);
        nodes.push(OutlinedNode {
            parent,
            path: Arc::clone(&node.path),
            policy: Arc::clone(&node.policy),
            after: Vec::new(),
            origin: None,
            body: match &node.body {
                Body::Declared => OutlinedBody::Declared,
                Body::Supervisor(sup) => OutlinedBody::Supervisor(sup.policy.clone()),
                Body::Worker => OutlinedBody::Worker,
            },
        });
        let statics = node.sup().map_or(&[][..], |sup| &sup.statics);
        for &child in statics {
            self.outline_below(child, Some(at), nodes, places);
        }
        for child in statics {
            let links = self.nodes[*child].links.as_ref();
            let after = links.map_or(&[][..], |links| &links.after);
            let after = after.iter().filter_map(|on| places.get(on).copied());
            nodes[places[child]].after = after.collect();
        }
    }
}
