use rust_supervisor::supervised;

#[supervised]
async fn feed<T: Clone + Send + Sync + 'static>(value: T) {
    let here = std::rc::Rc::new(value);
    std::future::ready(()).await;
    drop(here);
}

fn main() {}
