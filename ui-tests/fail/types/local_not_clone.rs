use rust_supervisor::supervised;

struct Screen;

#[supervised(local)]
async fn paint(screen: Screen) {
    let _ = screen;
}

fn main() {}
