//! Panics of children: where they happened, and how none gets away.
//!
//! A panic in a child is caught, recorded with its message, and decided on like an error. Where it
//! happened is known only to a panic hook; [`install`] adds one that notes it for supervised code
//! and then calls the hook that was there before. [`Supervisor::run`] installs it,
//! [`Supervisor::start`] does not.
//!
//! A build with `panic = "abort"` ends the process at the first panic; nothing can be supervised
//! there.
//!
//! [`Supervisor::run`]: crate::runtime::supervisor::Supervisor::run
//! [`Supervisor::start`]: crate::runtime::supervisor::Supervisor::start

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::event::exit::{During, Panic, PanicBacktrace};
use crate::runtime::current;

thread_local! {
    /// How often code of users has been run on this thread.
    static RUNS: Cell<u64> = const { Cell::new(0) };
    /// Where the last panic happened.
    static NOTED: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// What the hook knows of a panic.
struct Noted {
    /// During which run of code of users.
    run: u64,
    location: Option<String>,
    backtrace: Option<PanicBacktrace>,
}

/// Installs the hook that notes where a supervised panic happened. A second call does nothing.
///
/// The hook that was installed before is always called. Where `RUST_BACKTRACE` asks for it, the
/// calls that led to the panic are noted too.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if current::is_supervised() {
                let noted = Noted {
                    run: RUNS.try_with(Cell::get).unwrap_or(0),
                    location: info.location().map(ToString::to_string),
                    backtrace: PanicBacktrace::capture(),
                };
                // Not while the thread's locals are being destroyed.
                let _ = NOTED.try_with(|last| last.replace(Some(noted)));
            }
            previous(info);
        }));
    });
}

/// Runs the code of a user; a panic comes back as what is to be told of it.
pub(crate) fn catch<R>(during: During, f: impl FnOnce() -> R) -> Result<R, Panic> {
    catch_in_turn(&Cell::new(during), f)
}

/// As [`catch`], for code that does one thing after the other, and says which.
pub(crate) fn catch_in_turn<R>(during: &Cell<During>, f: impl FnOnce() -> R) -> Result<R, Panic> {
    let run = RUNS.get().wrapping_add(1);
    RUNS.set(run);
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| caught(payload, during.get(), run))
}

#[cold]
fn caught(payload: Box<dyn Any + Send>, during: During, run: u64) -> Panic {
    match payload.downcast::<Panic>() {
        // Caught on another thread, and handed on.
        Ok(panic) => *panic,
        Err(payload) => {
            let message = message(&*payload);
            forget(payload);
            // What an earlier panic has left, that somebody else caught, is not about this one.
            // While the thread's locals are being destroyed nothing is noted.
            let noted = NOTED.try_with(RefCell::take).ok().flatten();
            let noted = noted.filter(|noted| noted.run >= run);
            let (location, backtrace) =
                noted.map_or((None, None), |noted| (noted.location, noted.backtrace));
            Panic {
                message,
                location,
                backtrace,
                during,
            }
        }
    }
}

/// Runs code of a user that nobody waits for, a waker or a subscriber; a panic ends there.
pub(crate) fn quietly(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        forget(payload);
    }
}

/// Drops a value of a user; a panic in it is the end of it.
pub(crate) fn drop_quietly<T>(value: T) {
    quietly(|| drop(value));
}

/// Drops the payload of a panic, which may panic again; that one is leaked.
pub(crate) fn forget(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "(a panic without a text)".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_panic_is_caught_also_while_the_locals_of_its_thread_are_destroyed() {
        struct Late(mpsc::Sender<String>);

        impl Drop for Late {
            fn drop(&mut self) {
                let caught = catch(During::Drop, || panic!("late"));
                let message = caught.expect_err("it panics").message;
                self.0.send(message).expect("it is waited for");
            }
        }

        thread_local! {
            static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
        }

        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            // Destroyed after what is first used later.
            LATE.set(Some(Late(tell)));
            catch(During::Poll, || panic!("early")).expect_err("it panics");
        });
        assert_eq!(told.recv().as_deref(), Ok("late"));
        thread.join().expect("it ends");
    }
}
