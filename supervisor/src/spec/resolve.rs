//! What the settings of a child or a supervisor come to, with the defaults of those not written.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor_settings::tag;

use super::child::{Body, ChildSpec, Settings};
use super::error::SpecProblem;
use super::plan::{Builder, ChildPolicy, StopPolicy, SupervisorPolicy};
use super::policy::{OnStuck, Readiness, RestartPolicy, Shutdown};
use super::supervisor::SupervisorSpec;
use crate::id::path;

/// What the settings of a worker came to.
pub(super) struct Resolved {
    settings: Settings,
    hears_stop: bool,
    policy: Arc<ChildPolicy>,
}

impl Resolved {
    /// Whether those of this child come to the same.
    fn is_of(&self, spec: &ChildSpec) -> bool {
        self.hears_stop == spec.hears_stop
            && self.settings == spec.settings
            && !matches!(spec.body, Body::Supervisor(_))
    }
}

impl Builder {
    /// Neighbours with the same settings share one policy: most children of a large tree are alike.
    pub(super) fn policy(&mut self, spec: &ChildSpec, path: &str) -> Arc<ChildPolicy> {
        if let Some(last) = self.resolved.as_ref().filter(|last| last.is_of(spec)) {
            return Arc::clone(&last.policy);
        }
        let problems = self.problems.len();
        let policy = Arc::new(self.resolve(spec, path));
        // What is wrong with them is said of each child.
        if problems == self.problems.len() && !matches!(spec.body, Body::Supervisor(_)) {
            self.resolved = Some(Resolved {
                settings: spec.settings.clone(),
                hears_stop: spec.hears_stop,
                policy: Arc::clone(&policy),
            });
        }
        policy
    }

    fn resolve(&mut self, spec: &ChildSpec, path: &str) -> ChildPolicy {
        let settings = &spec.settings;
        let is_supervisor = matches!(spec.body, Body::Supervisor(_));
        let backoff = settings.backoff.unwrap_or_default();
        if backoff.min() > backoff.max() {
            self.problems.push(SpecProblem::BackoffReversed {
                child: path::shown(path).to_owned(),
                backoff,
            });
        }
        let restart = settings.restart.unwrap_or(if is_supervisor {
            RestartPolicy::Permanent
        } else {
            RestartPolicy::Transient
        });
        if restart == RestartPolicy::Permanent && settings.readiness == Readiness::Completed {
            self.problems.push(SpecProblem::CompletedPermanent {
                child: path::shown(path).to_owned(),
            });
        }
        if settings.heartbeat.is_some() && settings.readiness == Readiness::Completed {
            self.problems.push(SpecProblem::CompletedHeartbeat {
                child: path::shown(path).to_owned(),
            });
        }
        let shutdown = settings.shutdown.unwrap_or_else(|| {
            if is_supervisor {
                Shutdown::Infinity
            } else {
                Shutdown::default()
            }
        });
        for (setting, length) in [
            ("ready_within", settings.ready_within),
            ("heartbeat", settings.heartbeat),
            ("timeout", settings.timeout),
            ("stall_after", settings.stall_after),
        ] {
            self.not_zero(path, setting, length);
        }
        if settings.fuse.is_some_and(|fuse| fuse.window.is_zero()) {
            self.problems.push(SpecProblem::ZeroWindow {
                path: path::shown(path).to_owned(),
                setting: "fuse",
            });
        }
        if is_supervisor {
            self.of_workers_only(settings, path);
        }
        if !spec.hears_stop {
            self.without_context(settings, path);
        }
        for tag in settings.tags.iter() {
            if let Err(error) = tag::check(tag) {
                self.problems.push(SpecProblem::IllFormedTag {
                    child: path::shown(path).to_owned(),
                    tag: tag.to_string(),
                    why: error.to_string(),
                });
            }
        }
        ChildPolicy {
            restart,
            backoff,
            backoff_reset: settings
                .backoff_reset
                .unwrap_or_else(|| backoff.default_reset()),
            fuse: settings.fuse,
            stop: if spec.hears_stop || is_supervisor {
                StopPolicy::Shutdown(shutdown)
            } else {
                StopPolicy::Drop
            },
            readiness: settings.readiness,
            ready_within: settings.ready_within.unwrap_or(Duration::from_secs(30)),
            significant: settings.significant,
            critical: settings.critical,
            heartbeat: settings.heartbeat,
            timeout: settings.timeout,
            stall_after: settings.stall_after,
            on_stuck: settings.on_stuck,
            tags: Arc::clone(&settings.tags),
            decides: settings.decides,
        }
    }

    /// What limits one attempt means nothing for a supervisor.
    fn of_workers_only(&mut self, settings: &Settings, path: &str) {
        for (setting, is_asked_for) in [
            ("heartbeat", settings.heartbeat.is_some()),
            ("timeout", settings.timeout.is_some()),
            ("stall_after", settings.stall_after.is_some()),
            ("on_stuck", settings.on_stuck != OnStuck::default()),
        ] {
            if is_asked_for {
                self.problems.push(SpecProblem::OfWorkersOnly {
                    child: path::shown(path).to_owned(),
                    setting,
                });
            }
        }
    }

    /// What takes a context cannot be asked of a function that has none.
    fn without_context(&mut self, settings: &Settings, path: &str) {
        let explicit = settings.readiness == Readiness::Explicit;
        for (setting, is_asked_for) in [
            ("heartbeat", settings.heartbeat.is_some()),
            ("readiness = \"explicit\"", explicit),
        ] {
            if is_asked_for {
                self.problems.push(SpecProblem::NeedsContext {
                    child: path::shown(path).to_owned(),
                    setting,
                });
            }
        }
    }

    fn not_zero(&mut self, path: &str, setting: &'static str, length: Option<Duration>) {
        if length.is_some_and(|length| length.is_zero()) {
            self.problems.push(SpecProblem::ZeroDuration {
                child: path::shown(path).to_owned(),
                setting,
            });
        }
    }

    pub(super) fn supervisor_policy(
        &mut self,
        spec: &SupervisorSpec,
        path: &str,
    ) -> SupervisorPolicy {
        if spec.intensity.is_some_and(|limit| limit.window.is_zero()) {
            self.problems.push(SpecProblem::ZeroWindow {
                path: path::shown(path).to_owned(),
                setting: "intensity",
            });
        }
        self.not_zero(path, "shutdown_within", spec.shutdown_within);
        SupervisorPolicy {
            strategy: spec.strategy,
            intensity: spec.intensity,
            on_exhausted: spec.on_exhausted,
            auto_shutdown: spec.auto_shutdown,
            start: spec.start,
            first_start: spec.first_start,
            while_starting: spec.while_starting,
            pool: spec.pool,
            add: spec.add,
            max_children: spec.max_children,
            history: spec.history,
            shutdown_within: spec.shutdown_within,
        }
    }
}
