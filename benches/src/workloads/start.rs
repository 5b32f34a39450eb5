//! Starting idle children: until each has begun to wait, and what each keeps resident.

use std::time::Instant;

use super::{Size, idle};
use crate::figure::Figure;
use crate::sides::Supervise;

pub(super) async fn measure<S: Supervise>(size: Size) -> Vec<Figure> {
    let (before, began) = (resident(), Instant::now());
    let tree = idle::start::<S>(size.children).await;
    let took = began.elapsed();
    let grown = resident().saturating_sub(before);
    // It lives until here, and nobody waits for its end.
    std::mem::forget(tree);
    vec![
        Figure::nanos("start, ns per child", took, size.children),
        Figure::new(
            "resident, bytes per child",
            grown as f64 / size.children as f64,
        ),
    ]
}

/// Resident memory of this process.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("a Linux system");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_usize) * PAGE
}

/// What `statm` counts in; on machines with other pages, bytes are wrong and ratios are not.
const PAGE: usize = 4096;
