//! All sides in turn, round by round.

use std::time::{Duration, Instant};

use crate::figure::Figure;
use crate::options::Options;
use crate::process::Run;
use crate::sides::Side;
use crate::workloads::{Size, Workload};

/// A figure of a workload, its values by side and round.
pub(crate) struct Row {
    pub(crate) workload: Workload,
    pub(crate) size: Size,
    pub(crate) what: String,
    values: Vec<(Side, Vec<f64>)>,
}

impl Row {
    pub(crate) fn of(&self, wanted: Side) -> Option<&[f64]> {
        let mut all = self.values.iter();
        all.find(|(side, _)| *side == wanted)
            .map(|(_, values)| &**values)
    }
}

/// Measures until every workload has had its rounds, or the time is up.
///
/// What fails on one side is left out there, and said.
pub(crate) fn all(options: &Options) -> Vec<Row> {
    let until =
        Instant::now() + Duration::from_secs(60) * u32::try_from(options.minutes).unwrap_or(1);
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    let most = Workload::Storm.rounds(Workload::Storm.usual());
    for round in 0..options.rounds.unwrap_or(most) {
        for &workload in &options.workloads {
            for size in options.sizes(workload) {
                if options.rounds.is_none() && round >= workload.rounds(size) {
                    continue;
                }
                let mut sides = options.sides.clone();
                sides.retain(|&side| workload.is_for(side, size));
                // Nobody always comes second.
                let places = sides.len();
                sides.rotate_left(round % places.max(1));
                for side in sides {
                    let run = Run {
                        workload,
                        size: size.on(side),
                        side,
                        workers: options.workers,
                    };
                    if failed.contains(&(workload, side)) || Instant::now() > until {
                        continue;
                    }
                    match figures(run) {
                        Ok(figures) => {
                            for figure in figures {
                                record(&mut rows, (workload, size, side), figure);
                            }
                        }
                        Err(problem) => {
                            eprintln!("{problem}");
                            failed.push((workload, side));
                        }
                    }
                }
            }
        }
    }
    rows
}

fn figures(run: Run) -> Result<Vec<Figure>, String> {
    let output = run.output(&[])?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::parse)
        .collect()
}

fn record(rows: &mut Vec<Row>, of: (Workload, Size, Side), figure: Figure) {
    let (workload, size, side) = of;
    let known = rows
        .iter()
        .position(|row| row.workload == workload && row.size == size && row.what == figure.what);
    let row = known.unwrap_or_else(|| {
        rows.push(Row {
            workload,
            size,
            what: figure.what,
            values: Vec::new(),
        });
        rows.len() - 1
    });
    let values = &mut rows[row].values;
    match values.iter_mut().find(|(of, _)| *of == side) {
        Some((_, values)) => values.push(figure.value),
        None => values.push((side, vec![figure.value])),
    }
}
