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
            move |_| ::rust_supervisor::__private::attempt(
                beat(),
                |result| <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                    result,
                ),
            ),
        )
    }
}
