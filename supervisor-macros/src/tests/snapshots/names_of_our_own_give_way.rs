#[allow(
    clippy::unused_async,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
async fn driver(driver: u8, place: &u8, place_: u8, context: TaskContext) {}
#[doc(hidden)]
#[allow(non_camel_case_types)]
enum driver {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl driver {
    /// Declares this child with what its attempts receive.
    pub fn spec(driver: u8, place: u8, place_: u8) -> ::renamed::__private::ChildSpec {
        let driver = ::renamed::__private::cloned::<u8>(driver);
        let place = ::renamed::__private::shared::<u8>(place);
        let place_ = ::renamed::__private::cloned::<u8>(place_);
        ::renamed::__private::borrowing_child(
            "driver",
            ::renamed::__private::HearsStop::Yes,
            move |mut driver_| async move {
                while driver_.wanted().await {
                    let place__ = ::core::pin::pin!(::core::option::Option::None);
                    driver_
                        .attempt(
                            place__,
                            |context_| async {
                                <() as ::renamed::__private::IntoTaskResult>::into_task_result(
                                    ::renamed::__private::send_unless_local(
                                            driver(
                                                <u8 as ::core::clone::Clone>::clone(&driver),
                                                &place,
                                                <u8 as ::core::clone::Clone>::clone(&place_),
                                                context_,
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
    }
}
