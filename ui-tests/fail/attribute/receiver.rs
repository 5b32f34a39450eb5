use rust_supervisor::supervised;

struct Feed;

impl Feed {
    #[supervised]
    async fn run(&self) {}
}

fn main() {}
