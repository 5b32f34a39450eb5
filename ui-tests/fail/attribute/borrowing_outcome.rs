use rust_supervisor::supervised;

#[supervised]
async fn feed(name: &String) -> Result<(), &str> {
    Err(name)
}

#[supervised]
async fn named<'a>(name: &'a String) -> Result<(), std::borrow::Cow<'a, str>> {
    Err(name.into())
}

fn main() {}
