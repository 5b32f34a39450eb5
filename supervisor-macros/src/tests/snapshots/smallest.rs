#[allow(clippy::unused_async)]
async fn beat() {
    loop {
        tick().await
    }
}
#[doc(hidden)]
#[allow(non_camel_case_types)]
enum beat {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl beat {
    /// Declares this child with what its attempts receive.
    pub fn spec() -> ::rust_supervisor::__private::ChildSpec {
        ::rust_supervisor::__private::child(
            "beat",
            ::rust_supervisor::__private::HearsStop::No,
            move |mut driver| async move {
                while driver.next().await.is_some() {
                    let place = ::core::pin::pin!(::core::option::Option::None);
                    driver
                        .attempt(
                            place,
                            || async {
                                <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                                    ::rust_supervisor::__private::send_unless_local(beat())
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
