//! What must be true of what a tree tells, whoever decided it: read from its events alone.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::__world::World;
use rust_supervisor::control::outcome::ChildControlOperation as Operation;
use rust_supervisor::event::command::CommandKind;
use rust_supervisor::event::failure::Why;
use rust_supervisor::event::kind::{Event, EventKind};
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::spec::policy::{RestartPolicy, StartOrder, Strategy, WhileStarting};

use crate::tree::{Child, Sup, WINDOW};

/// Everything is known by path; the root is the empty one.
#[derive(Default)]
pub(crate) struct Rules {
    seen: u64,
    members: HashMap<Arc<str>, Member>,
    supervisors: HashMap<Arc<str>, Supervisor>,
    /// The children that the tree is declared with.
    declared: HashMap<Arc<str>, Child>,
    /// What the last command would add; and all of them, by the number of their event.
    offer: Option<Child>,
    offered: Vec<(u64, Arc<str>, Child)>,
    /// The tree has been told to be another one.
    reloaded: bool,
    /// Commands that name a child, by the number of their event.
    commands: HashMap<u64, CommandKind>,
    /// Supervisors that come down.
    down: HashSet<Arc<str>>,
    /// Who ends by itself, and takes its time.
    ending: HashSet<String>,
}

/// What was last told of a child.
#[derive(Default)]
struct Member {
    restart: RestartPolicy,
    after: Vec<Arc<str>>,
    fuse: Option<u32>,
    state: Option<ChildState>,
    operation: Operation,
    ready: bool,
    /// The command to stop it, where no other has come after that.
    stop: Option<u64>,
    /// Somebody has stopped it, and nobody has started it, or a group that it is in, since.
    stopped: bool,
    generation: Option<u64>,
    /// When it was restarted, by a budget of its own.
    restarts: VecDeque<Duration>,
}

struct Supervisor {
    strategy: Strategy,
    /// It stops its children one by one.
    ordered: bool,
    /// It serves commands in their turn, as OTP does.
    waits: bool,
    intensity: u32,
    /// Those that it begins with, and those that it has, in order.
    first: Vec<Arc<str>>,
    children: Vec<Arc<str>>,
    /// When it restarted children, since it was started.
    restarts: VecDeque<Duration>,
    /// Who was restarted last.
    culprit: Option<Arc<str>>,
    /// What stops its children now, as their events say.
    walk: Option<u64>,
    /// Who has to be started again for the restart of a group to be whole.
    group: HashSet<Arc<str>>,
    /// Of whom somebody has asked for something else before that was so.
    excused: HashSet<Arc<str>>,
}

impl Rules {
    pub(crate) fn of(tree: &Sup) -> Self {
        let mut rules = Self::default();
        rules.learn_supervisor("".into(), tree);
        rules.declare("", tree);
        rules
    }

    fn declare(&mut self, path: &str, sup: &Sup) {
        for child in &sup.children {
            let path = join(path, &child.name);
            if let Some(below) = &child.below {
                self.declare(&path, below);
            }
            self.declared.insert(path, child.clone());
        }
    }

    /// The next command would add this child.
    pub(crate) fn offer(&mut self, child: &Child) {
        self.offer = Some(child.clone());
    }

    /// The tree becomes another one, little by little: what follows from its settings is left to the
    /// machine's own checks from here on.
    pub(crate) fn reload(&mut self) {
        self.reloaded = true;
        self.supervisors.clear();
        self.declared.clear();
        for member in self.members.values_mut() {
            member.after.clear();
            member.stopped = false;
        }
    }

    /// An attempt begins to end by itself.
    pub(crate) fn ends(&mut self, path: &str) {
        self.ending.insert(path.to_owned());
    }

    pub(crate) fn tell(&mut self, world: &mut World) {
        for event in &world.events() {
            self.seen += 1;
            assert_eq!(event.seq, self.seen, "I10: events are numbered");
            self.check(event);
            if let Some(member) = self.members.get_mut(&event.path) {
                let asked = matches!(event.kind, EventKind::Commanded(_));
                // Where commands wait for their turn, it may be started before.
                let supervisor = self.supervisors.get(parent(&event.path));
                let waits = asked && supervisor.is_some_and(|it| it.waits);
                let by_stop = member.stop == Some(event.correlation) && !waits;
                if event.state == ChildState::Stopped && by_stop && !self.reloaded {
                    member.stopped = true;
                }
                if member.operation == Operation::Quarantined
                    && event.operation == Operation::Active
                {
                    // Its fuse is whole again.
                    member.restarts.clear();
                }
                member.state = Some(event.state);
                member.operation = event.operation;
                member.ready = event.ready;
            }
        }
        self.offer = None;
        if !world.has_more() {
            self.check_groups(world);
        }
    }

    fn check(&mut self, event: &Event) {
        let path = &event.path;
        if self.commands.contains_key(&event.correlation) {
            // Its turn may come long after it was asked.
            self.excuse(path);
        }
        match &event.kind {
            EventKind::Added => self.added(event),
            EventKind::Commanded(commanded) => {
                if let Some(child) = self.offer.take() {
                    self.offered.push((event.seq, Arc::clone(path), child));
                }
                self.commands.insert(event.seq, commanded.command);
                if let Some(member) = self.members.get_mut(path) {
                    let stops = commanded.command == CommandKind::Stop;
                    member.stop = stops.then_some(event.seq);
                    member.stopped &= !is_start(commanded.command);
                }
                self.excuse(path);
            }
            EventKind::Operation(_) => self.excuse(path),
            EventKind::Removed => {
                self.excuse(path);
                if let Some(supervisor) = self.supervisors.get_mut(parent(path)) {
                    supervisor.children.retain(|child| child != path);
                }
                for member in self.members.values_mut() {
                    member.after.retain(|after| after != path);
                }
            }
            EventKind::Refused(_) => self.offered.retain(|it| it.0 != event.correlation),
            EventKind::Exited(_) => _ = self.ending.remove(&**path),
            EventKind::Started => self.started(event),
            EventKind::Restarting { .. } => self.restarting(event),
            EventKind::Quarantined(_) => self.quarantined(path),
            EventKind::TimedOut { .. } => self.ends(path),
            EventKind::GroupStopping => self.group_stopping(event),
            EventKind::GroupStarting => {
                self.start_below(path);
                if let Some(supervisor) = self.supervisors.get_mut(path) {
                    supervisor.walk = None;
                }
            }
            EventKind::GaveUp(failure) => {
                let by_itself = failure.supervisor.trim_start_matches('/') == &**path;
                let supervisor = self.supervisors.get_mut(path).filter(|_| by_itself);
                if let (Some(supervisor), Why::Intensity(limit)) = (supervisor, failure.why) {
                    let used = within(&mut supervisor.restarts, event.at);
                    let allowed = limit.restarts as usize;
                    assert_eq!(
                        used, allowed,
                        "I4: `{path}` gives up before it must, or after"
                    );
                }
                self.comes_down(event);
            }
            EventKind::Shutdown(_) => self.comes_down(event),
            EventKind::Stopping => {
                self.stopping(event);
                self.comes_down(event);
            }
            EventKind::Aborting | EventKind::SupervisorEnded(_) => {
                if let Some(supervisor) = self.supervisors.get_mut(path) {
                    supervisor.walk = None;
                    supervisor.group.clear();
                }
            }
            _ => {}
        }
    }

    fn started(&mut self, event: &Event) {
        let path = &event.path;
        self.down.remove(path);
        self.start_below(path);
        let now = event.generation.expect("it has been started");
        if let Some(member) = self.members.get_mut(path) {
            let before = member.generation.replace(now);
            assert!(
                before < Some(now),
                "I2: `{path}` had {before:?} and has {now}"
            );
            let operation = event.operation;
            assert_eq!(
                operation,
                Operation::Active,
                "`{path}` is kept down, and starts"
            );
            let command = self.commands.get(&event.correlation);
            let by_command = command.copied().is_some_and(is_start);
            assert!(
                by_command || !member.stopped,
                "`{path}` was stopped, and starts"
            );
            member.stopped = false;
            let unready = |after: &&Arc<str>| !self.members[*after].ready;
            let unready = self.members[path].after.iter().find(unready);
            assert_eq!(unready, None, "I3: `{path}` starts before what it is after");
        }
        if let Some(supervisor) = self.supervisors.get_mut(parent(path)) {
            supervisor.group.remove(path);
        }
        if let Some(supervisor) = self.supervisors.get_mut(path) {
            supervisor.children.clone_from(&supervisor.first);
            supervisor.restarts.clear();
            supervisor.walk = None;
            supervisor.group.clear();
        }
    }

    /// Whoever was stopped below a supervisor may be started with the others (R20).
    fn start_below(&mut self, path: &Arc<str>) {
        for (below, member) in &mut self.members {
            if !below.is_empty() && parent(below) == &**path {
                (member.stop, member.stopped) = (None, false);
            }
        }
    }

    /// A restart has been decided, and counted (I4).
    fn restarting(&mut self, event: &Event) {
        let path = &event.path;
        let Some(supervisor) = self.supervisors.get_mut(parent(path)) else {
            return;
        };
        supervisor.culprit = Some(Arc::clone(path));
        let member = self.members.get_mut(path).expect("it is known");
        let (restarts, allowed) = match member.fuse {
            Some(fuse) => (&mut member.restarts, fuse),
            None => (&mut supervisor.restarts, supervisor.intensity),
        };
        restarts.push_back(event.at);
        let used = within(restarts, event.at);
        assert!(
            used <= allowed as usize,
            "I4: `{path}` is restarted once too often"
        );
    }

    fn quarantined(&mut self, path: &Arc<str>) {
        let Some(supervisor) = self.supervisors.get_mut(parent(path)) else {
            return;
        };
        supervisor.culprit = Some(Arc::clone(path));
        let member = self.members.get_mut(path).expect("it is known");
        match member.fuse {
            Some(_) => member.restarts.clear(),
            None => supervisor.restarts.clear(),
        }
        self.excuse(path);
    }

    /// From here on a child is asked only when those behind it have gone (I3).
    fn stopping(&self, event: &Event) {
        let path = &event.path;
        let Some(supervisor) = self.supervisors.get(parent(path)) else {
            return;
        };
        let by_itself = path.is_empty() || self.ending.contains(&**path);
        if by_itself || !supervisor.ordered || supervisor.walk != Some(event.correlation) {
            return;
        }
        let behind = supervisor.children.iter().rev();
        for behind in behind.take_while(|child| *child != path) {
            let gone = !matches!(
                self.members[behind].state,
                Some(
                    ChildState::Aborting
                        | ChildState::Running
                        | ChildState::Starting
                        | ChildState::Stopping
                )
            );
            assert!(
                gone,
                "I3: `{path}` is asked to stop before `{behind}` has gone"
            );
        }
    }

    /// Nothing starts any more below a supervisor that comes down (I6).
    fn comes_down(&mut self, event: &Event) {
        self.down.insert(Arc::clone(&event.path));
        for (path, supervisor) in &mut self.supervisors {
            if path.starts_with(&*event.path) {
                supervisor.group.clear();
            }
        }
        if let Some(supervisor) = self.supervisors.get_mut(&event.path) {
            supervisor.walk = Some(event.correlation);
        }
    }

    fn group_stopping(&mut self, event: &Event) {
        if self.down.iter().any(|down| event.path.starts_with(&**down)) {
            return;
        }
        let Some(supervisor) = self.supervisors.get_mut(&event.path) else {
            return;
        };
        let culprit = supervisor.culprit.clone().expect("somebody was restarted");
        let all = &supervisor.children;
        let place = all.iter().position(|child| *child == culprit);
        let scope = match supervisor.strategy {
            Strategy::OneForAll => &all[..],
            Strategy::RestForOne => &all[place.expect("it is in the list")..],
            Strategy::Dependents | Strategy::OneForOne => return,
        };
        let starts = |child: &&Arc<str>| {
            let member = &self.members[*child];
            let kept = member.operation != Operation::Active;
            // What somebody has stopped by then is left as it is.
            let stops = matches!(
                member.state,
                Some(ChildState::Stopping | ChildState::Aborting)
            );
            let excused = kept || stops || supervisor.excused.contains(*child);
            !excused && member.restart != RestartPolicy::Temporary
        };
        let group = scope.iter().filter(starts).cloned().collect();
        supervisor.group = group;
        supervisor.walk = Some(event.correlation);
    }

    /// Somebody has asked for something else.
    fn excuse(&mut self, path: &Arc<str>) {
        if let Some(supervisor) = self.supervisors.get_mut(parent(path)) {
            if supervisor.waits {
                // It may have been the one whose restart takes the others along (R31).
                supervisor.group.clear();
            }
            supervisor.group.remove(path);
            supervisor.excused.insert(Arc::clone(path));
        }
        if let Some(supervisor) = self.supervisors.get_mut(path) {
            supervisor.group.clear();
        }
    }

    /// A group that has been restarted misses nobody (R18 to R20).
    fn check_groups(&mut self, world: &World) {
        let rests = |child: &Arc<str>| {
            matches!(
                world.state(child),
                Some(
                    ChildState::Failed
                        | ChildState::Finished
                        | ChildState::Ignored
                        | ChildState::NotStarted
                        | ChildState::Running
                        | ChildState::Stopped
                )
            )
        };
        for (path, supervisor) in &mut self.supervisors {
            if supervisor.group.is_empty() && supervisor.excused.is_empty() {
                continue;
            }
            let runs = world.state(path) == Some(ChildState::Running);
            if runs && supervisor.children.iter().all(rests) {
                let left = &supervisor.group;
                assert!(
                    left.is_empty(),
                    "{left:?}: left out when their group was restarted"
                );
                supervisor.excused.clear();
            }
        }
    }

    fn added(&mut self, event: &Event) {
        let path = &event.path;
        // It follows from its own command, or from what held that up; or else a reload declares it.
        let own = self.offered.iter().position(|it| it.0 == event.correlation);
        let named = || self.offered.iter().position(|it| it.1 == *path);
        if let Some(at) = own.or_else(|| named().filter(|_| !self.reloaded)) {
            let (_, _, child) = self.offered.remove(at);
            self.learn_child(path, &child);
        } else if let Some(child) = self.declared.get(path).cloned() {
            // It comes back with its supervisor; somebody else may have had its name (R38).
            self.learn_child(path, &child);
        }
        let supervisor = self.supervisors.get_mut(parent(path));
        if let Some(supervisor) = supervisor.filter(|sup| !sup.children.contains(path)) {
            supervisor.children.push(Arc::clone(path));
        }
    }

    fn learn_supervisor(&mut self, path: Arc<str>, sup: &Sup) {
        let children: Vec<Arc<str>> = sup
            .children
            .iter()
            .map(|child| join(&path, &child.name))
            .collect();
        for (path, child) in children.iter().zip(&sup.children) {
            self.learn_child(path, child);
        }
        let supervisor = Supervisor {
            strategy: sup.strategy,
            ordered: sup.start == StartOrder::Ordered && !sup.pool,
            waits: sup.while_starting == WhileStarting::Wait,
            intensity: sup.intensity,
            first: children.clone(),
            children,
            restarts: VecDeque::new(),
            culprit: None,
            walk: None,
            group: HashSet::new(),
            excused: HashSet::new(),
        };
        self.supervisors.insert(path, supervisor);
    }

    fn learn_child(&mut self, path: &Arc<str>, child: &Child) {
        let after = child.after.iter().map(|name| join(parent(path), name));
        let member = self.members.entry(Arc::clone(path)).or_default();
        let generation = member.generation;
        *member = Member {
            restart: child.restart,
            after: after.collect(),
            fuse: child.fuse,
            generation,
            ..Member::default()
        };
        if let Some(below) = &child.below {
            self.learn_supervisor(Arc::clone(path), below);
        }
    }
}

/// How many lie within the window that ends now.
fn within(restarts: &mut VecDeque<Duration>, now: Duration) -> usize {
    restarts.retain(|at| now.saturating_sub(*at) < WINDOW);
    restarts.len()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn join(parent: &str, name: &str) -> Arc<str> {
    format!("{parent}/{name}").trim_start_matches('/').into()
}

/// Whether the command starts one that is down.
const fn is_start(command: CommandKind) -> bool {
    matches!(command, CommandKind::Restart | CommandKind::Resume)
}
