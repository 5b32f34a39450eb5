#[allow(
    clippy::unused_async,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
async fn pump<'a, S: Source, const N: usize>(
    source: &'a S,
    sink: impl Sink,
) -> impl Outcome
where
    S: Send,
{
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
enum pump {}
#[allow(unused_lifetimes, clippy::all, clippy::nursery, clippy::pedantic)]
impl pump {
    /// Declares this child with what its attempts receive.
    pub fn spec<'a, S: Source, const N: usize>(
        source: S,
        sink: impl Sink,
    ) -> ::rust_supervisor::__private::ChildSpec
    where
        S: Send,
    {
        let source = ::rust_supervisor::__private::shared::<S>(source);
        let sink = ::rust_supervisor::__private::cloned(sink);
        ::rust_supervisor::__private::borrowing_child(
            "pump",
            ::rust_supervisor::__private::HearsStop::No,
            move |mut driver| async move {
                while driver.wanted().await {
                    let place = ::core::pin::pin!(::core::option::Option::None);
                    driver
                        .attempt(
                            place,
                            |_| async {
                                ::rust_supervisor::__private::IntoTaskResult::into_task_result(
                                    ::rust_supervisor::__private::send_unless_local(
                                            pump::<S, N>(&source, ::core::clone::Clone::clone(&sink)),
                                        )
                                        .await,
                                )
                            },
                        )
                        .await;
                }
            },
        )
    }
}
