//! A child has the name that the tree gives it, else that of the path it is used by.
#![deny(warnings)]

use rust_supervisor::{supervised, supervisor_tree};

mod risk {
    use rust_supervisor::supervised;

    #[supervised]
    pub(super) async fn run(limit: u8) {
        let _ = limit;
    }

    pub(crate) mod inner {
        #[rust_supervisor::supervised(blocking)]
        pub(in crate::risk) fn hidden() {}

        pub(crate) fn spec() -> rust_supervisor::ChildSpec {
            hidden::spec()
        }
    }
}

#[supervised]
pub async fn feed() {}

use feed as source;

fn main() {
    assert_eq!(feed::spec().id().to_string(), "feed");
    let _ = supervisor_tree! {
        feed(),
        source() { after = [feed] },
        risk: risk::run(1) { after = [source] },
        crate::risk::run(2) { after = [risk] },
        "eu-1.a:b": self::risk::run(3) { after = [run, "risk"] },
        ..risk::inner::spec(),
    };
}
