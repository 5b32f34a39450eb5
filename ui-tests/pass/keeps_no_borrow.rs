//! What looks like a borrow and can be kept all the same.
#![deny(warnings)]

use std::borrow::Cow;
use std::sync::Arc;

use rust_supervisor::{supervised, supervisor_tree};

type Handler = Box<dyn Fn(&str) -> &str + Send + Sync>;

#[supervised]
async fn calls(
    plain: fn(&str) -> usize,
    shared: Arc<dyn Fn(&u8) -> bool + Send + Sync>,
    handlers: &Vec<Handler>,
    anonymous: impl for<'a> Fn(&'a str) + Clone + Send + Sync + 'static,
    declared: Option<Arc<dyn for<'a> Takes<&'a str> + Send + Sync>>,
) {
    let _ = (plain, shared, handlers, anonymous, declared);
}

trait Takes<T> {
    fn take(&self, value: T);
}

impl Takes<&str> for u8 {
    fn take(&self, _: &str) {}
}

#[supervised]
async fn for_ever<'a: 'static, 'b>(
    names: Vec<&'static str>,
    text: Cow<'static, str>,
    as_long: Vec<&'a str>,
    clause: &mut Vec<&'b str>,
    projected: <&'static str as ToOwned>::Owned,
) -> Result<(), &'static str>
where
    'b: 'static,
{
    let _ = (names, text, as_long, clause, projected);
    Ok(())
}

fn main() {
    let takes: Arc<dyn for<'a> Takes<&'a str> + Send + Sync> = Arc::new(1);
    takes.take("once");
    let _ = supervisor_tree! {
        calls(str::len, Arc::new(|_: &u8| true), Vec::new(), |_: &str| (), Some(takes)),
        for_ever(vec!["a"], "b".into(), vec!["c"], vec!["d"], "e"),
    };
}
