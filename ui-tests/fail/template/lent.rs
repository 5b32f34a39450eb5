use rust_supervisor::supervised;

struct Jobs;

#[supervised(template)]
async fn worker(name: String, jobs: &mut Jobs) {
    let _ = (name, jobs);
}

fn main() {}
