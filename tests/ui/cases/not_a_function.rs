#[crochet::wait_for(timeout = 5.0)]
pub struct Client;

fn main() {
    let _ = Client;
}
