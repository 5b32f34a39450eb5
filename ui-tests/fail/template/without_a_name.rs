use rust_supervisor::supervised;

#[supervised(template)]
async fn pair((a, b): (u8, u8), text: &'static str) {
    let _ = (a, b, text);
}

fn main() {}
