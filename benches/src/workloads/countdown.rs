//! Waiting until all children have come to a point.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

#[derive(Clone, Debug)]
pub(super) struct Countdown {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    left: AtomicUsize,
    over: Notify,
}

impl Countdown {
    pub(super) fn from(count: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                left: AtomicUsize::new(count),
                over: Notify::new(),
            }),
        }
    }

    /// Begins anew, when it is over.
    pub(super) fn again(&self, count: usize) {
        self.inner.left.store(count, Ordering::Release);
    }

    pub(super) fn down(&self) {
        if self.inner.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.inner.over.notify_one();
        }
    }

    /// For one waiter.
    pub(super) async fn over(&self) {
        self.inner.over.notified().await;
    }
}
