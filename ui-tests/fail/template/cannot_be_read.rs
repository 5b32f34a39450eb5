use rust_supervisor::supervised;

#[derive(Clone)]
struct Config;

#[supervised(template)]
async fn feed(config: Config) {
    let _ = config;
}

fn main() {}
