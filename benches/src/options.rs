//! The command line.

use crate::sides::Side;
use crate::workloads::{Size, Workload};

const USAGE: &str = "usage: compare | instructions | run | table, then workloads, then any of \
     --side NAME --workers N --children N --restarts N --rounds N --minutes N";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Compare,
    Instructions,
    Run,
    Table,
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) workloads: Vec<Workload>,
    /// The first one is what the others are compared with.
    pub(crate) sides: Vec<Side>,
    pub(crate) workers: usize,
    pub(crate) rounds: Option<usize>,
    /// When to leave off.
    pub(crate) minutes: usize,
    children: Option<usize>,
    restarts: Option<usize>,
}

impl Options {
    pub(crate) fn from_arguments(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Self, String> {
        let mode = match arguments.next().as_deref() {
            Some("compare") => Mode::Compare,
            Some("instructions") => Mode::Instructions,
            Some("run") => Mode::Run,
            Some("table") => Mode::Table,
            _ => return Err(USAGE.to_owned()),
        };
        let mut options = Self {
            mode,
            workloads: Vec::new(),
            sides: Vec::new(),
            // Instructions of several threads are not the same twice.
            workers: if mode == Mode::Instructions { 1 } else { 2 },
            rounds: None,
            minutes: 8,
            children: None,
            restarts: None,
        };
        while let Some(argument) = arguments.next() {
            let Some(key) = argument.strip_prefix("--") else {
                options.workloads.push(argument.parse()?);
                continue;
            };
            let value = arguments.next().ok_or(USAGE)?;
            match key {
                "side" => options.sides.push(value.parse()?),
                "workers" => options.workers = number(&value)?,
                "children" => options.children = Some(number(&value)?),
                "restarts" => options.restarts = Some(number(&value)?),
                "rounds" => options.rounds = Some(number(&value)?),
                "minutes" => options.minutes = number(&value)?,
                _ => return Err(USAGE.to_owned()),
            }
        }
        if options.workloads.is_empty() {
            options.workloads = Workload::ALL.to_vec();
        }
        if options.sides.is_empty() {
            options.sides = match mode {
                Mode::Compare | Mode::Table => Side::ALL.to_vec(),
                Mode::Instructions => vec![Side::Floor, Side::Ours],
                Mode::Run => vec![Side::Ours],
            };
        }
        Ok(options)
    }

    /// The sizes to run a workload in.
    pub(crate) fn sizes(&self, workload: Workload) -> Vec<Size> {
        let mut sizes = match self.mode {
            Mode::Compare | Mode::Table => workload.sizes(),
            Mode::Instructions | Mode::Run => vec![workload.usual()],
        };
        for size in &mut sizes {
            size.children = self.children.unwrap_or(size.children);
            size.restarts = self.restarts.unwrap_or(size.restarts);
        }
        sizes.dedup();
        sizes
    }
}

fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("not a positive number: {text}")),
    }
}
