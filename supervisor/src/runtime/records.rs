//! Records of ends, whose memory is used again.
//!
//! In a crash storm every end makes a record, and the journal gives up an old one for it. Each
//! thread keeps the last that was given up, without what it told, for the next one that it makes.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use super::subtasks::End;
use crate::event::exit::{ExitKind, ExitRecord};
use crate::panics::drop_quietly;

thread_local! {
    static SPARE: Cell<Option<Arc<ExitRecord>>> = const { Cell::new(None) };
}

/// Makes the record of an end; how long the attempt has run is for the machine to say.
pub(super) fn make(end: End, generation: u64, attempt: u32) -> Arc<ExitRecord> {
    let uptime = Duration::ZERO;
    // Not while the thread's locals are being destroyed.
    let spare = SPARE.try_with(Cell::take).ok().flatten();
    if let Some(mut spare) = spare {
        if let Some(record) = Arc::get_mut(&mut spare) {
            (record.kind, record.sub_task) = (end.kind, end.sub_task);
            (record.generation, record.attempt) = (generation, attempt);
            record.uptime = uptime;
            return spare;
        }
    }
    Arc::new(ExitRecord {
        kind: end.kind,
        sub_task: end.sub_task,
        generation,
        attempt,
        uptime,
    })
}

/// Gives a record up, without the lock: if nobody else has it, what it owns of users is dropped.
pub(super) fn give_up(mut record: Arc<ExitRecord>) {
    // To look costs less than to make sure, and most often somebody has it.
    if Arc::strong_count(&record) > 1 {
        return;
    }
    if let Some(last) = Arc::get_mut(&mut record) {
        let kind = std::mem::replace(&mut last.kind, ExitKind::NeverStarted);
        last.sub_task = None;
        drop_quietly(kind);
        let _ = SPARE.try_with(|spare| spare.set(Some(record)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_somebody_has_is_left_alone_and_the_memory_of_another_is_used_again() {
        let failed = || End::of_body(ExitKind::Failed("again".into()));
        let held = make(failed(), 1, 2);
        give_up(Arc::clone(&held));
        assert!(matches!(held.kind, ExitKind::Failed(_)));
        let place = Arc::as_ptr(&held);
        give_up(held);
        let next = make(End::of_body(ExitKind::Succeeded), 3, 4);
        assert_eq!(Arc::as_ptr(&next), place);
        assert!(matches!(next.kind, ExitKind::Succeeded));
        assert_eq!((next.generation, next.attempt), (3, 4));
    }
}
