use rust_supervisor::supervised;

struct Jobs;

#[supervised]
async fn feed(jobs: Jobs) {
    drop(jobs);
}

fn main() {}
