//! Stopping idle children: from the request until the last one has gone.

use std::time::Instant;

use super::{Size, idle};
use crate::figure::Figure;
use crate::sides::Supervise;

pub(super) async fn measure<S: Supervise>(size: Size) -> Vec<Figure> {
    let tree = idle::start::<S>(size.children).await;
    let began = Instant::now();
    S::stop(tree).await;
    vec![Figure::nanos(
        "stop, ns per child",
        began.elapsed(),
        size.children,
    )]
}
