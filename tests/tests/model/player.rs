//! Plays a script on a tree, and checks after every step.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Once;
use std::time::Duration;

use rust_supervisor::__world::{Ask, Ends, Ticket, Want, World};
use rust_supervisor::control::outcome::ChildControlOperation;
use rust_supervisor::event::snapshot::{ChildSnapshot, ChildState};
use rust_supervisor::spec::policy::Readiness;

use crate::rules::Rules;
use crate::tree::{Child, Sup};

/// One input.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Add(String, Child),
    Ask(String, Verb),
    Beat(String),
    /// Ends of attempts that nobody handles in between.
    End(Vec<(String, Ends)>),
    /// An attempt is coming to its end, and something of it is left.
    Ending(String),
    /// It has been inside one poll for a second.
    Stalled(String),
    /// No thread of the runtime comes to it.
    Starve(String),
    /// It has left the poll that it was stalled in.
    Unstalled(String),
    /// On to the next deadline.
    Jump,
    /// Whoever is asked to stop does.
    Obey,
    Pass(Duration),
    Ready(String),
    /// The tree is to be another one.
    Reload(Box<Sup>),
    /// Only so many steps follow from it before the next input.
    Short(u32, Box<Self>),
    /// A poll begins, or ends.
    TurnPoll(String),
    /// The tree is stopped, within a time.
    ShutdownWithin(Duration),
}

impl Step {
    fn end(path: String, how: Ends) -> Self {
        Self::End(vec![(path, how)])
    }
}

/// What is asked of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Children,
    Delete,
    Kill,
    Pause,
    Quarantine,
    Remove,
    Restart,
    Resume,
    Shutdown,
    Stop,
}

/// How it goes on when a script is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Nobody fails any more, and the tree comes to rest before it is stopped.
    Calm,
    /// It is stopped, and nobody hears.
    Deaf,
    /// It is stopped, and everybody obeys.
    Obedient,
}

pub(crate) struct Player {
    pub(crate) world: World,
    readiness: HashMap<String, Readiness>,
    /// Children that are to beat.
    beating: HashSet<String>,
    /// The tree has been told to be another one.
    reloaded: bool,
    /// Children that have been asked to stop since then: where their turn in the reload had not come,
    /// they stay down.
    stopped: HashSet<String>,
    /// How long the tree may take to stop.
    shutdown_within: Option<Duration>,
    /// Attempts that no thread came to; each is given one more abort budget.
    starved: u32,
    /// Attempts may have ended since the last check, several at once.
    at_once: bool,
    /// The tree has been seen to be over.
    over: bool,
    tickets: Vec<Ticket>,
    rules: Rules,
    /// What has been done, where somebody is to see it.
    done: Option<Rc<RefCell<Vec<Step>>>>,
}

/// A script that breaks a rule.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) tree: Sup,
    pub(crate) steps: Vec<Step>,
    pub(crate) finish: Option<Finish>,
    /// The steps that the finish came to.
    pub(crate) finishing: Vec<Step>,
    pub(crate) rule: String,
}

impl Failure {
    /// Where the rule is written.
    pub(crate) fn place(&self) -> Option<&str> {
        self.rule.lines().next()
    }
}

/// Plays a whole script, and checks after every step.
pub(crate) fn replay(
    tree: &Sup,
    steps: &[Step],
    finish: Option<Finish>,
) -> Result<(), Box<Failure>> {
    let done = Rc::new(RefCell::new(Vec::new()));
    let played = attempt(|| {
        let mut player = Player::new(tree);
        player.done = Some(Rc::clone(&done));
        player.check();
        for step in steps {
            player.apply(step);
            player.check();
        }
        if let Some(finish) = finish {
            player.finish(finish);
        }
    });
    played.map_err(|rule| {
        let mut done = done.take();
        let finishing = done.split_off(done.len().min(steps.len()));
        Box::new(Failure {
            tree: tree.clone(),
            steps: done,
            finish: finish.filter(|_| !finishing.is_empty()),
            finishing,
            rule,
        })
    })
}

impl Player {
    pub(crate) fn new(tree: &Sup) -> Self {
        let mut player = Self {
            world: World::new(tree.spec()).expect("the tree is sound"),
            readiness: HashMap::new(),
            beating: HashSet::new(),
            reloaded: false,
            stopped: HashSet::new(),
            shutdown_within: tree.shutdown_within,
            starved: 0,
            at_once: false,
            over: false,
            tickets: Vec::new(),
            rules: Rules::of(tree),
            done: None,
        };
        player.learn("", tree);
        player.world.start();
        player
    }

    /// Applies a step; one that is not possible changes nothing, and is answered with false.
    pub(crate) fn apply(&mut self, step: &Step) -> bool {
        if let Some(done) = &self.done {
            done.borrow_mut().push(step.clone());
        }
        self.perform(step)
    }

    fn perform(&mut self, step: &Step) -> bool {
        self.at_once |= matches!(step, Step::Obey | Step::End(_));
        match step {
            Step::Add(sup, child) => {
                self.rules.tell(&mut self.world);
                self.rules.offer(child);
                let ticket = self.world.ask(sup, Ask::Add(child.spec()));
                self.rules.tell(&mut self.world);
                self.tickets.push(ticket);
                let above = if sup.is_empty() {
                    String::new()
                } else {
                    format!("{sup}/")
                };
                self.learn_child(&above, child);
            }
            Step::Ask(path, verb) => {
                if self.reloaded && *verb == Verb::Stop {
                    self.stopped.insert(path.clone());
                }
                let ticket = self.world.ask(path, (*verb).into());
                self.tickets.push(ticket);
            }
            Step::Beat(path) => return self.world.beat(path),
            Step::End(ends) => {
                let ends: Vec<_> = ends
                    .iter()
                    .map(|(path, how)| (path.as_str(), *how))
                    .collect();
                return self.world.exit_together(&ends);
            }
            Step::Ending(path) => {
                self.rules.ends(path);
                return self.world.ending(path);
            }
            Step::Jump => return self.world.jump(),
            Step::Obey => self.obey(),
            Step::Pass(time) => self.world.advance(*time),
            Step::Ready(path) => return self.world.ready(path),
            Step::Reload(tree) => {
                self.rules.tell(&mut self.world);
                self.rules.reload();
                self.reloaded = true;
                let ticket = self.world.reload(tree.spec()).expect("the tree is sound");
                self.tickets.push(ticket);
                self.learn("", tree);
                // Which of the two holds depends on how far it comes.
                self.shutdown_within = None;
            }
            Step::Short(steps, step) => {
                self.world.interrupt(*steps);
                return self.perform(step);
            }
            Step::Stalled(path) => return self.world.stalled(path, Duration::from_secs(1)),
            Step::Starve(path) => {
                let starves = self.world.starve(path);
                self.starved += u32::from(starves);
                return starves;
            }
            Step::Unstalled(path) => return self.world.unstalled(path),
            Step::ShutdownWithin(deadline) => {
                let ticket = self.world.ask("", Ask::ShutdownWithin(*deadline));
                self.tickets.push(ticket);
            }
            Step::TurnPoll(path) => return self.world.turn_poll(path),
        }
        true
    }

    /// Whether the child is starting, and says itself when it is ready.
    pub(crate) fn is_starting(&self, path: &str) -> Option<Readiness> {
        (self.world.state(path) == Some(ChildState::Starting))
            .then(|| self.readiness.get(path).copied().unwrap_or_default())
    }

    /// Whether the child runs, and is lost if it does not beat.
    pub(crate) fn has_to_beat(&self, path: &str) -> bool {
        let runs = self.world.state(path) == Some(ChildState::Running);
        let beats = self.world.attempt(path).is_some_and(|attempt| attempt.beat);
        runs && !beats && self.beating.contains(path)
    }

    pub(crate) fn check(&mut self) {
        if self.world.is_over() {
            self.check_report();
        }
        self.at_once = false;
        if !self.world.has_more() {
            self.world.check();
        }
        self.rules.tell(&mut self.world);
    }

    /// Brings the tree to its end; every command is answered by then.
    pub(crate) fn finish(&mut self, how: Finish) {
        self.world.resume();
        self.check();
        if how == Finish::Calm && self.come_to_rest() {
            self.check_rest();
        }
        self.act(&Step::Ask(String::new(), Verb::Shutdown));
        self.check();
        let asked = self.world.now();
        for _ in 0..1_000 {
            if self.world.is_over() {
                break;
            }
            let asked = self.asked();
            if how == Finish::Deaf || asked.is_empty() {
                assert!(
                    self.act(&Step::Jump),
                    "the end of the tree waits for nobody"
                );
            }
            if how != Finish::Deaf {
                for path in asked {
                    self.act(&Step::end(path, Ends::Cancelled));
                    self.check();
                }
            }
            self.check();
        }
        assert!(self.world.is_over(), "the tree does not come to its end");
        if let Some(deadline) = self.shutdown_within {
            // Two abort budgets for whatever does not yield.
            let took = self.world.now().saturating_sub(asked);
            let most = deadline + Duration::from_secs(u64::from(2 + self.starved));
            assert!(took <= most, "I8: it took {took:?} and may take {most:?}");
        }
        let left: Vec<String> = self.world.live().map(str::to_owned).collect();
        for path in left {
            self.act(&Step::end(path, Ends::Aborted));
            self.check();
        }
        assert_eq!(self.world.live().count(), 0, "attempts outlive the tree");
        for &ticket in &self.tickets {
            let answer = self.world.answer(ticket);
            assert!(answer.is_some(), "I7: command {ticket} is not answered");
        }
    }

    /// The report tells of everything that is left, of nothing that is not, and of each child once.
    fn check_report(&mut self) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let left: Vec<&str> = self.world.live().collect();
        let report = self.world.report();
        let mut stuck: Vec<&str> = report.stuck().map(|child| &*child.path).collect();
        stuck.sort_unstable();
        if self.at_once {
            // Some may have gone between the end of the tree and now.
            stuck.retain(|path| left.contains(path));
        }
        assert_eq!(stuck, left, "I8: what is stuck, and what is left: {report}");
        assert!(left.is_empty() || !report.is_clean(), "I8: {report}");
        for child in report.stuck() {
            assert!(
                child.stuck.is_some(),
                "I8: what it does is not told: {report}"
            );
        }
        let mut paths: Vec<&str> = report.children.iter().map(|child| &*child.path).collect();
        paths.sort_unstable();
        let children = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), children, "told twice: {report}");
    }

    /// Nobody fails, everybody obeys; false if it goes on and on.
    fn come_to_rest(&mut self) -> bool {
        for _ in 0..200 {
            let mut moved = false;
            let live: Vec<String> = self.world.live().map(str::to_owned).collect();
            for path in live {
                let asked = self.world.attempt(&path);
                if asked.is_some_and(|attempt| attempt.asked || attempt.aborted) {
                    moved |= self.act(&Step::end(path, Ends::Cancelled));
                } else {
                    let ready = Step::Ready(path.clone());
                    moved |= self.is_starting(&path).is_some() && self.act(&ready);
                    // One that is to complete is not ready before it has.
                    moved |= self.is_starting(&path).is_some()
                        && self.act(&Step::end(path, Ends::Succeeded));
                }
                self.check();
            }
            if !moved && !self.act(&Step::Jump) {
                return true;
            }
            self.check();
        }
        false
    }

    /// A step of a finish: nothing else happens before it is checked.
    fn act(&mut self, step: &Step) -> bool {
        let done = self.apply(step);
        self.at_once = false;
        done
    }

    /// A tree at rest has nothing that should run and does not.
    fn check_rest(&mut self) {
        let snapshot = self.world.snapshot();
        // One that waits for a sibling that is kept down may hold up whoever waits for it.
        let waits = |child: &ChildSnapshot| child.state == ChildState::Waiting;
        if snapshot.children.iter().any(waits) {
            return;
        }
        for ticket in self.tickets.drain(..) {
            let answer = self.world.answer(ticket);
            assert!(
                answer.is_some(),
                "I7: command {ticket} waits although all is calm"
            );
        }
        if !self.world.is_over() {
            let differs = self.world.differs();
            assert_eq!(differs, None, "it is not as it is declared");
        }
        let is_up = |path: &str| match path.rsplit_once('/') {
            None => self.world.is_up(),
            Some((above, _)) => self.world.state(above) == Some(ChildState::Running),
        };
        for child in snapshot.children {
            let at_rest = match child.state {
                ChildState::NotStarted => {
                    !is_up(&child.path)
                        || child.operation != ChildControlOperation::Active
                        || self.stopped.contains(&*child.path)
                }
                ChildState::Aborting
                | ChildState::Backoff
                | ChildState::Exited
                | ChildState::Stopping
                | ChildState::Stuck => false,
                // Its own children keep it there: those that wait for one that is kept down.
                ChildState::Starting => child.is_supervisor(),
                _ => true,
            };
            assert!(
                at_rest,
                "all is calm, and `{}` is {:?}",
                child.path, child.state
            );
        }
    }

    fn obey(&mut self) {
        while self.world.has_wants() {
            for (path, want) in self.world.wants() {
                match want {
                    Want::Start => {}
                    Want::Stop => _ = self.world.exit(&path, Ends::Cancelled),
                    Want::Abort => _ = self.world.exit(&path, Ends::Aborted),
                }
            }
        }
    }

    /// Attempts that have been asked to end.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = |path: &&str| {
            let attempt = self.world.attempt(path);
            attempt.is_some_and(|attempt| attempt.asked || attempt.aborted)
        };
        self.world.live().filter(asked).map(str::to_owned).collect()
    }

    fn learn(&mut self, above: &str, sup: &Sup) {
        for child in &sup.children {
            self.learn_child(above, child);
        }
    }

    fn learn_child(&mut self, above: &str, child: &Child) {
        let path = format!("{above}{}", child.name);
        if let Some(below) = &child.below {
            return self.learn(&format!("{path}/"), below);
        }
        if child.heartbeat.is_some() {
            self.beating.insert(path.clone());
        }
        self.readiness.insert(path, child.readiness);
    }
}

/// Plays a script to its end; what breaks is an error.
pub(crate) fn attempt<T>(play: impl FnOnce() -> T) -> Result<T, String> {
    thread_local! {
        static LISTENS: Cell<bool> = const { Cell::new(false) };
        static HEARD: RefCell<String> = const { RefCell::new(String::new()) };
    }
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if LISTENS.get() {
                HEARD.set(panic.to_string());
            } else {
                before(panic);
            }
        }));
    });
    LISTENS.set(true);
    let played = catch_unwind(AssertUnwindSafe(play));
    LISTENS.set(false);
    played.map_err(|_| HEARD.take())
}

impl From<Verb> for Ask {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Children => Self::Children,
            Verb::Delete => Self::Delete,
            Verb::Kill => Self::Kill,
            Verb::Pause => Self::Pause,
            Verb::Quarantine => Self::Quarantine,
            Verb::Remove => Self::Remove,
            Verb::Restart => Self::Restart,
            Verb::Resume => Self::Resume,
            Verb::Shutdown => Self::Shutdown,
            Verb::Stop => Self::Stop,
        }
    }
}

/// As a test of the machine would say it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(sup, child) => write!(f, "world.ask({sup:?}, Ask::Add({child}));"),
            Self::Ask(path, verb) => write!(f, "world.ask({path:?}, Ask::{verb:?});"),
            Self::Beat(path) => write!(f, "world.beat({path:?});"),
            Self::End(ends) => match &ends[..] {
                [(path, how)] => write!(f, "world.exit({path:?}, Ends::{how:?});"),
                many => {
                    let many = many
                        .iter()
                        .map(|(path, how)| format!("({path:?}, Ends::{how:?})"));
                    let many: Vec<String> = many.collect();
                    write!(f, "world.exit_together(&[{}]);", many.join(", "))
                }
            },
            Self::Jump => write!(f, "world.jump();"),
            Self::Obey => write!(f, "obey(&mut world);"),
            Self::Pass(time) => write!(f, "world.advance(ms({}));", time.as_millis()),
            Self::Ending(path) => write!(f, "world.ending({path:?});"),
            Self::Short(steps, step) => write!(f, "world.interrupt({steps});\n    {step}"),
            Self::Stalled(path) => write!(f, "world.stalled({path:?}, secs(1));"),
            Self::Starve(path) => write!(f, "world.starve({path:?});"),
            Self::Unstalled(path) => write!(f, "world.unstalled({path:?});"),
            Self::Ready(path) => write!(f, "world.ready({path:?});"),
            Self::Reload(tree) => write!(f, "world.reload({tree}).expect(\"sound\");"),
            Self::ShutdownWithin(deadline) => {
                let ms = deadline.as_millis();
                write!(f, "world.ask(\"\", Ask::ShutdownWithin(ms({ms})));")
            }
            Self::TurnPoll(path) => write!(f, "world.turn_poll({path:?});"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.rule)?;
        writeln!(f, "    let mut world = started({});", self.tree)?;
        for step in &self.steps {
            writeln!(f, "    {step}")?;
        }
        match self.finish {
            Some(Finish::Calm) => writeln!(f, "    // ... and then nobody fails, and all is calm."),
            Some(Finish::Deaf) => {
                writeln!(f, "    // ... and then it is stopped, and nobody hears.")
            }
            Some(Finish::Obedient) => {
                writeln!(f, "    // ... and then it is stopped, and all obey.")
            }
            None => Ok(()),
        }
    }
}
