use rust_supervisor::supervised;

#[supervised]
async fn feed(jobs: &'static mut Vec<u8>) {
    jobs.clear();
}

fn main() {}
