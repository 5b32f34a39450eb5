//! Who starts after whom.

use super::Machine;
use super::node::{Ix, Links, Mail, Phase};

impl Machine {
    pub(super) fn link_dependencies(&mut self, ix: Ix, after: Vec<Ix>) {
        if after.is_empty() {
            return;
        }
        for &on in &after {
            let links = self.nodes[on].links.get_or_insert_default();
            links.before.push(ix);
        }
        self.nodes[ix]
            .links
            .get_or_insert_with(|| Box::new(Links::default()))
            .after = after;
    }

    /// Forgets the edges of a node that is going.
    pub(super) fn unlink_dependencies(&mut self, ix: Ix) {
        let Some(links) = self.nodes[ix].links.take() else {
            return;
        };
        for on in links.after {
            if let Some(links) = &mut self.nodes[on].links {
                links.before.retain(|&dependent| dependent != ix);
            }
        }
        for dependent in links.before {
            if let Some(links) = &mut self.nodes[dependent].links {
                links.after.retain(|&on| on != ix);
            }
            if matches!(self.nodes[dependent].phase, Phase::Waiting(_)) {
                self.mail(
                    self.nodes[dependent].parent,
                    Mail::Start(self.nodes.id(dependent)),
                );
            }
        }
    }
}
