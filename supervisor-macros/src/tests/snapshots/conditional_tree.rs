fn tree() -> SupervisorSpec {
    {
        let spec = ::rust_supervisor::__private::SupervisorSpec::root(
            ::std::vec::Vec::new(),
        );
        #[cfg(test)]
        let spec = spec.strategy(::rust_supervisor::__private::Strategy::OneForAll);
        let spec = spec.child(<feed>::spec().named("feed"));
        #[cfg(feature = "us")]
        let spec = spec
            .child({
                let spec = <session>::spec().named("us");
                #[cfg(unix)]
                let spec = spec
                    .shutdown(
                        ::rust_supervisor::__private::Shutdown::Within(
                            ::core::time::Duration::from_secs(5),
                        ),
                    );
                spec
            });
        let spec = spec
            .child(
                ::rust_supervisor::__private::ChildSpec::supervisor(
                    "inner",
                    ::rust_supervisor::__private::SupervisorSpec::root(
                            ::std::vec::Vec::new(),
                        )
                        .child(<feed>::spec().named("feed")),
                ),
            );
        spec
    }
}
