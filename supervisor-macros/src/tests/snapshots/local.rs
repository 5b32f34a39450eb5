#[allow(
    clippy::unused_async,
    clippy::future_not_send,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
async fn paint(ctx: TaskContext, theme: Theme, queue: &mut Queue, screen: &Screen) {}
#[doc(hidden)]
#[allow(non_camel_case_types)]
enum paint {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl paint {
    /// Declares this child with what its attempts receive.
    pub fn spec(
        theme: Theme,
        queue: Queue,
        screen: Screen,
    ) -> ::rust_supervisor::__private::ChildSpec {
        let theme = ::rust_supervisor::__private::moved::<Theme>(theme);
        let mut queue = ::rust_supervisor::__private::moved::<Queue>(queue);
        let screen = ::rust_supervisor::__private::moved::<Screen>(screen);
        ::rust_supervisor::__private::borrowing_local_child(
                "paint",
                ::rust_supervisor::__private::HearsStop::Yes,
                move |mut driver| async move {
                    while driver.wanted().await {
                        let place = ::core::pin::pin!(::core::option::Option::None);
                        driver
                            .attempt(
                                place,
                                |context| async {
                                    <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                                        paint(
                                                context,
                                                <Theme as ::core::clone::Clone>::clone(&theme),
                                                &mut queue,
                                                &screen,
                                            )
                                            .await,
                                    )
                                },
                            )
                            .await;
                    }
                },
            )
            .heartbeat(::core::time::Duration::from_secs(3))
            .fuse(
                ::rust_supervisor::__private::Intensity::new(
                    5,
                    ::core::time::Duration::from_secs(30),
                ),
            )
            .on_stuck(::rust_supervisor::__private::OnStuck::Escalate)
            .tags(["ui"])
    }
}
