#[crochet::wait_for(timeout = 5.0)]
async fn length(name: &str) -> usize {
    name.len()
}

struct Names;

impl Names {
    #[crochet::wait_for(timeout = 5.0)]
    async fn first(&self) -> Option<String> {
        None
    }
}

fn main() {
    let _: usize = length("name");
    let _ = Names.first();
}
