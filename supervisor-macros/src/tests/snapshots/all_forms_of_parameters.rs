#[allow(
    clippy::unused_async,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
/// Mirrors the exchange feed into the cache.
#[inline]
#[cfg(unix)]
#[cfg_attr(test, inline, deprecated)]
///
/// # Supervision
///
/// - `restart = "permanent"`: after which ends it is started again
/// - `backoff = "100ms..30s"`: how long it waits before a restart, doubling
/// - `shutdown = GRACE`: how long it may take to stop before it is dropped
/// - `readiness = "explicit"`: when its start counts as complete
/// - `critical = false`: whether the tree counts as ready only while it is
pub(crate) async fn feed(
    ctx: TaskContext,
    config: FeedConfig,
    cache: &Cache,
    mut jobs: &mut Receiver<Job>,
    name: &'static str,
    (low, high): (u8, u8),
) -> Result<(), FeedError> {
    todo!()
}
#[cfg(unix)]
#[cfg_attr(test, deprecated)]
#[doc(hidden)]
#[allow(non_camel_case_types)]
pub(crate) enum feed {}
#[cfg(unix)]
#[allow(deprecated, clippy::all, clippy::nursery, clippy::pedantic)]
impl feed {
    /// Declares this child with what its attempts receive.
    pub fn spec(
        config: FeedConfig,
        cache: Cache,
        jobs: Receiver<Job>,
        name: &'static str,
        argument_6: (u8, u8),
    ) -> ::rust_supervisor::__private::ChildSpec {
        let config = ::rust_supervisor::__private::cloned::<FeedConfig>(config);
        let cache = ::rust_supervisor::__private::shared::<Cache>(cache);
        let mut jobs = ::rust_supervisor::__private::lent::<Receiver<Job>>(jobs);
        let name = ::rust_supervisor::__private::cloned::<&'static str>(name);
        let argument_6 = ::rust_supervisor::__private::cloned::<(u8, u8)>(argument_6);
        ::rust_supervisor::__private::borrowing_child(
                "feed",
                ::rust_supervisor::__private::HearsStop::Yes,
                move |mut driver| async move {
                    while driver.wanted().await {
                        let place = ::core::pin::pin!(::core::option::Option::None);
                        driver
                            .attempt(
                                place,
                                |context| async {
                                    <Result<
                                        (),
                                        FeedError,
                                    > as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                                        ::rust_supervisor::__private::send_unless_local(
                                                feed(
                                                    context,
                                                    <FeedConfig as ::core::clone::Clone>::clone(&config),
                                                    &cache,
                                                    &mut jobs,
                                                    <&'static str as ::core::clone::Clone>::clone(&name),
                                                    <(u8, u8) as ::core::clone::Clone>::clone(&argument_6),
                                                ),
                                            )
                                            .await,
                                    )
                                },
                            )
                            .await;
                    }
                },
            )
            .restart(::rust_supervisor::__private::RestartPolicy::Permanent)
            .backoff(
                ::rust_supervisor::__private::Backoff::exponential(
                    ::core::time::Duration::from_millis(100),
                    ::core::time::Duration::from_secs(30),
                ),
            )
            .shutdown(GRACE)
            .readiness(::rust_supervisor::__private::Readiness::Explicit)
            .critical(false)
    }
}
