//! Both macros can be written by `macro_rules!`.
#![deny(warnings)]

use rust_supervisor::{supervised, supervisor_tree};

macro_rules! child {
    ($name:ident, $restart:literal, $grace:expr, $argument:ident: $type:ty) => {
        #[supervised(restart = $restart, backoff = $grace)]
        async fn $name($argument: $type, context: &$type, held: &mut $type) {
            let _ = ($argument, context, held);
        }
    };
}

child!(feed, "permanent", "10s", context: u8);
child!(risk, "transient", std::time::Duration::from_secs(1), driver: Vec<u8>);

macro_rules! tree {
    ($strategy:expr, $path:path, $name:ident, $after:ident, $argument:expr) => {
        supervisor_tree! {
            strategy = $strategy,
            feed(1, 2, 3),
            $name: $path($argument, $argument, $argument) { after = [$after] },
        }
    };
}

fn main() {
    let _ = tree!("one_for_all", risk, other, feed, vec![1]);
}
