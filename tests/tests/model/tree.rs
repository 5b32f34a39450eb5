//! Trees as plain values: what the machine is told to run, and how a test would write it.

use std::fmt;
use std::time::Duration;

use rust_supervisor::__world::made_of;
use rust_supervisor::ChildSpec;
use rust_supervisor::SupervisorSpec;
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{
    AutoShutdown, FirstStart, Intensity, OnExhausted, OnStuck, Pool, Readiness, RestartPolicy,
    Shutdown, StartOrder, Strategy, WhileStarting,
};

pub(crate) const WINDOW: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct Child {
    pub(crate) name: String,
    /// What its template is given; 0 where it has none.
    pub(crate) argument: i64,
    pub(crate) restart: RestartPolicy,
    pub(crate) readiness: Readiness,
    pub(crate) backoff: Option<Duration>,
    pub(crate) shutdown: Shutdown,
    pub(crate) timeout: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) on_stuck: OnStuck,
    /// More restarts than that within [`WINDOW`] are too many.
    pub(crate) fuse: Option<u32>,
    pub(crate) critical: bool,
    pub(crate) significant: bool,
    pub(crate) after: Vec<String>,
    pub(crate) below: Option<Box<Sup>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Sup {
    pub(crate) strategy: Strategy,
    pub(crate) start: StartOrder,
    pub(crate) first_start: FirstStart,
    pub(crate) while_starting: WhileStarting,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) pool: bool,
    pub(crate) intensity: u32,
    pub(crate) shutdown_within: Option<Duration>,
    pub(crate) on_exhausted: OnExhausted,
    pub(crate) children: Vec<Child>,
}

impl Child {
    pub(crate) fn worker(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            argument: 0,
            restart: RestartPolicy::Permanent,
            readiness: Readiness::Immediate,
            backoff: None,
            shutdown: Shutdown::default(),
            timeout: None,
            heartbeat: None,
            on_stuck: OnStuck::Wait,
            fuse: None,
            critical: true,
            significant: false,
            after: Vec::new(),
            below: None,
        }
    }

    pub(crate) fn supervisor(name: &str, below: Sup) -> Self {
        Self {
            below: Some(Box::new(below)),
            ..Self::worker(name)
        }
    }

    pub(crate) fn spec(&self) -> ChildSpec {
        let spec = match &self.below {
            Some(below) => ChildSpec::supervisor(self.name.as_str(), below.spec()),
            None => self.worker_spec(),
        };
        let backoff = self.backoff.map_or_else(Backoff::none, Backoff::constant);
        let spec = match self.fuse {
            Some(restarts) => spec.fuse(Intensity::new(restarts, WINDOW)),
            None => spec,
        };
        spec.restart(self.restart)
            .backoff(backoff)
            .critical(self.critical)
            .significant(self.significant)
            .after(self.after.iter().map(String::as_str))
    }

    fn worker_spec(&self) -> ChildSpec {
        let mut spec = ChildSpec::from_fn(self.name.as_str(), |_| std::future::pending::<()>());
        if self.argument != 0 {
            spec = made_of(spec, self.argument);
        }
        if let Some(longest) = self.timeout {
            spec = spec.timeout(longest);
        }
        if let Some(silence) = self.heartbeat {
            spec = spec.heartbeat(silence);
        }
        spec.readiness(self.readiness)
            .shutdown(self.shutdown)
            .on_stuck(self.on_stuck)
    }

    /// The paths of the child, below the root, and of all below it.
    pub(crate) fn all_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.paths("", &mut paths);
        paths
    }

    /// The same below a supervisor.
    fn paths(&self, above: &str, into: &mut Vec<String>) {
        let path = format!("{above}{}", self.name);
        into.push(path.clone());
        if let Some(below) = &self.below {
            for child in &below.children {
                child.paths(&format!("{path}/"), into);
            }
        }
    }
}

impl Sup {
    pub(crate) fn of(children: Vec<Child>) -> Self {
        Self {
            strategy: Strategy::OneForOne,
            start: StartOrder::Ordered,
            first_start: FirstStart::Fail,
            while_starting: WhileStarting::Interrupt,
            auto_shutdown: AutoShutdown::Never,
            pool: false,
            intensity: 3,
            shutdown_within: None,
            on_exhausted: OnExhausted::Escalate,
            children,
        }
    }

    pub(crate) fn spec(&self) -> SupervisorSpec {
        let spec = SupervisorSpec::root(self.children.iter().map(Child::spec).collect());
        let spec = match self.shutdown_within {
            Some(deadline) => spec.shutdown_within(deadline),
            None => spec,
        };
        spec.strategy(self.strategy)
            .start(self.start)
            .first_start(self.first_start)
            .while_starting(self.while_starting)
            .auto_shutdown(self.auto_shutdown)
            .pool(Pool::from(self.pool))
            .on_exhausted(self.on_exhausted)
            .intensity(Intensity::new(self.intensity, WINDOW))
    }

    /// The paths of all children, without those that are added.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for child in &self.children {
            child.paths("", &mut paths);
        }
        paths
    }
}

/// Settings that are not what `worker(..)` of the tests of the machine has.
impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.below {
            Some(below) => write!(f, "ChildSpec::supervisor({:?}, {below})", self.name)?,
            None if self.argument == 0 => write!(f, "worker({:?})", self.name)?,
            None => write!(f, "made({:?}, {})", self.name, self.argument)?,
        }
        if self.restart != RestartPolicy::Permanent {
            write!(f, ".restart(RestartPolicy::{:?})", self.restart)?;
        }
        if self.readiness != Readiness::Immediate {
            write!(f, ".readiness(Readiness::{:?})", self.readiness)?;
        }
        match self.backoff {
            Some(delay) => write!(f, ".backoff(Backoff::constant(ms({})))", delay.as_millis())?,
            None if self.below.is_some() => write!(f, ".backoff(Backoff::none())")?,
            None => {}
        }
        match self.shutdown {
            Shutdown::Within(budget) if self.shutdown != Shutdown::default() => {
                write!(f, ".shutdown(ms({}))", budget.as_millis())?;
            }
            Shutdown::Within(_) => {}
            other => write!(f, ".shutdown(Shutdown::{other:?})")?,
        }
        for (limit, time) in [("timeout", self.timeout), ("heartbeat", self.heartbeat)] {
            if let Some(time) = time {
                write!(f, ".{limit}(ms({}))", time.as_millis())?;
            }
        }
        if self.on_stuck != OnStuck::default() {
            write!(f, ".on_stuck(OnStuck::{:?})", self.on_stuck)?;
        }
        if let Some(restarts) = self.fuse {
            write!(f, ".fuse(Intensity::new({restarts}, secs(10)))")?;
        }
        if !self.critical {
            write!(f, ".critical(false)")?;
        }
        if self.significant {
            write!(f, ".significant(true)")?;
        }
        if !self.after.is_empty() {
            write!(f, ".after({:?})", self.after)?;
        }
        Ok(())
    }
}

impl fmt::Display for Sup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let children: Vec<String> = self.children.iter().map(Child::to_string).collect();
        write!(f, "SupervisorSpec::root(vec![{}])", children.join(", "))?;
        if self.strategy != Strategy::default() {
            write!(f, ".strategy(Strategy::{:?})", self.strategy)?;
        }
        if self.start != StartOrder::default() {
            write!(f, ".start(StartOrder::{:?})", self.start)?;
        }
        if self.first_start != FirstStart::default() {
            write!(f, ".first_start(FirstStart::{:?})", self.first_start)?;
        }
        if self.while_starting != WhileStarting::default() {
            write!(
                f,
                ".while_starting(WhileStarting::{:?})",
                self.while_starting
            )?;
        }
        if self.auto_shutdown != AutoShutdown::default() {
            write!(f, ".auto_shutdown(AutoShutdown::{:?})", self.auto_shutdown)?;
        }
        if self.on_exhausted != OnExhausted::default() {
            write!(f, ".on_exhausted(OnExhausted::{:?})", self.on_exhausted)?;
        }
        if self.pool {
            write!(f, ".pool(true)")?;
        }
        if let Some(deadline) = self.shutdown_within {
            write!(f, ".shutdown_within(ms({}))", deadline.as_millis())?;
        }
        write!(
            f,
            ".intensity(Intensity::new({}, secs(10)))",
            self.intensity
        )
    }
}
