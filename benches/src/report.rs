//! What the rounds show: for whoever works on it, and as the tables of the documentation.

use crate::compare::Row;
use crate::sides::Side;
use crate::summary::Quartiles;

/// Every side of every figure, with its spread.
pub(crate) fn in_full(rows: &[Row]) {
    println!("median (quartiles)\n");
    for row in rows {
        println!("{}, {}", row.what, row.workload.describe(row.size));
        for &side in Side::ALL {
            let Some(values) = row.of(side) else { continue };
            print!("    {:<18}{:>26}", side.name(), Quartiles::of(values));
            if let Some(by_round) = by_round(row, side) {
                print!("  {by_round:.2} × floor");
            }
            println!("  ({} rounds)", values.len());
        }
    }
}

/// The tables of `benches/README.md`.
pub(crate) fn as_markdown(rows: &[Row]) {
    println!("| figure | | floor | ours | ours / floor (quartiles) | rounds |");
    println!("| --- | --- | ---: | ---: | --- | ---: |");
    for row in rows {
        let Some(ours) = row.of(Side::Ours) else {
            continue;
        };
        let floor = row.of(Side::Floor);
        let ratio = by_round(row, Side::Ours).map_or_else(String::new, |ratio| {
            format!(
                "**{:.2}** ({:.2}–{:.2})",
                ratio.median, ratio.lower, ratio.upper
            )
        });
        println!(
            "| {} | {} | {} | {} | {ratio} | {} |",
            row.what,
            row.workload.describe(row.size),
            floor.map_or_else(String::new, median),
            median(ours),
            ours.len(),
        );
    }
    let others: Vec<Side> = Side::ALL
        .iter()
        .copied()
        .filter(|side| side.is_peer())
        .collect();
    println!("\n| stop by hand, in reverse | by hand | ours | ours / by hand (quartiles) |");
    println!("| --- | ---: | ---: | --- |");
    for row in rows {
        let (Some(hand), Some(ours)) = (row.of(Side::Hand), row.of(Side::Ours)) else {
            continue;
        };
        let ratio = ratios(ours, hand);
        println!(
            "| {} | {} | {} | **{:.2}** ({:.2}–{:.2}) |",
            row.workload.describe(row.size),
            median(hand),
            median(ours),
            ratio.median,
            ratio.lower,
            ratio.upper
        );
    }
    if others.is_empty() {
        return;
    }
    print!("\n| figure | | ours |");
    for side in &others {
        print!(" {} |", side.name());
    }
    print!("\n| --- | --- | ---: |");
    println!("{}", " ---: |".repeat(others.len()));
    for row in rows {
        let Some(ours) = row.of(Side::Ours) else {
            continue;
        };
        if others.iter().all(|&side| row.of(side).is_none()) {
            continue;
        }
        print!(
            "| {} | {} | {} |",
            row.what,
            row.workload.describe(row.size),
            median(ours)
        );
        for &side in &others {
            print!(" {} |", row.of(side).map_or_else(|| "–".to_owned(), median));
        }
        println!();
    }
}

fn median(values: &[f64]) -> String {
    let median = Quartiles::of(values).median;
    if median < 100.0 {
        format!("{median:.1}")
    } else {
        format!("{median:.0}")
    }
}

/// Round by round: what disturbed one run most likely disturbed the other.
fn by_round(row: &Row, side: Side) -> Option<Quartiles> {
    let floor = row.of(Side::Floor).filter(|_| side != Side::Floor)?;
    Some(ratios(row.of(side)?, floor))
}

fn ratios(values: &[f64], base: &[f64]) -> Quartiles {
    let ratios: Vec<f64> = values.iter().zip(base).map(|(a, b)| a / b).collect();
    Quartiles::of(&ratios)
}
