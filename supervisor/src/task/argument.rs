//! How the arguments of a supervised function survive a restart.
//!
//! The form of a parameter says it: `T` is cloned for every attempt, `&T` is shared by all of
//! them, `&mut T` is lent to one at a time and given back when the attempt ends, even by a panic.

/// A parameter `T`: every attempt gets its own clone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be handed to every attempt of a supervised function",
    label = "must be `Clone + Send + Sync + 'static` so that a restart gets its own copy",
    note = "derive or implement what it lacks, or take `&{Self}` to share one value between \
            attempts, or `&mut {Self}` to lend one value to one attempt at a time"
)]
pub trait Cloned: Clone + Send + Sync + 'static {}

// One mistake, however many of the bounds are missing.
#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Cloned for T {}

/// A parameter `&T`: all attempts borrow one value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared by the attempts of a supervised function",
    label = "must be `Send + Sync + 'static` to be borrowed by every attempt",
    note = "take `&mut {Self}` to lend one value to one attempt at a time"
)]
pub trait Shared: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shared for T {}

/// A parameter `&mut T`: one value, lent to one attempt at a time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be lent to the attempts of a supervised function",
    label = "must be `Send + 'static` to be lent to a task",
    note = "make the value inside of the function, or take something like it that is `Send`, as \
            `Arc` is for `Rc`"
)]
pub trait Lent: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Lent for T {}

/// A parameter of a `local` function: it goes to the thread of that child, once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be moved to the thread of a `local` supervised function",
    label = "must be `Send + 'static` to get there",
    note = "make the value inside of the function: what is made there may stay on the thread"
)]
pub trait Moved: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Moved for T {}
