//! Makes what breaks a rule small: fewer children, fewer steps, and no setting that does not matter.
//!
//! A script says what it does by path, so it stays what it is when something else is left out.

use rust_supervisor::spec::policy::{
    AutoShutdown, FirstStart, OnExhausted, OnStuck, Readiness, RestartPolicy, Shutdown, StartOrder,
    Strategy, WhileStarting,
};

use crate::player::{Failure, Step, replay};
use crate::tree::{Child, Sup};

/// The smallest failure of the same rule that leaving out one thing after the other leads to.
pub(crate) fn shrink(mut failure: Failure) -> Failure {
    loop {
        let smaller = smaller(&failure)
            .into_iter()
            .filter_map(|script| replay(&script.tree, &script.steps, script.finish).err())
            .find(|found| found.place() == failure.place());
        match smaller {
            Some(smaller) => failure = *smaller,
            None => return failure,
        }
    }
}

/// The same with one thing less.
fn smaller(failure: &Failure) -> Vec<Failure> {
    let mut all = Vec::new();
    if failure.finish.is_some() {
        let mut script = failure.clone();
        script.finish = None;
        script.steps.append(&mut script.finishing);
        all.push(script);
    }
    let trees = smaller_sups(&failure.tree).into_iter();
    all.extend(trees.map(|tree| Failure {
        tree,
        ..failure.clone()
    }));
    for at in (0..failure.steps.len()).rev() {
        let mut script = failure.clone();
        let step = script.steps.remove(at);
        all.push(script);
        all.extend(smaller_steps(&step).into_iter().map(|step| {
            let mut script = failure.clone();
            script.steps[at] = step;
            script
        }));
    }
    all
}

fn smaller_steps(step: &Step) -> Vec<Step> {
    match step {
        Step::Add(sup, child) => {
            let children = smaller_children(child).into_iter();
            children
                .map(|child| Step::Add(sup.clone(), child))
                .collect()
        }
        Step::End(ends) if ends.len() > 1 => ends
            .iter()
            .map(|end| Step::End(vec![end.clone()]))
            .collect(),
        Step::Reload(tree) => {
            let trees = smaller_sups(tree).into_iter();
            trees.map(|tree| Step::Reload(Box::new(tree))).collect()
        }
        Step::Short(steps, step) => {
            let mut all = vec![(**step).clone()];
            let steps_less = (0..*steps).map(|steps| Step::Short(steps, step.clone()));
            all.extend(steps_less);
            let smaller = smaller_steps(step).into_iter();
            all.extend(smaller.map(|step| Step::Short(*steps, Box::new(step))));
            all
        }
        _ => Vec::new(),
    }
}

fn smaller_sups(sup: &Sup) -> Vec<Sup> {
    let mut all = Vec::new();
    for at in 0..sup.children.len() {
        let mut less = sup.clone();
        let gone = less.children.remove(at).name;
        for child in &mut less.children {
            child.after.retain(|name| *name != gone);
        }
        all.push(less);
    }
    for (at, child) in sup.children.iter().enumerate() {
        all.extend(smaller_children(child).into_iter().map(|child| {
            let mut less = sup.clone();
            less.children[at] = child;
            less
        }));
    }
    let plain = Sup::of(Vec::new());
    let mut without = |differs: bool, change: fn(&mut Sup)| {
        if differs {
            let mut less = sup.clone();
            change(&mut less);
            all.push(less);
        }
    };
    without(sup.strategy != plain.strategy, |sup| {
        sup.strategy = Strategy::OneForOne;
    });
    without(sup.start != plain.start, |sup| {
        sup.start = StartOrder::Ordered;
    });
    without(sup.first_start != plain.first_start, |sup| {
        sup.first_start = FirstStart::Fail;
    });
    without(sup.while_starting != plain.while_starting, |sup| {
        sup.while_starting = WhileStarting::Interrupt;
    });
    without(sup.auto_shutdown != plain.auto_shutdown, |sup| {
        sup.auto_shutdown = AutoShutdown::Never;
    });
    without(sup.on_exhausted != plain.on_exhausted, |sup| {
        sup.on_exhausted = OnExhausted::Escalate;
    });
    without(sup.pool, |sup| sup.pool = false);
    without(sup.shutdown_within.is_some(), |sup| {
        sup.shutdown_within = None;
    });
    all
}

fn smaller_children(child: &Child) -> Vec<Child> {
    let mut all = Vec::new();
    if let Some(below) = &child.below {
        all.push(Child {
            below: None,
            ..child.clone()
        });
        all.extend(smaller_sups(below).into_iter().map(|below| Child {
            below: Some(Box::new(below)),
            ..child.clone()
        }));
    }
    let plain = Child::worker("");
    let mut without = |differs: bool, change: fn(&mut Child)| {
        if differs {
            let mut less = child.clone();
            change(&mut less);
            all.push(less);
        }
    };
    without(child.argument != plain.argument, |child| child.argument = 0);
    without(child.restart != plain.restart, |child| {
        child.restart = RestartPolicy::Permanent;
    });
    without(child.readiness != plain.readiness, |child| {
        child.readiness = Readiness::Immediate;
    });
    without(child.backoff.is_some(), |child| child.backoff = None);
    without(child.shutdown != plain.shutdown, |child| {
        child.shutdown = Shutdown::default();
    });
    without(child.timeout.is_some(), |child| child.timeout = None);
    without(child.heartbeat.is_some(), |child| child.heartbeat = None);
    without(child.on_stuck != plain.on_stuck, |child| {
        child.on_stuck = OnStuck::Wait;
    });
    without(child.fuse.is_some(), |child| child.fuse = None);
    without(!child.critical, |child| child.critical = true);
    without(child.significant, |child| child.significant = false);
    without(!child.after.is_empty(), |child| _ = child.after.pop());
    all
}
