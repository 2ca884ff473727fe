#[crochet::run_in_reactor]
async fn length(name: String) -> usize {
    name.len()
}

fn main() {

}
