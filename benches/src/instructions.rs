//! Instructions under callgrind: the same on every run, whatever else the machine does.

use crate::options::Options;
use crate::process::Run;
use crate::sides::Side;
use crate::workloads::{Size, Workload};

const CALLGRIND: [&str; 3] = [
    "valgrind",
    "--tool=callgrind",
    "--callgrind-out-file=/dev/null",
];

pub(crate) fn all(options: &Options) -> Result<(), String> {
    println!("instructions, {} worker(s)\n", options.workers);
    for &workload in &options.workloads {
        let Some(lengths) = workload.lengths() else {
            continue;
        };
        println!("{}", workload.counted());
        let mut floor = None;
        for &side in options
            .sides
            .iter()
            .filter(|&&side| workload.is_for(side, lengths[1]))
        {
            let count = of_one(workload, lengths, side, options.workers)?;
            print!("    {:<8}{count:>10.0}", side.name());
            match floor {
                None => floor = Some(count),
                Some(floor) => {
                    print!("  {:.2} × {}", count / floor, options.sides[0].name());
                }
            }
            println!();
        }
    }
    Ok(())
}

/// Instructions for one restart, or one child: what the longer run has more.
fn of_one(
    workload: Workload,
    [short, long]: [Size; 2],
    side: Side,
    workers: usize,
) -> Result<f64, String> {
    let count = |size| {
        collected(Run {
            workload,
            size,
            side,
            workers,
        })
    };
    let (fewer, more) = (count(short)?, count(long)?);
    let units = workload.units(long) - workload.units(short);
    Ok((more as f64 - fewer as f64) / units as f64)
}

fn collected(run: Run) -> Result<u64, String> {
    let output = run.output(&CALLGRIND)?;
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
        .ok_or_else(|| format!("callgrind did not say what it counted:\n{said}"))
}
