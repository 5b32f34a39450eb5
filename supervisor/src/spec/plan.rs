//! What is known to be sound: a specification, checked, ordered and indexed.
//!
//! [`Plan::try_from`] is the only way from what a user wrote ([`SupervisorSpec`]) to what the
//! machine runs. It reports every mistake of a tree at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor_settings::{name, suggest};

use super::backoff::Backoff;
use super::child::{Body, ChildSpec, Origin};
use super::error::{InvalidSpec, SpecProblem};
use super::policy::{
    AddPolicy, AutoShutdown, FirstStart, Intensity, OnExhausted, OnStuck, Pool, Readiness,
    RestartPolicy, Shutdown, StartOrder, Strategy, WhileStarting,
};
use super::resolve::Resolved;
use super::supervisor::SupervisorSpec;
use crate::id::path;
use crate::id::paths::Paths;
use crate::id::types::ChildId;
use crate::task::launch::Launch;

/// Deeper trees are refused: they are a mistake, and their paths grow with the square.
pub(crate) const MAX_DEPTH: usize = 64;

/// A sound tree: parents before their children, siblings in order, the root first.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) nodes: Vec<PlannedNode>,
    /// Where the path of each node is, by its index.
    pub(crate) paths: Paths,
}

/// A sound child for a tree that runs.
#[derive(Debug)]
pub(crate) struct Planned {
    /// As in a [`Plan`]; the first one is the child itself.
    pub(crate) nodes: Vec<PlannedNode>,
    /// Siblings that the child is after; only the tree knows them.
    pub(crate) after: Vec<ChildId>,
    /// The longest of the budgets that are set in it; only the tree knows the deadlines above.
    pub(crate) longest: Option<SetBudget>,
}

/// A budget that somebody has written, and for whom.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug)]
pub(crate) struct SetBudget {
    pub(crate) child: Arc<str>,
    pub(crate) budget: Shutdown,
}

/// A supervisor below which everything has to stop in time.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    pub(crate) supervisor: Arc<str>,
    pub(crate) within: Duration,
}

#[derive(Debug)]
pub(crate) struct PlannedNode {
    /// Index into the plan; none for its first node.
    pub(crate) parent: Option<usize>,
    pub(crate) path: Arc<str>,
    pub(crate) policy: Arc<ChildPolicy>,
    /// Indices into the plan.
    pub(crate) after: Vec<usize>,
    /// Where it is made of a template.
    #[cfg_attr(
        not(feature = "config"),
        allow(dead_code, reason = "only who compares plans asks")
    )]
    pub(crate) origin: Option<Box<Origin>>,
    pub(crate) body: PlannedBody,
}

#[derive(Debug)]
pub(crate) enum PlannedBody {
    Declared,
    /// In a box: most nodes of a large plan are workers, and the plan is as large as its nodes.
    Supervisor(Box<SupervisorPolicy>),
    Worker(Launch),
}

/// What holds for a child, nothing left to default.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChildPolicy {
    pub(crate) restart: RestartPolicy,
    pub(crate) backoff: Backoff,
    pub(crate) backoff_reset: Duration,
    /// Its own limit of restarts; they then count nowhere else.
    pub(crate) fuse: Option<Intensity>,
    pub(crate) stop: StopPolicy,
    pub(crate) readiness: Readiness,
    /// Only where readiness is not immediate.
    pub(crate) ready_within: Duration,
    pub(crate) significant: bool,
    pub(crate) critical: bool,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stall_after: Option<Duration>,
    pub(crate) on_stuck: OnStuck,
    pub(crate) tags: Arc<[Arc<str>]>,
    /// When it declines to run, so does its supervisor.
    pub(crate) decides: bool,
}

/// How a child is ended.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopPolicy {
    /// Dropped at once, which is a clean stop: it could not have heard a request.
    Drop,
    Shutdown(Shutdown),
}

/// What holds for a supervisor.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SupervisorPolicy {
    pub(crate) strategy: Strategy,
    /// None: the default, which scales with the number of children.
    pub(crate) intensity: Option<Intensity>,
    pub(crate) on_exhausted: OnExhausted,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) start: StartOrder,
    pub(crate) first_start: FirstStart,
    pub(crate) while_starting: WhileStarting,
    pub(crate) pool: Pool,
    pub(crate) add: AddPolicy,
    pub(crate) max_children: Option<usize>,
    /// None: as above it.
    pub(crate) history: Option<usize>,
    pub(crate) shutdown_within: Option<Duration>,
}

impl TryFrom<SupervisorSpec> for Plan {
    type Error = InvalidSpec;

    fn try_from(spec: SupervisorSpec) -> Result<Self, InvalidSpec> {
        let mut builder = Builder::default();
        let root = ChildSpec::supervisor("", spec);
        builder.claim("");
        builder.plan(root, None, &Arc::from(""), 0);
        let (nodes, paths) = builder.finish()?;
        Ok(Self { nodes, paths })
    }
}

impl Planned {
    /// Checks a child that is to be added below the supervisor at `parent`.
    pub(crate) fn new(spec: ChildSpec, parent: &str) -> Result<Self, InvalidSpec> {
        let mut builder = Builder::default();
        let path = path::join(parent, &spec.id.value);
        builder.check_name(parent, &spec.id);
        let after = spec.after.clone();
        let depth = if parent.is_empty() {
            1
        } else {
            parent.split('/').count() + 1
        };
        builder.plan(spec, None, &path, depth);
        let longest = builder.longest.take();
        let (nodes, _) = builder.finish()?;
        Ok(Self {
            nodes,
            after,
            longest,
        })
    }
}

impl SetBudget {
    /// Whether it fits below that supervisor.
    pub(crate) fn fits(&self, deadline: &Deadline) -> Result<(), SpecProblem> {
        let fits = match self.budget {
            Shutdown::Abort => true,
            Shutdown::Infinity => false,
            Shutdown::Within(budget) => budget <= deadline.within,
        };
        if fits {
            return Ok(());
        }
        Err(SpecProblem::BudgetAboveDeadline {
            child: path::shown(&self.child).to_owned(),
            budget: self.budget,
            supervisor: path::shown(&deadline.supervisor).to_owned(),
            deadline: deadline.within,
        })
    }

    fn is_longer_than(&self, other: &Self) -> bool {
        match (self.budget, other.budget) {
            (Shutdown::Within(budget), Shutdown::Within(other)) => budget > other,
            (Shutdown::Infinity, other) => other != Shutdown::Infinity,
            (budget, Shutdown::Abort) => budget != Shutdown::Abort,
            (Shutdown::Abort | Shutdown::Within(_), _) => false,
        }
    }
}

/// Whether `significant` fits, in a supervisor that does or does not shut down by itself (R5).
pub(crate) fn significance(
    policy: &ChildPolicy,
    parent: AutoShutdown,
    child: &str,
) -> Result<(), SpecProblem> {
    if !policy.significant {
        return Ok(());
    }
    let child = child.to_owned();
    if policy.restart == RestartPolicy::Permanent {
        return Err(SpecProblem::SignificantPermanent { child });
    }
    match parent {
        AutoShutdown::AllSignificant | AutoShutdown::AnySignificant => Ok(()),
        AutoShutdown::AllEnded | AutoShutdown::Never => {
            Err(SpecProblem::SignificantWithoutAutoShutdown { child })
        }
    }
}

#[derive(Default)]
pub(super) struct Builder {
    nodes: Vec<PlannedNode>,
    paths: Paths,
    pub(super) problems: Vec<SpecProblem>,
    /// The last one that was resolved.
    pub(super) resolved: Option<Resolved>,
    /// The shortest of the deadlines above what is being planned.
    deadline: Option<Deadline>,
    longest: Option<SetBudget>,
}

impl Builder {
    fn finish(self) -> Result<(Vec<PlannedNode>, Paths), InvalidSpec> {
        if self.problems.is_empty() {
            Ok((self.nodes, self.paths))
        } else {
            Err(InvalidSpec {
                problems: self.problems,
            })
        }
    }

    fn plan(&mut self, spec: ChildSpec, parent: Option<usize>, path: &Arc<str>, depth: usize) {
        let policy = self.policy(&spec, path);
        if let Some(budget) = spec.settings.shutdown {
            self.set_budget(path, budget);
        }
        let at = self.nodes.len();
        let (body, children) = match spec.body {
            Body::Declared => (PlannedBody::Declared, None),
            Body::Supervisor(inner) => {
                let policy = self.supervisor_policy(&inner, path);
                (PlannedBody::Supervisor(Box::new(policy)), Some(inner))
            }
            Body::Worker(launch) => (PlannedBody::Worker(launch), None),
        };
        self.nodes.push(PlannedNode {
            parent,
            path: Arc::clone(path),
            policy,
            after: Vec::new(),
            origin: spec.origin,
            body,
        });
        if let Some(inner) = children {
            let above = self.deadline.clone();
            if let Some(within) = inner.shutdown_within {
                self.set_budget(path, Shutdown::Within(within));
                if above.as_ref().is_none_or(|above| within < above.within) {
                    let supervisor = Arc::clone(path);
                    self.deadline = Some(Deadline { supervisor, within });
                }
            }
            self.children(*inner, at, path, depth);
            self.deadline = above;
        }
    }

    /// Checks a budget that was written against what there is above it.
    fn set_budget(&mut self, path: &Arc<str>, budget: Shutdown) {
        let child = Arc::clone(path);
        let set = SetBudget { child, budget };
        if let Some(Err(problem)) = self.deadline.as_ref().map(|deadline| set.fits(deadline)) {
            self.problems.push(problem);
        }
        if self
            .longest
            .as_ref()
            .is_none_or(|longest| set.is_longer_than(longest))
        {
            self.longest = Some(set);
        }
    }

    fn children(&mut self, spec: SupervisorSpec, parent: usize, path: &Arc<str>, depth: usize) {
        let supervisor = path::shown(path).to_owned();
        if depth >= MAX_DEPTH && !spec.children.is_empty() {
            self.problems.push(SpecProblem::TooDeep {
                supervisor,
                limit: MAX_DEPTH,
            });
            return;
        }
        if spec.pool != Pool::Off && !spec.children.is_empty() {
            let child = spec.children[0].id.to_string();
            self.problems.push(SpecProblem::StaticChildInPool {
                supervisor: supervisor.clone(),
                child,
            });
        }
        let nodes = &self.nodes;
        self.paths
            .reserve(spec.children.len(), |place| &nodes[place as usize].path);
        self.nodes.reserve(spec.children.len());
        let mut after: Vec<(usize, ChildId, Vec<ChildId>)> = Vec::new();
        let init = spec.init.map(|init| init.into_init());
        let init_first = init.as_ref().map(|init| init.id.clone());
        let init_first = init_first.filter(|_| spec.start == StartOrder::Concurrent);
        for mut child in init.into_iter().chain(spec.children) {
            self.check_name(path, &child.id);
            let child_path = path::join(path, &child.id.value);
            // One without a name has the path of its supervisor.
            if !self.claim(&child_path) && !child.id.value.is_empty() {
                self.problems.push(SpecProblem::DuplicateName {
                    child: child_path.to_string(),
                });
            }
            let mut wanted = std::mem::take(&mut child.after);
            wanted.extend(init_first.clone().filter(|init| *init != child.id));
            if !wanted.is_empty() {
                after.push((self.nodes.len(), child.id.clone(), wanted));
            }
            let at = self.nodes.len();
            self.plan(child, Some(parent), &child_path, depth + 1);
            if let Err(problem) =
                significance(&self.nodes[at].policy, spec.auto_shutdown, &child_path)
            {
                self.problems.push(problem);
            }
        }
        if !after.is_empty() {
            self.dependencies(parent, spec.start, &supervisor, after);
        }
    }

    /// The next node gets this path; false if one has it already.
    fn claim(&mut self, path: &str) -> bool {
        let place = u32::try_from(self.nodes.len()).expect("fewer nodes than u32::MAX");
        let nodes = &self.nodes;
        self.paths
            .insert(place, path, |other| &nodes[other as usize].path)
    }

    /// Resolves `after` into indices, and refuses what cannot be started.
    fn dependencies(
        &mut self,
        parent: usize,
        order: StartOrder,
        supervisor: &str,
        after: Vec<(usize, ChildId, Vec<ChildId>)>,
    ) {
        let siblings: HashMap<String, usize> = self
            .nodes
            .iter()
            .enumerate()
            .skip(parent + 1)
            .filter(|(_, node)| node.parent == Some(parent))
            .map(|(at, node)| (path::name(&node.path).to_owned(), at))
            .collect();
        for (at, id, wanted) in after {
            let child = self.nodes[at].path.to_string();
            for dependency in wanted {
                let name = dependency.to_string();
                let Some(&on) = siblings.get(&name) else {
                    let known = siblings.keys().map(String::as_str);
                    let did_you_mean = suggest::closest(&name, known).map(str::to_owned);
                    self.problems.push(SpecProblem::UnknownSibling {
                        child: child.clone(),
                        after: name,
                        did_you_mean,
                    });
                    continue;
                };
                if dependency == id {
                    self.problems.push(SpecProblem::Cycle {
                        supervisor: supervisor.to_owned(),
                        children: vec![name.clone(), name],
                    });
                } else if order == StartOrder::Ordered && on > at {
                    self.problems.push(SpecProblem::LaterSibling {
                        child: child.clone(),
                        after: name,
                    });
                } else if !self.nodes[at].after.contains(&on) {
                    self.nodes[at].after.push(on);
                }
            }
        }
        if order == StartOrder::Concurrent {
            self.cycles(supervisor, siblings.values().copied().collect());
        }
    }

    /// Finds children that wait for each other.
    fn cycles(&mut self, supervisor: &str, mut siblings: Vec<usize>) {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            No,
            OnPath,
            Done,
        }
        siblings.sort_unstable();
        let base = siblings[0];
        let mut seen = vec![Seen::No; siblings[siblings.len() - 1] - base + 1];
        for &start in &siblings {
            // Depth first with a stack of its own: chains may be long.
            let mut path: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some(&mut (at, ref mut edge)) = path.last_mut() {
                if *edge == 0 {
                    if seen[at - base] == Seen::Done {
                        path.pop();
                        continue;
                    }
                    seen[at - base] = Seen::OnPath;
                }
                let Some(&on) = self.nodes[at].after.get(*edge) else {
                    seen[at - base] = Seen::Done;
                    path.pop();
                    continue;
                };
                *edge += 1;
                match seen[on - base] {
                    Seen::No => path.push((on, 0)),
                    Seen::Done => {}
                    Seen::OnPath => {
                        let from = path.iter().position(|&(node, _)| node == on).unwrap_or(0);
                        let names = path[from..].iter().map(|&(node, _)| node).chain([on]);
                        let children = names
                            .map(|node| path::name(&self.nodes[node].path).to_owned())
                            .collect();
                        self.problems.push(SpecProblem::Cycle {
                            supervisor: supervisor.to_owned(),
                            children,
                        });
                    }
                }
            }
        }
    }

    fn check_name(&mut self, parent: &str, id: &ChildId) {
        if let Err(error) = name::check(&id.value) {
            self.problems.push(SpecProblem::IllFormedName {
                supervisor: path::shown(parent).to_owned(),
                name: id.to_string(),
                why: error.to_string(),
            });
        }
    }
}
