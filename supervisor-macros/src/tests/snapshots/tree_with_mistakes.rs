fn tree() -> SupervisorSpec {
    {
        ::core::compile_error! {
            "expected the arguments of `oops`\nwrite `oops(..)`"
        }
        ::core::compile_error! {
            "a nested supervisor needs a name\nwrite `gateway: { .. }`"
        }
        ::rust_supervisor::__private::SupervisorSpec::root(::std::vec::Vec::new())
            .children({
                let _ = ::core::marker::PhantomData::<oops>;
                ::core::option::Option::None::<::rust_supervisor::__private::ChildSpec>
            })
            .child(<feed>::spec(config).named("feed"))
            .child(
                ::rust_supervisor::__private::ChildSpec::supervisor(
                    "",
                    ::rust_supervisor::__private::SupervisorSpec::root(
                            ::std::vec::Vec::new(),
                        )
                        .child(<listener>::spec(addr).named("listener")),
                ),
            )
    }
}
