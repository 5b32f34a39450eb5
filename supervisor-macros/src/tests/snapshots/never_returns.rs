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
            move |context| ::rust_supervisor::__private::attempt(
                serve(context),
                |result| result,
            ),
        )
    }
}
