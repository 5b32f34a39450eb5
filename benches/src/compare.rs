//! All sides in turn, round by round, and what that shows.

use crate::figure::Figure;
use crate::options::Options;
use crate::process::Run;
use crate::sides::Side;
use crate::summary::Quartiles;
use crate::workloads::{Size, Workload};

/// One line of the table: a figure of a workload, its values by side and round.
struct Row {
    workload: Workload,
    size: Size,
    what: String,
    values: Vec<(Side, Vec<f64>)>,
}

pub(crate) fn all(options: &Options) -> Result<(), String> {
    let mut rows = Vec::new();
    for round in 0..options.rounds {
        for &workload in &options.workloads {
            for size in options.sizes(workload) {
                let mut sides = options.sides.clone();
                // Nobody always comes second.
                let places = sides.len();
                sides.rotate_left(round % places);
                for side in sides {
                    let run = Run {
                        workload,
                        size,
                        side,
                        workers: options.workers,
                    };
                    for figure in figures(run)? {
                        record(&mut rows, run, figure);
                    }
                }
            }
        }
    }
    println!(
        "{} rounds, {} workers; median (quartiles)\n",
        options.rounds, options.workers
    );
    for row in &rows {
        print(row, options.sides[0]);
    }
    Ok(())
}

fn figures(run: Run) -> Result<Vec<Figure>, String> {
    let output = run.output(&[])?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::parse)
        .collect()
}

fn record(rows: &mut Vec<Row>, run: Run, figure: Figure) {
    let known = rows.iter().position(|row| {
        row.workload == run.workload && row.size == run.size && row.what == figure.what
    });
    let row = known.unwrap_or_else(|| {
        rows.push(Row {
            workload: run.workload,
            size: run.size,
            what: figure.what,
            values: Vec::new(),
        });
        rows.len() - 1
    });
    let values = &mut rows[row].values;
    match values.iter_mut().find(|(side, _)| *side == run.side) {
        Some((_, values)) => values.push(figure.value),
        None => values.push((run.side, vec![figure.value])),
    }
}

fn print(row: &Row, base: Side) {
    println!("{}, {}", row.what, row.workload.describe(row.size));
    let of = |wanted| row.values.iter().find(|(side, _)| *side == wanted);
    for (side, values) in &row.values {
        print!("    {:<8}{:>26}", side.name(), Quartiles::of(values));
        if let Some((_, floor)) = of(base).filter(|(base, _)| base != side) {
            let ratio = Quartiles::of(values).median / Quartiles::of(floor).median;
            // Round by round, what disturbed one run most likely disturbed the other.
            let by_round: Vec<f64> = values.iter().zip(floor).map(|(a, b)| a / b).collect();
            let (by_round, name) = (Quartiles::of(&by_round), base.name());
            print!("  {ratio:.2} × {name}; by round {by_round:.2}");
        }
        println!();
    }
}
