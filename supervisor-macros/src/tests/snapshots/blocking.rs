#[allow(
    clippy::needless_pass_by_value,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
fn index(db: &Db, ctx: TaskContext, path: PathBuf, queue: &mut Queue) -> io::Result<()> {}
#[doc(hidden)]
#[allow(non_camel_case_types)]
enum index {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl index {
    /// Declares this child with what its attempts receive.
    pub fn spec(
        db: Db,
        path: PathBuf,
        queue: Queue,
    ) -> ::rust_supervisor::__private::ChildSpec {
        ::rust_supervisor::__private::blocking_child::<
            _,
            io::Result<()>,
            _,
        >(
            "index",
            ::rust_supervisor::__private::HearsStop::Yes,
            (
                ::rust_supervisor::__private::shared::<Db>(db),
                ::rust_supervisor::__private::cloned::<PathBuf>(path),
                ::rust_supervisor::__private::lent::<Queue>(queue),
            ),
            |context, state| index(
                &state.0,
                context,
                <PathBuf as ::core::clone::Clone>::clone(&state.1),
                &mut state.2,
            ),
        )
    }
}
