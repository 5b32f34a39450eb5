#[allow(clippy::unused_async)]
async fn serve(ctx: TaskContext) -> ! {
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
enum serve {}
#[allow(unreachable_code, clippy::all, clippy::nursery, clippy::pedantic)]
impl serve {
    /// Declares this child with what its attempts receive.
    pub fn spec() -> ::rust_supervisor::__private::ChildSpec {
        ::rust_supervisor::__private::child(
            "serve",
            ::rust_supervisor::__private::HearsStop::Yes,
            move |mut driver| async move {
                while let ::core::option::Option::Some(context) = driver.next().await {
                    let place = ::core::pin::pin!(::core::option::Option::None);
                    driver
                        .attempt(
                            place,
                            || async {
                                <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                                    ::rust_supervisor::__private::send_unless_local(
                                            serve(context),
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
