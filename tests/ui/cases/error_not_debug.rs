pub struct Quiet;

#[crochet::run_in_reactor]
async fn fail() -> Result<(), Quiet> {
    Err(Quiet)
}

fn main() {
    fail().detach();
}
