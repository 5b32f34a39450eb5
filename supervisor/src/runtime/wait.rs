//! Waiting for something to be true of a tree.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::core::{Core, Listen};
use super::tree::Tree;

/// Resolves when the check has an answer; it is asked again after every piece of news.
///
/// # Cancel safety
///
/// Cancel safe: nothing is lost with it.
#[must_use]
pub(crate) fn until<R, F>(tree: &Arc<Tree>, listen: Listen, check: F) -> Until<F>
where
    F: FnMut(&mut Core) -> Option<R>,
{
    Until {
        tree: Arc::clone(tree),
        id: 0,
        listen,
        check,
    }
}

pub(crate) struct Until<F> {
    tree: Arc<Tree>,
    id: u64,
    listen: Listen,
    check: F,
}

impl<F> Drop for Until<F> {
    fn drop(&mut self) {
        if self.id != 0 {
            self.tree.stop_listening(self.id, self.listen);
        }
    }
}

// The check is never pinned.
impl<F> Unpin for Until<F> {}

impl<R, F: FnMut(&mut Core) -> Option<R>> Future for Until<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = &mut *self;
        let answer = this
            .tree
            .poll_until(&mut this.id, this.listen, cx.waker(), &mut this.check);
        answer.map_or(Poll::Pending, Poll::Ready)
    }
}
