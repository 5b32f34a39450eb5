/// Documented.
pub async fn feed(config: FeedConfig, name: &str, jobs: &mut Receiver<Job>) {
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub enum feed {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl feed {
    /// Declares this child with what its attempts receive.
    pub fn spec(
        config: FeedConfig,
        name: impl ::core::marker::Sized,
        jobs: Receiver<Job>,
    ) -> ::rust_supervisor::__private::ChildSpec {
        ::core::compile_error! {
            "unknown setting `restrat`; did you mean `restart`?\nexpected one of: `restart`, `backoff`, `backoff_reset`, `fuse`, `shutdown`, `readiness`, `ready_within`, `significant`, `critical`, `blocking`, `heartbeat`, `timeout`, `stall_after`, `on_stuck`, `local`, `tags`, `template`, `crate`"
        }
        ::core::compile_error! {
            "a duration needs a unit: did you mean `5ms` or `5s`?\nwrite it as in `shutdown = \"10s\"`"
        }
        ::core::compile_error! {
            "the supervisor cannot own a `str` between attempts\ntake a `String`, or a `&'static str`"
        }
        let _ = (config, name, jobs);
        ::core::unreachable!()
    }
}
